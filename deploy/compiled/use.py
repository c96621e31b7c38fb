"""Lets a process import the compiled modules."""

import importlib
import sys

from deploy.compiled.modules import FOLDER, MODULES, is_current


def use_compiled() -> bool:
    """Let this process import the compiled modules in place of their source, if they are current.

    To be called before any of them is imported; otherwise it changes nothing, for they call each
    other past Python's own tables.

    Returns:
        whether they are used.
    """
    if any(module in sys.modules for module in MODULES) or not is_current():
        return False
    # What is found here first are the parts that the modules share; packages are found elsewhere.
    sys.path.append(str(FOLDER))
    for package in {module.rpartition(".")[0] for module in MODULES}:
        folder = FOLDER.joinpath(*package.split("."))
        importlib.import_module(package).__path__.insert(0, str(folder))
    return True
