"""The description of the API as OpenAPI 3.1: drawn from the contract, the words and the problems.

Served as `/openapi.json` and committed as `docs/reference/read-api.json` (`make docs`).
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from biolatch_client import Permission
from deploy.read_api.problems import MEDIA_TYPE, Problem
from events.scalars import ID_PATTERN
from events.vocabulary import ID_LENGTH_MAX, Guidance, RefusedReason
from schemas.export import PUBLIC_STATE_NAME, json_schemas
from schemas.strict_json import Json

_Node = dict[str, Any]

_OUR_PLACE: Final = "#/$defs/"
_THEIR_PLACE: Final = "#/components/schemas/"
_WHY: Final = (
    RefusedReason.UNKNOWN_BINDING,
    RefusedReason.DISABLED,
    RefusedReason.FALLBACK_ACTIVE,
    RefusedReason.WAIT,
)
_DESCRIPTION: Final = """\
May this device use "log in with face or fingerprint" now? Answers come from a view in memory that \
follows the topic `biolatch.device-state`. It fails closed: while the view is incomplete or may be \
out of date the answer is 503, which counts as a no; the password works always.

Ids in paths are percent-encoded, `/` too (`%2F`)."""


def openapi_text(*, version: str) -> str:
    """The description as JSON.

    Args:
        version: of biolatch.
    """
    return json.dumps(openapi_document(version=version), indent=2, ensure_ascii=False) + "\n"


def openapi_document(*, version: str) -> _Node:
    """The description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "biolatch read API",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {
            "/devices/{device_id}": _device(),
            "/devices/{device_id}/users/{user_id}/permission": _permission(),
            "/readyz": _readiness(),
            "/healthz": _health(),
            "/openapi.json": _description(),
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token from the file of tokens.",
                }
            },
        },
    }


def _device() -> _Node:
    answer = _answer("The device, as it is published.", "Device") | {
        "headers": {
            "ETag": _header("Of this state; send it back in `If-None-Match`.", {"type": "string"}),
            "biolatch-staleness-s": _staleness(),
        }
    }
    if_none_match = {
        "name": "If-None-Match",
        "in": "header",
        "description": "Entity tags that are known.",
        "schema": {"type": "string"},
    }
    return _reading(
        "getDevice",
        "Everything that is published of a device",
        [_id("device_id", "The installation of the app."), if_none_match],
        {"200": answer, "304": {"description": "The state is still the one that is known."}},
        (
            Problem.TOKEN_MISSING,
            Problem.TOKEN_INVALID,
            Problem.DEVICE_UNKNOWN,
            Problem.NOT_READY,
            Problem.STALE,
            Problem.UNREADABLE,
        ),
    )


def _permission() -> _Node:
    login_id = {
        "name": "login_id",
        "in": "query",
        "description": "The sign-in in question. Without it a user in fallback may not: any login "
        "could be the one that needs the password.",
        "schema": _id_schema(),
    }
    answer = _answer("Whether the user may.", "Permission") | {
        "headers": {"biolatch-staleness-s": _staleness()}
    }
    return _reading(
        "getPermission",
        "May this user use biometrics on this device now?",
        [
            _id("device_id", "The installation of the app."),
            _id("user_id", "The user."),
            login_id,
        ],
        {"200": answer},
        (
            Problem.QUERY_INVALID,
            Problem.TOKEN_MISSING,
            Problem.TOKEN_INVALID,
            Problem.NOT_READY,
            Problem.STALE,
            Problem.UNREADABLE,
        ),
    )


def _readiness() -> _Node:
    ready = {"type": "object", "properties": {"ready": {"const": True}}, "required": ["ready"]}
    answer = _answer("It answers.", ready)
    problems = (Problem.NOT_READY, Problem.STALE)
    return _open(_reading("getReadiness", "Are there answers now?", [], {"200": answer}, problems))


