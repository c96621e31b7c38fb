"""`python -m deploy.compiled.build`: compile the modules, where the machine can.

Never a reason to fail: whoever has no C compiler runs the source, which does the same.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

from deploy.compiled.modules import FOLDER, MODULES, ROOT, STAMP, fingerprint, is_current, source

_FLAGS: Final = "-O2 -g0"
_SHOWN_LINES: Final = 15


def main() -> int:
    """Compile what is not current, and say what was done."""
    if is_current():
        return 0
    missing = what_is_missing()
    if missing is not None:
        _say(f"Not compiled: no {missing} here. A worker runs the source, which does the same.")
        return 0
    _say("Compiling the rules and the codec (about 20 s) ...")
    with tempfile.TemporaryDirectory(prefix="biolatch-compile-") as folder:
        done = subprocess.run(  # noqa: S603 - this interpreter, and this module's own text
            [sys.executable, "-c", _PROGRAM, folder, *(str(source(name)) for name in MODULES)],
            cwd=ROOT,
            env={**os.environ, "CFLAGS": _FLAGS},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            words = "\n".join((done.stdout + done.stderr).splitlines()[-_SHOWN_LINES:])
            _say(f"Not compiled; a worker runs the source, which does the same.\n{words}")
            return 0
        _put_in_place(Path(folder, "made"))
    return 0


_PROGRAM: Final = """
import sys
from pathlib import Path
from mypyc.build import mypycify
from setuptools import Distribution

folder, *sources = sys.argv[1:]
extensions = mypycify(
    ["--config-file=", *sources],
    opt_level="2",
    debug_level="0",
    group_name="biolatch",
    target_dir=f"{folder}/c",
)
command = Distribution({"name": "biolatch", "ext_modules": extensions}).get_command_obj("build_ext")
command.build_lib, command.build_temp = f"{folder}/made", f"{folder}/objects"
command.ensure_finalized()
command.run()
"""
"""In a process of its own: mypyc ends the process at an error, and writes to standard output."""


def what_is_missing() -> str | None:
    """What this machine lacks to compile, if anything."""
    compiler = os.environ.get("CC") or str(sysconfig.get_config_var("CC") or "cc")
    if shutil.which(compiler.split()[0]) is None:
        return "C compiler"
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        return "Python.h"
    return None


def _put_in_place(made: Path) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(made, FOLDER)
    STAMP.write_text(fingerprint(), encoding="ascii")


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    sys.exit(main())
