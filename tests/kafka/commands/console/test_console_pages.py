# Goal: the pages say what is so, in full to operators and without a single id to viewers.
import asyncio
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agents.console_settings import ConsoleSettings
from deploy.records.connection import Connection
from deploy.records.partitioner import partition_of
from schemas.sizing import LOCAL
from schemas.topics import DEAD_LETTERS
from tests.kafka.commands.console.conftest import HOSTILE, OPERATOR, VIEWER, Story
from tests.kafka.commands.console.running import User, console_in_a_thread
from tests.kafka.commands.stored import stored_at_least

AsUser = Callable[[str], User]


def words(page: str) -> str:
    """A page's text, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def letter_of(somebody: User, story: Story) -> str:
    """The page of the story's dead letter."""
    for link in re.findall(r'href="(/dead-letters/\d+/\d+)"', somebody.page("/dead-letters")):
        page = somebody.page(link)
        if f"/{partition_of(story.broken.encode(), LOCAL.partitions)}" and story.broken in page:
            return page
    raise AssertionError("the letter is not there")


def test_the_overview_shows_rates_lag_decisions_refusals_and_workers(user: AsUser) -> None:
    page = user(VIEWER).page("/")
    said = words(page)
    assert re.search(r"Events decided [\d.,]+ a second", said)
    assert re.search(r"Workers [1-9]", said)
    assert re.search(r"Devices [1-9][\d,]* with a state", said)
    assert re.search(r"Dead letters [1-9]", said)
    assert 'class="s-enabled"' in page
    assert re.search(r'href="/feed\?type=decision\.disabled">disabled</a> <b>[1-9]', page)
    assert "reason=unknown_key" in page
    # Each partition, how far behind, and who serves it.
    assert len(re.findall(r'<th scope="row">\d+</th>\s*<td class="number">', page)) >= 4
    assert "biolatch on 127.0.0.1" in said
    # The same numbers without seeing the picture.
    assert "Decisions by minute" in page


def test_the_device_page_tells_the_whole_story_with_its_rules(user: AsUser, story: Story) -> None:
    page = user(OPERATOR).device(story.device)
    said = words(page)
    # Until the wait is over it may not at all; that takes half a minute.
    now = ("May not use biometrics now", "May use biometrics in the next login, not in this one")
    assert any(f"{story.user} {answer}" in said for answer in now)
    assert "Because the check has failed too often." in said
    assert "ben May not use biometrics now" in said
    assert "Set by fallback-required(too_many_failures)" in said
    assert "after too many rejected checks this login needs the password" in said
    assert "11 events, the newest first" in said
    titles = re.findall(r"<h4>(.*?)</h4>", page)
    assert titles == [
        "Revoked by an administrator",
        "Asked to enable it",
        *["Biometric check: matched"] * 2,
        *["Biometric check: rejected"] * 5,
        "Biometric check: matched",
        "Asked to enable it",
    ]
    for rule in (
        "this login needs the password now (rule 16)",
        "the check succeeded; all counts of failures start anew (rule 19)",
        "an administrator may switch it off",
        "nothing speaks against enabling it (rule 8)",
    ):
        assert rule in said
    # What moved a user leads to the step that did.
    for target in re.findall(r'href="#(step-[\d-]+)"', page):
        assert f'id="{target}"' in page


def test_an_unknown_device_is_said_to_be_unknown(user: AsUser) -> None:
    page = user(VIEWER).device("nobody-s-phone")
    assert "Nothing is known of this device" in page
    forgotten = user(VIEWER).http.get("/devices/device-aaaaaaaa")
    assert forgotten.status_code == 404
    assert "does not remember which device that is" in forgotten.text


def test_a_viewer_sees_no_id_anywhere(user: AsUser, story: Story) -> None:
    viewer = user(VIEWER)
    ids = (story.device, story.user, story.login, story.key, story.broken, "ben", "another-login")
    pages = [viewer.page(path) for path in ("/", "/feed", "/devices", "/topics", "/dead-letters")]
    pages.append(viewer.device(story.device))
    pages += [viewer.page(link) for link in re.findall(r'href="(/dead-letters/\d+/\d+)"', pages[4])]
    pages.append(next(stream_of(viewer, after=0)))
    for page in pages:
        assert [each for each in ids if re.search(rf"\b{re.escape(each)}\b", page)] == []
        assert "onerror" not in page
    assert "user-" in pages[5]
    assert re.search(r"login-[a-z2-7]{8}", pages[5])
    assert "shown to operators only" in pages[6]


def test_an_address_never_has_an_id(user: AsUser, story: Story) -> None:
    operator = user(OPERATOR)
    found = operator.act("/devices", "/devices", device=story.device)
    narrowed = operator.act("/feed", "/feed", device=story.device, type="decision")
    for answer in (found, narrowed):
        assert story.device not in answer.headers["location"]
    rows = operator.page(narrowed.headers["location"])
    devices = set(re.findall(r'data-field="device" href="[^"]*">([^<]*)<', rows))
    assert devices == {story.device}


