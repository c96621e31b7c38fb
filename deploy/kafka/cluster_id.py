"""The id by which a cluster knows itself: made once per data folder, read back ever after."""

import base64
import uuid
from pathlib import Path


def new_cluster_id() -> str:
    """A random id in Kafka's form: a UUID in 22 characters of URL-safe base 64.

    Never one that begins with a hyphen, as in Kafka itself: its tools take that for an option.
    """
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode("ascii")
        if not text.startswith("-"):
            return text


def cluster_id_in(records: Path) -> str | None:
    """The id of a record folder; None if it is not prepared, for Kafka writes this file last."""
    try:
        text = (records / "meta.properties").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    named = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return named.get("cluster.id")
