"""Writes rows into a Parquet file. The only file that imports pa."""

# pyarrow's types are partial: what comes from it is Any, in this file only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from deploy.analytics.columns import COLUMNS, ColumnType, Row

# Instants carry no time zone; they are UTC. DuckDB needs an extension for those that carry one.
_TYPES: Final[dict[ColumnType, Any]] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INSTANT_MS: pa.timestamp("ms"),
}
_SCHEMA: Final[Any] = pa.schema([pa.field(column.name, _TYPES[column.type]) for column in COLUMNS])


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write a file and wait until the disk has it.

    Raises:
        OSError: it cannot be written.
    """
    columns = zip(*(row.cells for row in rows), strict=True)
    table: Any = pa.table(
        [pa.array(cells, type=field.type) for cells, field in zip(columns, _SCHEMA, strict=True)],
        schema=_SCHEMA,
    )
    with path.open("wb") as file:
        parquet.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
