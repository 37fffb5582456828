"""The book of quality: figures and findings of runs, trends over runs, leave to move many records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import copy_out

if TYPE_CHECKING:
    import polars as pl
    import psycopg

FIGURES = (
    "customers_touched", "customers_of_several", "largest_customer", "customers_oversized",
    "customers_many_given_names",
    "customers_several_birth_dates", "customers_weakly_bridged", "customers_two_accounts", "decisions_disregarded",
    "records_keyed", "records_with_crowded_values", "values_crowded", "largest_household", "households_oversized",
    "merges_usual", "merge_surprise", "splits_usual", "split_surprise",
)  # fmt: skip


def save_quality(
    connection: psycopg.Connection[Any], run_id: int, figures: dict[str, Any], findings: list[tuple[Any, ...]]
) -> None:
    """Store a run's figures and findings (finding, place, subject_kind, subject, figure, record_keys), replacing
    earlier ones."""
    connection.execute("delete from identity.quality_findings where run_id = %s", (run_id,))
    connection.execute("delete from identity.run_quality where run_id = %s", (run_id,))
    columns = sql.SQL(", ").join(map(sql.Identifier, FIGURES))
    places = sql.SQL(", ").join([sql.Placeholder()] * (len(FIGURES) + 1))
    connection.execute(
        sql.SQL("insert into identity.run_quality (run_id, {}) values ({})").format(columns, places),
        [run_id, *(figures[name] for name in FIGURES)],
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            """insert into identity.quality_findings
                   (run_id, finding, place, subject_kind, subject, figure, record_keys)
               values (%s, %s, %s, %s, %s, %s, %s::uuid[])""",
            [(run_id, *row) for row in findings],
        )


def grant_churn(connection: psycopg.Connection[Any], share: float, author: str, reason: str) -> int:
    """Open an allowance, closing the one that is open; its number."""
    revoke_churn(connection)
    row = connection.execute(
        """insert into identity.churn_allowances (share, author, reason) values (%s, %s, %s)
           returning allowance_id""",
        (share, author, reason),
    ).fetchone()
    assert row is not None
    return int(row[0])


def revoke_churn(connection: psycopg.Connection[Any]) -> bool:
    """Close the open allowance; False when there is none."""
    return bool(
        connection.execute(
            """update identity.churn_allowances set revoked_at = clock_timestamp()
               where used_run_id is null and revoked_at is null"""
        ).rowcount
    )


def findings(connection: psycopg.Connection[Any], run_id: int | None) -> list[dict[str, Any]]:
    """The worst few of a run (the newest that was measured by default), by figure and place."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """select run_id, finding, place, subject_kind, subject, figure, record_keys::text[] as record_keys
               from identity.quality_findings
               where run_id = coalesce(%s, (select max(run_id) from identity.run_quality))
               order by finding, place""",
            (run_id,),
        )
        return list(cursor.fetchall())


def forget_findings(connection: psycopg.Connection[Any], record_keys: list[str]) -> int:
    """Take records out of all findings (an erasure); how many findings named one."""
    return connection.execute(
        """update identity.quality_findings
           set record_keys = array(select k from unnest(record_keys) k where k <> all(%(keys)s::uuid[]))
           where record_keys && %(keys)s::uuid[]""",
        {"keys": record_keys},
    ).rowcount


def quality_trend(connection: psycopg.Connection[Any], limit: int = 10) -> list[dict[str, Any]]:
    """Rows of identity.quality_over_time, newest run first."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("select * from identity.quality_over_time order by run_id desc limit %s", (limit,))
        return list(cursor.fetchall())


def household_state(connection: psycopg.Connection[Any]) -> pl.DataFrame:
    """Live customers: golden_customer_id, household_id (null: none), is_findable (gave an address)."""
    import polars as pl
    import pyarrow as pa

    table = copy_out(
        connection,
        sql.SQL(
            """select c.golden_customer_id, m.household_id,
                      exists (select 1 from identity.household_keys k
                              where k.golden_customer_id = c.golden_customer_id and k.kind = 6)
               from identity.golden_customers c
               left join identity.household_members m using (golden_customer_id)
               where c.status = 'live' order by 1"""
        ),
        {"golden_customer_id": pa.string(), "household_id": pa.string(), "is_findable": pa.bool_()},
    )
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
