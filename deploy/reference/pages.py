"""All reference pages by file name, and what else is drawn from the code."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from deploy.reference.asyncapi import asyncapi_file
from deploy.reference.dead_letter_codes import dead_letter_codes_page
from deploy.reference.helm import chart_alerts, chart_settings, chart_topics, chart_users
from deploy.reference.message_examples import message_examples
from deploy.reference.metrics import metrics_page
from deploy.reference.notifications import notifications_page
from deploy.reference.principals import principals_page, strimzi_users
from deploy.reference.read_api import read_api_file
from deploy.reference.settings import settings_page
from deploy.reference.topics import strimzi_topics
from deploy.reference.transitions import transitions_page

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "asyncapi.json": asyncapi_file,
    "dead-letter-codes.md": dead_letter_codes_page,
    "notifications.md": notifications_page,
    "metrics.md": metrics_page,
    "principals.md": principals_page,
    "read-api.json": read_api_file,
    "settings.md": settings_page,
    "transitions.md": transitions_page,
}


_CHART_FILES: Final = Path("deploy", "helm", "biolatch", "files")

MANIFESTS: Final[Mapping[Path, Callable[[], str]]] = {
    Path("schemas", "examples.json"): message_examples,
    Path("deploy", "strimzi", "kafka-topics.yaml"): strimzi_topics,
    Path("deploy", "strimzi", "kafka-users.yaml"): strimzi_users,
    _CHART_FILES / "alerts.yaml": chart_alerts,
    _CHART_FILES / "settings.json": chart_settings,
    _CHART_FILES / "topics.json": chart_topics,
    _CHART_FILES / "users.json": chart_users,
}
"""By their place in the checkout."""


def write_pages(folder: Path) -> None:
    """Write every page.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


def write_manifests(root: Path) -> None:
    """Write every manifest.

    Raises:
        OSError: a folder cannot be written.
    """
    for place, manifest in MANIFESTS.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(manifest(), encoding="utf-8")
