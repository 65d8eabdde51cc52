"""Insert or update in one statement, for SQLite and PostgreSQL."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    values: dict[str, Any],
    only_if: sa.ColumnElement[bool] | None = None,
    **instead: Any,
) -> sa.sql.dml.ReturningInsert[Any]:
    """Insert a row; if its primary key exists, update the rest instead, provided `only_if` holds for the existing row.

    `instead` are columns that an existing row gets another value for than a new one.

    It gives the primary key back, or no row when nothing was inserted or changed.
    """
    insert = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table).values(values)
    keys = [column.name for column in table.primary_key]
    changed = {name: insert.excluded[name] for name in values if name not in keys} | instead
    return insert.on_conflict_do_update(index_elements=keys, set_=changed, where=only_if).returning(*table.primary_key)