def test_what_a_record_says_is_never_markup(user: AsUser, story: Story) -> None:
    operator = user(OPERATOR)
    for page in (operator.device(story.device), letter_of(operator, story)):
        assert "<img" not in page
        assert html.escape(HOSTILE[:-1]) in page
        # Nor does it turn the writing direction: such characters are written out.
        assert "\u202e" not in page
        assert "\\u202e" in page


def test_a_dead_letter_says_what_mends_it(user: AsUser, story: Story) -> None:
    said = words(letter_of(user(OPERATOR), story))
    assert "What mends it:" in said
    assert story.broken in said
    assert "x-secret" in said
    assert user(VIEWER).http.get("/dead-letters/0/999999").status_code == 404
    assert user(VIEWER).http.get("/dead-letters/99/0").status_code == 404


def test_only_operators_replay_and_only_where_it_is_switched_on(user: AsUser, story: Story) -> None:
    page = letter_of(user(OPERATOR), story)
    assert "Publish it again" not in page
    place = re.search(r"Dead letter (\d+/\d+)", page)
    assert place is not None
    path = f"/dead-letters/{place[1]}/replay"
    assert user(OPERATOR).act(path, "/").status_code == 403
    assert user(VIEWER).act(path, "/").status_code == 403


def test_a_letter_is_published_again_once(
    connection_to_kafka: Connection, story: Story, tokens_file: Path
) -> None:
    settings = ConsoleSettings(port=0, tokens_file=tokens_file, replay=True)
    with console_in_a_thread(settings, connection_to_kafka) as running:
        operator = User(running.url)
        operator.log_in(OPERATOR)
        page = letter_of(operator, story)
        place = re.search(r'action="(/dead-letters/\d+/\d+)/replay"', page)
        assert place is not None
        viewer = User(running.url)
        viewer.log_in(VIEWER)
        assert viewer.act(f"{place[1]}/replay", "/").status_code == 403
        assert "Publish it again" not in viewer.page(place[1])
        for outcome in ("Published again.", "Was published again before."):
            assert operator.act(f"{place[1]}/replay", "/").headers["location"] == place[1]
            while "Looking whether" in (said := words(operator.page(place[1]))):
                pass
            assert outcome in said
    # It cannot be decoded now either, so it is a dead letter once more.
    asyncio.run(stored_at_least(connection_to_kafka, 2, DEAD_LETTERS, story.broken))


def test_topics_are_compared_with_the_contract(user: AsUser) -> None:
    said = words(user(VIEWER).page("/topics"))
    for topic in ("device-events", "verdicts", "decisions", "device-state", "dead-letters"):
        assert f"biolatch.{topic}" in said
    assert "as it should be" in said
    assert "biolatch.device-events/0" in said


def stream_of(somebody: User, *, after: int, query: str = "") -> Iterator[str]:
    """The data of each event of the feed's stream."""
    path = f"/feed/events?after={after}{query}"
    with somebody.http.stream("GET", path, headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield line.removeprefix("data: ")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("&type=decision.disabled", "disabled"),
        ("&type=verdict.refused&reason=unknown_key", "refused"),
        ("&type=decision&platform=android&reason=admin", "disabled"),
    ],
)
def test_the_stream_has_what_passes_the_filter(user: AsUser, query: str, name: str) -> None:
    event = json.loads(next(stream_of(user(OPERATOR), after=0, query=query)))
    assert {row["name"] for row in event["rows"]} == {name}


def test_the_plain_list_is_filtered_too(user: AsUser) -> None:
    page = user(VIEWER).page("/feed?type=verdict.refused&reason=fallback_active")
    names = re.findall(r'<li class="feed-row">.*?data-field="name">([^<]*)<', page, re.DOTALL)
    assert set(names) - {""} == {"refused"}
    assert "<option selected>fallback_active</option>" in page


def test_everything_that_is_looked_into_is_logged_without_ids(user: AsUser, story: Story) -> None:
    with capture_logs() as lines:
        operator = user(OPERATOR)
        operator.device(story.device)
        letter_of(operator, story)
        user(VIEWER).device(story.device)
        User(str(operator.http.base_url)).log_in("nobody-s")
        operator.act("/logout", "/")
    done = [(line["who"], line["action"]) for line in lines if line["event"] == "console.action"]
    for expected in (
        ("olga", "logged-in"),
        ("olga", "device-viewed"),
        ("olga", "dead-letter-viewed"),
        ("vera", "device-viewed"),
        ("olga", "logged-out"),
    ):
        assert expected in done
    viewed = [line for line in lines if line.get("action") == "device-viewed"]
    assert {(line["who"], line["ids_in_clear"]) for line in viewed} == {
        ("olga", True),
        ("vera", False),
    }
    assert len({line["device"] for line in viewed}) == 1
    assert any(line["event"] == "console.login-refused" for line in lines)
    log = json.dumps(lines)
    for secret in (story.device, story.user, story.broken, OPERATOR, VIEWER, "nobody-s"):
        assert secret not in log
