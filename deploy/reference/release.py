"""Keep today's contracts as those of a release: `make release-contract`, in the checkout.

Run once for each release, after its version is set. From then on every later version is compared
with them (`biolatch schema check`), and reads their golden records.
"""

import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from deploy.exit_codes import ExitCode
from schemas.export import export
from schemas.released import CORPUS_FOLDER, RELEASED, SCHEMAS_FOLDER

_GOLDEN: Final = Path(__file__).parents[2] / "tests" / "golden"
_ON_TOPICS: Final = ("inputs", "outputs", "states", "dead_letters")
"""What others write or read; rows are the workers' own."""


def keep_release(folder: Path, golden: Path) -> None:
    """Write the contracts and the golden records into a folder that is not there yet.

    Raises:
        FileExistsError: it is there: what was released does not change.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True)
    export(folder / SCHEMAS_FOLDER)
    for kind in _ON_TOPICS:
        shutil.copytree(golden / kind, folder / CORPUS_FOLDER / kind)


def main() -> ExitCode:
    """Keep the release of this version, and say so."""
    folder = RELEASED / version("biolatch")
    try:
        keep_release(folder, _GOLDEN)
    except FileExistsError:
        sys.stderr.write(f"{folder} is there already; what was released does not change\n")
        return ExitCode.FAILED
    sys.stdout.write(f"The contracts of this release are in {folder}\n")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
