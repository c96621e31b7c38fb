# Goal: on a real Kafka every check looks, and what is missing there is found, with its fix.
import json
from collections.abc import Callable
from typing import Any

import pytest

from deploy.exit_codes import ExitCode
from tests.kafka.commands.command_line import Ran

CHECKS = [
    "compiled code",
    "publishers' keys",
    "keys of erasure marks",
    "Kafka security",
    "rows on disk",
    "brokers",
    "topics",
    "replicas",
    "rights",
    "workers",
    "positions",
    "lag",
    "transactions",
    "clocks",
]


def checks(ran: Ran) -> dict[str, dict[str, Any]]:
    assert (ran.code, ran.err) == (ExitCode.FAILED, "")  # marks stand in clear, at least
    return {check["name"]: check for check in json.loads(ran.out)["checks"]}


def test_every_check_looks_at_a_cluster_with_topics(biolatch: Callable[..., Ran]) -> None:
    found = checks(biolatch("doctor", "--json"))
    assert list(found) == CHECKS, found
    for name in ("brokers", "topics", "replicas", "clocks"):
        assert found[name]["findings"] == [], name
    assert "metadata level 2" in found["brokers"]["summary"]


def test_what_an_application_lacks_is_found_and_said_to_people_with_its_fix(
    biolatch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", "nobody")
    ran = biolatch("doctor")
    assert ran.code == ExitCode.FAILED
    assert "error[topics.missing] there is no topic nobody-devices-changelog" in ran.out
    assert "fix: biolatch topics apply" in ran.out
    assert "could not be looked at" in ran.out
