"""The outbox's table: events that a transaction of the backend has written and a relay will send.

Owns its columns. `id, aggregatetype, aggregateid, type, payload` are those that Debezium's outbox
event router expects, so that change data capture can take the place of the relay.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from biolatch_client.words import ID_LENGTH_MAX

TABLE_NAME: Final = "biolatch_outbox"


def outbox_table(metadata: MetaData, *, name: str = TABLE_NAME, schema: str | None = None) -> Table:
    """The table, as a part of the backend's own metadata: create it with its migrations.

    Columns: `position` (order of writing; never used again), `id` (`ce_id`), `aggregatetype` (the
    topic), `aggregateid` (the device, the record's key), `type` (`ce_type`), `payload` (the
    record's value), `source` (`ce_source`), `occurred_at` (`ce_time`), `extensions` (further
    attributes as JSON, or null).
    """
    return Table(
        name,
        metadata,
        Column(
            "position",
            BigInteger().with_variant(Integer(), "sqlite"),
            Identity(always=True),
            primary_key=True,
        ),
        Column("id", String(ID_LENGTH_MAX), nullable=False),
        Column("aggregatetype", String(249), nullable=False),
        Column("aggregateid", String(ID_LENGTH_MAX), nullable=False),
        Column("type", String(ID_LENGTH_MAX), nullable=False),
        Column("payload", Text, nullable=False),
        Column("source", String(ID_LENGTH_MAX), nullable=False),
        Column("occurred_at", String(24), nullable=False),
        Column("extensions", Text, nullable=True),
        UniqueConstraint("source", "id", name=f"uq_{name}_source_id"),
        Index(f"ix_{name}_aggregateid_position", "aggregateid", "position"),
        schema=schema,
        # Without it SQLite would give the position of a row that is gone to the next one.
        sqlite_autoincrement=True,
    )
