"""`make sbom`: the bill of materials of the local Apache Kafka, out of the lock of its jars.

A CycloneDX document like that of the Python packages, which `cyclonedx-bom` writes; that tool knows
no jars. The same lock gives the same bytes: no time, no random number, no path, no repository.
"""

import json
import sys
from pathlib import Path
from typing import Final

from deploy.kafka.jars import Jar, kafka_version, locked_jars

SPEC_VERSION: Final = "1.6"


def bill_of_materials(jars: tuple[Jar, ...]) -> dict[str, object]:
    """The CycloneDX document of these jars."""
    version = kafka_version(jars)
    root = f"pkg:generic/apache-kafka@{version}"
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "apache-kafka",
                "version": version,
                "bom-ref": root,
                "purl": root,
            }
        },
        "components": [_component(jar) for jar in jars],
        "dependencies": [{"ref": root, "dependsOn": sorted(map(_purl, jars))}],
    }


def _component(jar: Jar) -> dict[str, object]:
    purl = _purl(jar)
    return {
        "type": "library",
        "bom-ref": purl,
        "group": jar.group,
        "name": jar.artifact,
        "version": jar.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": jar.sha256}],
    }


def _purl(jar: Jar) -> str:
    return f"pkg:maven/{jar.group}/{jar.artifact}@{jar.version}?type=jar"


def main(file: str) -> int:
    """Write the document."""
    jars = locked_jars()
    text = json.dumps(bill_of_materials(jars), indent=2)
    Path(file).write_text(f"{text}\n", encoding="ascii")
    sys.stdout.write(f"{file}: {len(jars)} jars\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