def _health() -> _Node:
    alive = {"type": "object", "properties": {"alive": {"const": True}}, "required": ["alive"]}
    answer = _answer("It runs.", alive)
    return _open(_reading("getHealth", "Does the process run?", [], {"200": answer}, ()))


def _description() -> _Node:
    answer = _answer("This document.", {"type": "object"})
    return _open(_reading("getDescription", "This document", [], {"200": answer}, ()))


def _open(path: _Node) -> _Node:
    """The same for everybody, without a token."""
    path["get"]["security"] = []
    return path


def _reading(
    name: str,
    summary: str,
    parameters: list[_Node],
    answers: Mapping[str, _Node],
    problems: tuple[Problem, ...],
) -> _Node:
    by_status: dict[str, list[Problem]] = {}
    for problem in problems:
        by_status.setdefault(str(problem.value.status), []).append(problem)
    responses = {**answers, **{status: _problem(each) for status, each in by_status.items()}}
    operation: _Node = {"operationId": name, "summary": summary}
    if parameters:
        operation["parameters"] = parameters
    return {"get": operation | {"responses": responses}}


def _answer(description: str, schema: str | _Node) -> _Node:
    named = {"$ref": f"{_THEIR_PLACE}{schema}"} if isinstance(schema, str) else schema
    return {"description": description, "content": {"application/json": {"schema": named}}}


def _problem(problems: list[Problem]) -> _Node:
    examples = {
        words.kind: {
            "value": {
                "type": words.type_uri,
                "title": words.title,
                "status": words.status,
                "detail": words.detail,
            }
        }
        for words in (problem.value for problem in problems)
    }
    headers = {
        name.title(): _header(f"As in {value}.", {"type": "string"})
        for problem in problems
        for name, value in problem.value.headers.items()
    }
    content = {"schema": {"$ref": f"{_THEIR_PLACE}Problem"}, "examples": examples}
    return {
        "description": "; ".join(problem.value.title for problem in problems),
        "headers": headers,
        "content": {MEDIA_TYPE: content},
    }


def _id(name: str, description: str) -> _Node:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": _id_schema(),
    }


def _id_schema() -> _Node:
    return {"type": "string", "minLength": 1, "maxLength": ID_LENGTH_MAX, "pattern": ID_PATTERN}


def _header(description: str, schema: _Node) -> _Node:
    return {"description": description, "schema": schema}


def _staleness() -> _Node:
    return _header(
        "How many seconds ago the view was last known to be up to date.",
        {"type": "number", "minimum": 0},
    )


def _schemas() -> _Node:
    device = json_schemas()[PUBLIC_STATE_NAME]
    ours = {"Device": device, **device["$defs"]}
    of_the_contract = {
        name: _moved({word: value for word, value in schema.items() if word[0] != "$"})
        for name, schema in ours.items()
    }
    return {**of_the_contract, "Permission": _permission_schema(), "Problem": _problem_schema()}


def _permission_schema() -> _Node:
    granted = [Permission.MAY.value, Permission.MAY_NOT.value]
    return {
        "type": "object",
        "properties": {
            "permission": {"type": "string", "enum": granted},
            "why": {
                "description": "Why not: the reason for which an attempt would be refused now.",
                "enum": [*(reason.value for reason in _WHY), None],
            },
            "guidance": {
                "description": "What the user should do next.",
                "type": "string",
                "enum": [guidance.value for guidance in Guidance],
            },
        },
        "required": ["permission", "why", "guidance"],
    }


def _problem_schema() -> _Node:
    return {
        "description": "Problem details after RFC 9457. Match on `type`.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": [problem.value.type_uri for problem in Problem]},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
        },
        "required": ["type", "title", "status", "detail"],
    }


def _moved(node: Json) -> Json:
    if isinstance(node, list):
        return [_moved(each) for each in node]
    if isinstance(node, str):
        return node.replace(_OUR_PLACE, _THEIR_PLACE)
    if not isinstance(node, dict):
        return node
    return {keyword: _moved(value) for keyword, value in node.items()}
