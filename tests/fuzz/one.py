"""`python -m tests.fuzz.one TARGET ...`: one target under atheris, in a process of its own.

The rest of the command line is libFuzzer's, which starts `FUZZ_COMMAND` for what it does in other
processes. The code is instrumented as it is imported, so from its
source: modules that were compiled to C show no way through them.
"""

import os
import sys

import atheris

with atheris.instrument_imports(include=["events", "schemas", "agents", "deploy"]):
    from tests.fuzz.targets import TARGETS

    # Some modules import others only when they are first used.
    for _target in TARGETS.values():
        for _seed in list(_target.seeds())[:3]:
            _target.run(_seed)


def main() -> None:
    """Fuzz; libFuzzer ends the process."""
    command = os.environ.get("FUZZ_COMMAND", sys.argv[0])
    atheris.Setup([command, *sys.argv[2:]], TARGETS[sys.argv[1]].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
