"""The transactional outbox, for backends with a database (extra `outbox`; SQLAlchemy).

An event is written in the backend's own transaction, so both happen or neither does; a relay sends
it afterwards. Tested on PostgreSQL and SQLite.
"""

from biolatch_client.outbox.relay import OutboxRelay
from biolatch_client.outbox.table import outbox_table
from biolatch_client.outbox.writing import Outbox

__all__ = ["Outbox", "OutboxRelay", "outbox_table"]
