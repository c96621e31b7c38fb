from pathlib import Path

import pytest

import biolatch_client
from deploy.reference.client import CLIENT_FILES

PACKAGE = Path(__file__).parents[2] / "clients" / "python" / "src" / "biolatch_client"


@pytest.mark.parametrize("name", CLIENT_FILES)
def test_a_generated_file_of_the_client_is_current(name: str) -> None:
    assert (PACKAGE / name).read_text(encoding="utf-8") == CLIENT_FILES[name](), "run `make docs`"


def test_the_client_is_this_checkout_s() -> None:
    assert biolatch_client.__file__ == str(PACKAGE / "__init__.py")
    assert (PACKAGE / "py.typed").is_file()


def test_everything_public_can_be_imported_by_name() -> None:
    assert [name for name in biolatch_client.__all__ if not hasattr(biolatch_client, name)] == []
