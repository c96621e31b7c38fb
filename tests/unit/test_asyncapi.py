# Goal: the AsyncAPI document tells of every topic and every contract, and nothing that is not so.
# Whether it is AsyncAPI at all, the official parser says (tests/contract).
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

import schemas.asyncapi
from deploy.cli import run
from schemas.asyncapi import asyncapi_document
from schemas.asyncapi_messages import messages_on
from schemas.export import json_schemas
from schemas.notifications import Notification
from schemas.topics import TopicName, Topology, topology

DOCUMENT = asyncapi_document(version="1.2.3")
TOPICS = topology().topics
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
WEBHOOK = Notification.event_type
"""Goes out by HTTP, on no topic."""
EVENTS = [
    name for name in json_schemas() if not name.startswith(("biolatch.device-state", WEBHOOK))
]


def references(node: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Every `$ref` within."""
    if isinstance(node, dict):
        if "$ref" in node:
            assert list(node) == ["$ref"], "draft 7 ignores what stands beside a $ref"
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def at(reference: str) -> Any:  # noqa: ANN401 - JSON
    """What a reference leads to."""
    node: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def payload(message: dict[str, Any]) -> Draft7Validator:
    """What checks the payload of a message."""
    whole = {**message["payload"], "components": DOCUMENT["components"]}
    return Draft7Validator(whole)


def test_every_topic_is_a_channel_with_the_settings_it_is_made_with() -> None:
    assert list(DOCUMENT["channels"]) == [topic.name for topic in TOPICS]
    for topic in TOPICS:
        channel = DOCUMENT["channels"][topic.name]
        kafka = channel["bindings"]["kafka"]
        assert channel["address"] == kafka["topic"] == topic.name
        assert (kafka["partitions"], kafka["replicas"]) == (12, 3)
        settings = topic.settings(replication=3)
        said = kafka["topicConfiguration"]
        assert said.pop("cleanup.policy") == [settings.pop("cleanup.policy")]
        assert {name: str(value).lower() for name, value in said.items()} == {
            name: value.lower() for name, value in settings.items()
        }


def test_biolatch_receives_the_input_and_sends_the_rest() -> None:
    operations = [
        (operation["action"], operation["channel"]["$ref"].removeprefix("#/channels/"))
        for operation in DOCUMENT["operations"].values()
    ]
    assert operations[0] == ("receive", "biolatch.device-events")
    assert operations[1:] == [("send", topic.name) for topic in TOPICS[1:]]


def test_every_contract_travels_on_exactly_one_topic() -> None:
    carried = [name for topic in TOPICS for name in messages_on(topic.name)]
    assert len(carried) == len(set(carried))
    assert set(json_schemas()) - {WEBHOOK} <= set(carried)
    assert [name for name, message in MESSAGES.items() if message["name"] != name] == []


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        at(reference)


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_has_the_headers_of_a_cloud_event_from_one_trait(name: str) -> None:
    message = MESSAGES[name]
    assert message["traits"][0] == {"$ref": "#/components/messageTraits/cloud-event"}
    assert message["headers"]["properties"]["ce_type"]["const"] == name
    required = at("#/components/messageTraits/cloud-event")["headers"]["required"]
    assert "ce_specversion" in required
    if "headers" in message and "required" in message["headers"]:
        assert message["headers"]["required"] == [*required, "ce_causationid"]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_an_example_that_is_as_its_schema_says(name: str) -> None:
    message = MESSAGES[name]
    assert message["examples"]
    for example in message["examples"]:
        if "payload" in message:
            payload(message).validate(example["payload"])
        headers = message.get("headers", {})
        Draft7Validator(headers).validate(example["headers"])
        for trait in message.get("traits", ()):
            Draft7Validator(at(trait["$ref"]).get("headers", {})).validate(example["headers"])


def test_a_schema_refuses_what_its_contract_refuses() -> None:
    finished = MESSAGES["biolatch.attempt.finished.v1"]
    (example,) = finished["examples"]
    for change in ({"outcome": "guessed"}, {"seq": 0}, {"unknown": 1}, {"user_id": ""}):
        assert not payload(finished).is_valid(example["payload"] | change), change


def test_a_topic_that_is_added_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class Larger(Topology):
        @property
        def topics(self) -> tuple[Any, ...]:
            return (*super().topics, replace(self.decisions, name=TopicName("biolatch.news")))

    ours = topology()
    larger = Larger(**{name: getattr(ours, name) for name in Topology.__dataclass_fields__})
    monkeypatch.setattr(schemas.asyncapi, "topology", lambda: larger)
    document = asyncapi_document(version="1.2.3")
    assert document["channels"]["biolatch.news"]["bindings"]["kafka"]["topic"] == "biolatch.news"
    assert document["operations"]["send-biolatch.news"]["action"] == "send"


def test_a_contract_named_after_a_topic_travels_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        name: {"title": "News", "description": "New."}
        for name in ("biolatch.news.v1", "biolatch.news.v2", "biolatch.newspaper.v1")
    }
    monkeypatch.setattr("schemas.asyncapi_messages._contracts", lambda: named)
    assert list(messages_on(TopicName("biolatch.news"))) == ["biolatch.news.v1", "biolatch.news.v2"]


def test_the_command_shows_what_is_committed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "asyncapi"]) == 0
    page = Path(__file__).parents[2] / "docs" / "reference" / "asyncapi.json"
    assert json.loads(capsys.readouterr().out) == json.loads(page.read_text(encoding="utf-8"))
