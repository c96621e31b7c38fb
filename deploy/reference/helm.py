"""What the Helm chart knows of topics, users and settings, from the same source as everything else.

Helm cannot ask Python, so the chart carries these as files. The application's name is decided by
whoever installs the chart: a mark stands for it, which the templates replace.
"""

import json
from pathlib import Path
from typing import Final

from agents.settings import setting_variables
from schemas.principals import default_user, principals
from schemas.rights import Grant
from schemas.sizing import PRODUCTION
from schemas.topics import topology

APPLICATION_MARK: Final = "@APPLICATION@"
"""Stands where the application's name belongs; no name of Kafka or Kubernetes may hold an `@`."""

_ALERTS: Final = Path(__file__).parents[1] / "monitoring" / "alerts.yml"

_OF_THE_REPLICATION: Final = "min.insync.replicas"
"""The one setting of a topic that depends on its replication, which the chart's values decide."""


def chart_settings() -> str:
    """Every variable that is a setting, as a JSON list."""
    return _json(sorted(setting_variables()))


def chart_topics() -> str:
    """Every topic with the settings that do not depend on its replication, as a JSON list."""
    return _json(
        [
            {
                "name": topic.name,
                "purpose": topic.purpose,
                "config": {
                    name: value
                    for name, value in topic.settings(replication=PRODUCTION.replication).items()
                    if name != _OF_THE_REPLICATION
                },
            }
            for topic in topology(APPLICATION_MARK).topics
        ]
    )


def chart_users() -> str:
    """Every kind of user with the least rights, in Strimzi's form, as a JSON list."""
    return _json(
        [
            {
                "name": default_user(principal.role, APPLICATION_MARK).removeprefix("User:"),
                "purpose": principal.purpose,
                "acls": [_acl(grant) for grant in principal.grants],
            }
            for principal in principals(APPLICATION_MARK)
        ]
    )


def chart_alerts() -> str:
    """The alert rules, as they are: a chart holds only files of its own folder."""
    return _ALERTS.read_text(encoding="utf-8")


def _acl(grant: Grant) -> dict[str, object]:
    kind, name, is_prefix = grant.resource
    return {
        "resource": {
            "type": kind,
            "name": name,
            "patternType": "prefix" if is_prefix else "literal",
        },
        "operations": list(grant.operations),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=1) + "\n"
