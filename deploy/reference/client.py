"""All generated files of the Python client, by their path within its package."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from deploy.reference.client_methods import blocking_methods_module, event_methods_module
from deploy.reference.client_models import events_module, words_module
from deploy.reference.client_recordings import scenarios_file, vectors_file

CLIENT_FILES: Final[Mapping[str, Callable[[], str]]] = {
    "words.py": words_module,
    "events.py": events_module,
    "event_methods.py": event_methods_module,
    "blocking_methods.py": blocking_methods_module,
    "testing/data/scenarios.json": scenarios_file,
    "testing/data/vectors.json": vectors_file,
}


def write_client(package: Path) -> None:
    """Write every file into the client's package.

    Raises:
        OSError: the folder cannot be written.
    """
    for name, text in CLIENT_FILES.items():
        (package / name).write_text(text(), encoding="utf-8")
