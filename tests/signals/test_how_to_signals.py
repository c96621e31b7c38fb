"""Every command of docs/how-to/shared-signals.md, run as it stands there."""

import json
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from tests.journeys.commands import BIOLATCH, COMMAND_WAIT_S, environment
from tests.signals.receiver import verified
from tests.signals.token_server import TokenServer

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "shared-signals.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
WORKER = "biolatch run --agents signals &\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.drill
@pytest.mark.timeout(300)
def test_all_commands_of_the_page_do_what_they_say(topics: str, tmp_path: Path) -> None:
    assert {language for language, _ in BLOCKS} == {"sh"}
    tokens = TokenServer()
    (tmp_path / "login.jwks").write_text(tokens.keys())
    issuer, port = "https://signals.example", free_port()
    script = "".join(text for _, text in BLOCKS).replace("8460", str(port))
    assert WORKER in script
    script = script.replace(WORKER, f"{WORKER}trap 'kill $!; wait' EXIT\n")
    done = subprocess.run(  # noqa: S603 - our own page
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment(topics)
        | {
            "PATH": f"{BIOLATCH.parent}{os.pathsep}{os.environ['PATH']}",
            "TOKEN": tokens.token("gateway", aud=issuer),
            "BIOLATCH_SIGNALS__LISTEN_PORT": str(port),
        },
        capture_output=True,
        text=True,
        timeout=2 * COMMAND_WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    stream = json.loads((tmp_path / "stream.json").read_text())
    assert (stream["aud"], stream["description"]) == ("gateway", "our gateway")
    [token] = json.loads((tmp_path / "events.json").read_text())["sets"].values()
    keys = json.loads((tmp_path / "signals.jwks").read_text())["keys"]
    public = [{name: key[name] for name in ("kty", "n", "e", "kid")} for key in keys]
    claims = verified(token, json.dumps({"keys": public}), issuer=issuer, audience="gateway")
    assert next(iter(claims["events"].values())) == {"state": "hello"}
    assert "retired" in done.stdout
