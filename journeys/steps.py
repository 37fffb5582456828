"""One statistic of the night that SQL cannot say well, and what it is given to work with.

A step estimates parameters on everybody (`fit`, due every `fit_days` days) and applies them to the night's customers
(`apply`). What it writes, `intermediate.stat_<name>`, is read by the dbt layer `answers` (`source('journeys', …)`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl
    import psycopg


@dataclass(frozen=True, slots=True)
class Fit:
    """What was estimated on everybody. Both are stored as JSON in ops.fits: plain dicts, lists, numbers and texts.

    parameters   what `apply` needs
    evaluation   how well it does: figures for people to read
    as_of_date   the night it was fitted in (set by the runner); statistics that depend on time use this date, never
                 the night's own, so that a customer's row stays the same until the next fit
    """

    parameters: dict[str, Any]
    evaluation: dict[str, Any] = field(default_factory=dict)
    as_of_date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One statistic.

    name     lower case, unique; names its rows in ops.fits
    fit      estimates on everybody's rows (`context.fact(…, everybody=True)`); None: nothing to estimate
    apply    writes the step's tables for the night's customers (`context.fact` and `context.write` know who that is)
    tables   table of schema intermediate → its columns as SQL, e.g. {"stat_rfm": "golden_customer_id uuid primary key,
             recency_days integer"}; made by the runner, made again (empty) when they change
    after    names of steps whose tables this one reads
    version  raise it when the method changes: a new fit is due then
    """

    name: str
    fit: Callable[[Context], Fit | None] | None
    apply: Callable[[Context, Fit | None], None]
    tables: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    version: int = 1


@dataclass(frozen=True, slots=True)
class Context:
    """What a step works with.

    connection   for statements of the step; committed by the runner after each step
    export_date  the night's clock
    is_fitting   fits are made anew tonight: `apply` works on everybody
    vars         the brand's vars of dbt_project.yml
    """

    connection: psycopg.Connection[Any]
    export_date: dt.date
    is_fitting: bool
    vars: Mapping[str, Any]

    def fact(
        self, name: str, columns: Sequence[str], *, everybody: bool | None = None, where: str | None = None
    ) -> pl.DataFrame:
        """Rows of a fact or dimension of the layer `marts`.

        columns    names, or SQL expressions with `as`
        everybody  True: all customers (published rows of those the night does not touch, and the night's); False: the
                   night's customers; None: the night's, or everybody on a night of fitting
        where      SQL condition on the columns of the fact
        Types: uuid → Binary of 16 bytes, numeric → Float64, timestamptz → Datetime in UTC. Order of rows: any.
        """
        from psycopg import sql

        query = sql.SQL("select {} from {} as fact where {}").format(
            sql.SQL(", ".join(columns)), sql.SQL(self.relation(name, everybody=everybody)), sql.SQL(where or "true")
        )
        return self.read(query.as_string(self.connection))

    def relation(self, name: str, *, everybody: bool | None = None) -> str:
        """The same rows as SQL, in brackets, without an alias: for queries that add up more than is worth reading."""
        from psycopg import sql

        from warehouse.marts_tables import read_columns

        everyone = self.is_fitting if everybody is None else everybody
        if everyone:  # where everybody is affected, the night's rows are all there are
            row = self.connection.execute("select coalesce(bool_or(everyone), false) from ops.next_publish").fetchone()
            everyone = row != (True,)
        names = [column.name for column in read_columns(self.connection, "marts_next", name)]
        published = {column.name for column in read_columns(self.connection, "marts", name)}
        every_name = sql.SQL(", ").join(map(sql.Identifier, names))
        source: sql.Composable = sql.SQL("select {} from {}").format(every_name, sql.Identifier("marts_next", name))
        if everyone and set(names) <= published:
            source = sql.SQL(
                "{} union all select {} from {} as p where not exists (select 1 from marts_next.affected_customers as a"
                " where a.golden_customer_id = p.golden_customer_id)"
            ).format(source, every_name, sql.Identifier("marts", name))
        return sql.SQL("({})").format(source).as_string(self.connection)

    def read(self, query: str, params: Sequence[Any] = ()) -> pl.DataFrame:
        """Rows of a query by binary COPY, types as in `fact`. $1, $2 … stand for params. Sees what is committed."""
        import polars as pl
        import pyarrow as pa

        import warehouse

        table = warehouse.read_arrow(query, params or None)
        arrays, names = [], []
        for field_, column in zip(table.schema, table.columns, strict=True):
            names.append(field_.name)
            array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
            if isinstance(array, pa.ExtensionArray):
                is_number = (field_.metadata or {}).get(b"POSTGRESQL:type") == b"numeric"
                array = array.storage.cast(pa.float64()) if is_number else array.storage.cast(pa.large_binary())
            arrays.append(array)
        frame = pl.from_arrow(pa.Table.from_arrays(arrays, names))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def write(self, table: str, rows: pl.DataFrame) -> int:
        """Make `intermediate.<table>` hold exactly these rows (columns by name; Binary of 16 bytes → uuid)."""
        import polars as pl
        import polars.selectors as cs
        from psycopg import sql

        from warehouse.bulk import copy_in

        self.connection.execute(sql.SQL("truncate {}").format(sql.Identifier("intermediate", table)))
        plain = rows.with_columns(cs.binary().bin.encode("hex"), cs.categorical().cast(pl.String))
        written = copy_in(self.connection, f"intermediate.{table}", plain.to_arrow())
        self.connection.execute(sql.SQL("analyze {}").format(sql.Identifier("intermediate", table)))
        return written
