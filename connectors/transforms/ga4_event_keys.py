"""GA4: parameters by key, and a key for events, which have none of their own (platforms.md, section 8).

The key follows dbt-ga4 (base_ga4__events): date, stream, client, visit, name, time and the parameters sorted by key.
The user is part of it too: an event that a restatement gives to somebody else is another row, the old one a tombstone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.parsing.cells import literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PREFIX = "param_"
_TYPES = ", ".join(f'"{kind}_value": "VARCHAR"' for kind in ("string", "int", "float", "double"))
_SHAPE = literal('[{"key": "VARCHAR", "value": {' + _TYPES + "}}]")
_VALUE = "coalesce(x.value.string_value, x.value.int_value, x.value.double_value, x.value.float_value)"
_PARTS = (
    "replace(event_date, '-', '')", "stream_id", "client", "user_id", "param_ga_session_id", "event_name",
    "event_timestamp",
    "coalesce(record_id, array_to_string(list_sort(list_transform(params, lambda x: x.key || '=' || coalesce(" + _VALUE
    + ", ''))), chr(30)))",
)  # fmt: skip


class EventKeys:
    """Fills the columns `param_<key>` from event_params, takes `GA1.1.` off the client, makes event_key."""

    needs_content = False

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def __call__(self, cells: pa.Table) -> pa.Table:
        names = [name for name in cells.column_names if name.startswith(PREFIX)]
        filled = [
            f"coalesce({quoted(name)}, given[list_position(keys, {literal(name.removeprefix(PREFIX))})])"
            f" as {quoted(name)}"
            for name in names
        ]
        parts = ", ".join(f"coalesce({part}, '')" for part in _PARTS)
        key = f"md5(concat_ws(chr(31), {parts})) as event_key"
        self.connection.register("cells_block", cells)
        sql = (
            "select * exclude (params, client) replace (client as user_pseudo_id, " + key + ") from ("  # noqa: S608 - names of contract columns
            f" select * exclude (keys, given) replace ({', '.join(filled)}) from ("
            r" select *, regexp_replace(user_pseudo_id, '^GA\d+\.\d+\.', '') as client,"
            " list_transform(params, lambda x: x.key) as keys,"
            f" list_transform(params, lambda x: {_VALUE}) as given from ("
            f" select *, case when json_valid(event_params) then from_json(event_params, {_SHAPE}) end as params"
            " from cells_block)))"
        )
        table = self.connection.sql(sql).to_arrow_table()
        self.connection.unregister("cells_block")
        return table


transform = EventKeys
