"""The service's own database: logins by password, and the outbox beside them."""

import uuid
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Column, Connection, DateTime, MetaData, String, Table, insert, select

from biolatch_client.outbox import Outbox, outbox_table

SOURCE = "/login"

metadata = MetaData()
outbox = Outbox(outbox_table(metadata), source=SOURCE)
logins = Table(
    "logins",
    metadata,
    Column("login_id", String(128), primary_key=True),
    Column("device_id", String(128), nullable=False),
    Column("user_id", String(128), nullable=False),
    Column("password_verified_at", DateTime(timezone=True), nullable=False),
)


class Login(NamedTuple):
    """A login that began with the password."""

    login_id: str
    device_id: str
    user_id: str
    password_verified_at: datetime


def keep_login(transaction: Connection, device_id: str, user_id: str) -> Login:
    """Remember that this user has just proved the password on this device."""
    login = Login(str(uuid.uuid4()), device_id, user_id, datetime.now(UTC))
    transaction.execute(insert(logins).values(login._asdict()))
    return login


def find_login(transaction: Connection, login_id: str) -> Login | None:
    """A login by its id."""
    row = transaction.execute(select(logins).where(logins.c.login_id == login_id)).one_or_none()
    if row is None:
        return None
    # SQLite forgets time zones.
    verified_at = row.password_verified_at.replace(tzinfo=UTC)
    return Login(row.login_id, row.device_id, row.user_id, verified_at)
