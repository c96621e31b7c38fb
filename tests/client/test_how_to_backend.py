"""Every command and every line of code of docs/how-to/backend.md, run."""

import ast
import asyncio
import inspect
import json
import re
import shlex
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from biolatch_client import KafkaConnection
from tests.client.stored_events import require_readable, stored_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "backend.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
CODE = [text for language, text in BLOCKS if language == "python"]


def test_the_page_has_nothing_but_what_is_run_here() -> None:
    assert [language for language, _ in BLOCKS if language not in {"sh", "python"}] == []
    assert len(CODE) == 10


def test_the_package_installs_with_everything_it_needs(tmp_path: Path) -> None:
    [command] = [text for language, text in BLOCKS if language == "sh"]
    program, *arguments = shlex.split(command)
    # What it depends on is here already; nothing is fetched.
    here = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(tmp_path)]
    done = subprocess.run(  # noqa: S603 - pip, in this very Python
        [sys.executable, "-m", program, *arguments, *here],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    package = tmp_path / "biolatch_client"
    ours = ROOT / "clients" / "python" / "src" / "biolatch_client"
    for file in ours.rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            assert (package / file.relative_to(ours)).is_file(), file


@pytest.fixture
def page_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the page's relative names lead."""
    key = OKPKey.generate_key("Ed25519").as_dict(private=True)
    file = tmp_path / "login-service.jwk"
    file.write_text(json.dumps({**key, "kid": "login-1", "alg": "EdDSA"}))
    file.chmod(0o600)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("page_folder")
async def test_all_code_of_the_page_does_what_it_says(
    connection: KafkaConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    device = f"phone-{uuid.uuid4().hex[:8]}"
    names: dict[str, Any] = {}
    for number, text in enumerate(CODE, 1):
        code = text.replace("kafka:9092", connection.bootstrap_servers).replace("phone-1", device)
        compiled = compile(code, f"block {number}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(compiled, names)  # noqa: S307 - our own page
        if inspect.isawaitable(running):
            await running
        if "handle_request" in names:
            await asyncio.to_thread(names.pop("handle_request"))
    names["engine"].dispose()
    printed = capsys.readouterr().out.split()
    assert printed[2:] == ["unknown_binding", "none"]
    stored = await stored_in(connection.bootstrap_servers, "biolatch.device-events")
    mine = [each for each in stored if each.key.decode() in {device, "phone-9"}]
    assert sorted(dict(each.headers)["ce_type"].decode() for each in mine) == [
        "biolatch.attempt.finished.v1",
        "biolatch.attempt.password-accepted.v1",
        *["biolatch.device.erased.v1"] * 2,
        *["biolatch.enrollment.withdrawn.v1"] * 3,
    ]
    for each in mine:
        require_readable(each)
