"""What the code must stay: small, in its layers, and without what would make it unrepeatable."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agents", "deploy", "events", "schemas")
EVERYTHING = (*PACKAGES, "clients", "examples/backend", "tests")
FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 300
LONGER_ON_PURPOSE: frozenset[str] = frozenset()

PURE = (
    "events", "schemas", "agents/core", "agents/devices.py", "agents/device_rows.py",
    "agents/analytics.py",
)  # fmt: skip
"""What must give the same answer for the same arguments on every machine."""

BANNED = {
    "datetime.now": "the record's timestamp is the only now",
    "datetime.utcnow": "the record's timestamp is the only now",
    "datetime.today": "the record's timestamp is the only now",
    "date.today": "the record's timestamp is the only now",
    "time.time": "the record's timestamp is the only now",
    "time.monotonic": "measure in the shell",
    "time.sleep": "wait in the shell",
    "uuid.uuid4": "ids derive from the input's place",
    "uuid4": "ids derive from the input's place",
    "hash": "differs from process to process: use a digest",
    "print": "return it, or log it in the shell",
    "open": "read and write in the shell",
    "input": "ask in the shell",
}
BANNED_MODULES = {"random", "secrets", "uuid", "time", "logging", "structlog", "os", "socket"}
EMPTY_NAMES = {"util", "utils", "helpers", "common", "misc", "manager", "base"}


def modules(*places: str) -> list[Path]:
    """The Python files in these folders and files of the checkout."""
    paths = [ROOT / place for place in places]
    return [file for path in paths for file in sorted(path.rglob("*.py")) or [path]]


def name_of(path: Path) -> str:
    """A file's name within the checkout."""
    return path.relative_to(ROOT).as_posix()


ALL = pytest.mark.parametrize("path", modules(*EVERYTHING), ids=name_of)
PURE_MODULES = pytest.mark.parametrize("path", modules(*PURE), ids=name_of)


@ALL
def test_a_module_is_small_and_so_is_each_function(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    assert lines <= MODULE_LINES_MAX or name_of(path) in LONGER_ON_PURPOSE, f"{lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= FUNCTION_LINES_MAX, f"{node.name}: {lines} lines"


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {name_of(path) for path in modules(*EVERYTHING) if path.stem in EMPTY_NAMES}
    assert names == set()


@PURE_MODULES
def test_nothing_pure_asks_for_the_time_or_for_chance_or_waits(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=called) if (name := ast.unparse(called)) in BANNED:
                pytest.fail(f"line {node.lineno}: {name}: {BANNED[name]}")
            case ast.Import(names=aliases):
                assert not BANNED_MODULES & {alias.name for alias in aliases}
            case ast.ImportFrom(module=origin):
                assert origin not in BANNED_MODULES
            case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                pytest.fail(f"line {node.lineno}: what is pure does not wait")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_this_checkout_s(package: str) -> None:
    # Names this plain exist elsewhere; another `schemas` ahead on the path must not pass unseen.
    loaded = importlib.import_module(package)
    assert loaded.__file__ is not None
    assert Path(loaded.__file__) == ROOT / package / "__init__.py"
    assert (ROOT / package / "py.typed").is_file()
