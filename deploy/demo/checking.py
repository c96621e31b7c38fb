"""Whether a step came out as its row promises; each difference is one sentence for people."""

from collections.abc import Iterator
from itertools import zip_longest

from deploy.demo.observer import Answer, JsonObject, Output
from deploy.demo.script import PRESENT, Expectation, Expected, Step


def differences(step: Step, answer: Answer) -> list[str]:
    """What is missing, extra or different; empty when all is as expected."""
    return [
        *_of_output("verdict", step.verdict, answer.verdict),
        *(
            difference
            for expected, decision in zip_longest(step.decisions, answer.decisions)
            for difference in _of_output("decision", expected, decision)
        ),
        *_of_state(step, answer),
    ]


def _of_output(what: str, expected: Expected | None, seen: Output | None) -> Iterator[str]:
    if expected is None:
        if seen is not None:
            yield f"a {what} {seen.kind} that should not be"
    elif seen is None:
        yield f"no {what} {expected.kind}"
    elif expected.kind != seen.kind:
        yield f"{what} {seen.kind} instead of {expected.kind}"
    else:
        yield from _of_fields(f"{what} {seen.kind}", expected.fields, seen.data)


def _of_state(step: Step, answer: Answer) -> Iterator[str]:
    if step.state is None:
        return
    user = step.event.data["user_id"]
    users: JsonObject = (answer.state or {}).get("users", {})
    if user in users:
        yield from _of_fields("public state", step.state, users[str(user)])
    else:
        yield f"no public state of {user}"


def _of_fields(where: str, expected: Expectation, seen: JsonObject) -> Iterator[str]:
    for name, value in expected.items():
        is_so = seen.get(name) is not None if value is PRESENT else seen.get(name) == value
        if not is_so:
            yield f"{where}: {name} is {seen.get(name)!r} instead of {value!r}"
