# Goal: AsyncAPI's own parser understands the contract, and has nothing to say against it.
import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from deploy.contract.npm_packages import PARSER, install_parser, read_lock
from deploy.contract.parser import parse
from events.errors import TransientFailure
from schemas.asyncapi import asyncapi_document
from schemas.topics import topology

pytestmark = [
    pytest.mark.drill,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        shutil.which("npm") is None or shutil.which("node") is None,
        reason="needs Node and npm, for which AsyncAPI's parser is written; there are none here",
    ),
]
DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "asyncapi.json"


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the parser in it, exactly as locked."""
    folder = tmp_path_factory.mktemp("parser")
    install_parser(folder, read_lock())
    return folder


def test_the_document_is_parsed_without_an_error_a_warning_or_a_hint(parser: Path) -> None:
    parsed = parse(DOCUMENT, parser)
    assert parsed.diagnostics == []
    assert parsed.channels == [topic.name for topic in topology().topics]
    assert set(parsed.messages) == set(asyncapi_document(version="0")["components"]["messages"])


@pytest.mark.parametrize("breach", ["reference", "action", "binding"])
def test_the_parser_finds_what_is_wrong(breach: str, parser: Path, tmp_path: Path) -> None:
    document: Any = deepcopy(asyncapi_document(version="0.1.0"))
    message = document["components"]["messages"]["biolatch.attempt.finished.v1"]
    match breach:
        case "reference":
            message["payload"]["$ref"] += "0"
        case "action":
            document["operations"]["send-biolatch.decisions"]["action"] = "publish"
        case _:
            kafka = document["channels"]["biolatch.decisions"]["bindings"]["kafka"]
            kafka["partitions"] = "many"
    (tmp_path / "broken.json").write_text(json.dumps(document), encoding="utf-8")
    assert parse(tmp_path / "broken.json", parser).diagnostics


def test_another_file_than_the_locked_one_is_not_installed(tmp_path: Path) -> None:
    lock: Any = deepcopy(read_lock())
    hash_of_nothing = "sha512-" + "A" * 86 + "=="
    lock["tree"] = {f"node_modules/{PARSER}": lock["tree"][f"node_modules/{PARSER}"]}
    lock["tree"][f"node_modules/{PARSER}"]["integrity"] = hash_of_nothing
    del lock["tree"][f"node_modules/{PARSER}"]["dependencies"]
    with pytest.raises(TransientFailure, match="EINTEGRITY"):
        install_parser(tmp_path, lock)
