"""What a run made, for people: rows, customers, quality against the truth, the funnel, and where everything is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from stack.settings import stack_settings

if TYPE_CHECKING:
    import psycopg

Say = Callable[[str], None]
Row = tuple[Any, ...]

LEDGER = """
    select platform, count(*) filter (where status = 'promoted') as batches, sum(rows_read), sum(rows_inserted),
           sum(rows_updated), sum(rows_unchanged), sum(rows_duplicate), sum(rows_rejected)
    from ops.batch_ledger where export_date = any(%s) and status in ('promoted', 'repeated')
    group by platform order by platform
"""
REFUSED = """
    select platform, object, export_date, status, coalesce(reason, '') from ops.batch_ledger
    where export_date = any(%s) and status in ('rejected', 'failed', 'missing') order by platform, object, export_date
"""
CUSTOMERS = """
    select count(*), count(*) filter (where r.is_identified), coalesce(sum(r.record_count), 0),
           count(*) filter (where r.record_count > 1)
    from identity.golden_records as r join identity.golden_customers as c using (golden_customer_id)
    where c.status = 'live'
"""
CHANGES = """
    select change_kind, count(*) from identity.golden_id_changes as g join identity.runs as r using (run_id)
    where r.status = 'accepted' and r.export_date = any(%s) group by change_kind
"""
FUNNEL = """
    select step_name, customers, overall_rate_all from marts.stage_funnel
    where scope = %s and persona_code = '(all)' and channel = '(all)' and cohort = '(all)' order by step_no
"""
PUBLISHES = """
    select p.export_date, p.affected, coalesce(sum(t.rows_inserted), 0)
    from ops.publish_log as p left join ops.publish_tables as t using (publish_id)
    where p.status = 'live' and p.export_date = any(%s) group by p.publish_id order by p.publish_id
"""


def show(dates: Sequence[date], quality: Mapping[str, float], *, say: Say) -> None:
    """The summary of `make run`. quality: match quality against the truth, see stack.demo."""
    import warehouse

    with warehouse.connect(name="journeyline summary") as connection:
        say("")
        _rows(connection, dates, say)
        _customers(connection, dates, say)
        _quality(quality, say)
        _publishes(connection, dates, say)
        _funnel(connection, say)
    _places(dates[-1], say)


def show_night(export_date: date, *, say: Say) -> None:
    """The summary of `make night`."""
    import warehouse

    with warehouse.connect(name="journeyline summary") as connection:
        _rows(connection, [export_date], say)
        _customers(connection, [export_date], say)
        _publishes(connection, [export_date], say)


def _rows(connection: psycopg.Connection[Row], dates: Sequence[date], say: Say) -> None:
    found = connection.execute(LEDGER, (list(dates),)).fetchall()
    headings = ("Rows by platform", "batches", "read", "new", "changed", "unchanged", "duplicate", "rejected")
    total = ("all", *(sum(int(row[i] or 0) for row in found) for i in range(1, len(headings))))
    _table(headings, [*found, total] if len(found) > 1 else found, say)
    for platform, name, day, status, reason in connection.execute(REFUSED, (list(dates),)):
        say(f"  {status}: {platform} {name} of {day}. {reason}")


def _customers(connection: psycopg.Connection[Row], dates: Sequence[date], say: Say) -> None:
    customers, identified, records, joined = connection.execute(CUSTOMERS).fetchone() or (0, 0, 0, 0)
    kinds = {str(kind): int(count) for kind, count in connection.execute(CHANGES, (list(dates),))}
    say(
        f"Golden customers   {customers:,} from {records:,} records;"
        f" {identified:,} identified, {joined:,} of several records"
    )
    words = ", ".join(
        f"{kinds.get(kind, 0):,} {word}"
        for kind, word in (("create", "created"), ("merge", "merged"), ("split", "split"), ("revive", "revived"))
    )
    say(f"Life cycle         {words}")


def _quality(figures: Mapping[str, float], say: Say) -> None:
    """Precision and recall against the simulation's truth."""
    precision, of_all = figures["pairwise_precision"], figures["pairwise_recall"]
    findable = figures.get("findable_pairwise_recall")
    if findable is None:
        say(f"Against the truth  precision {precision:.4f}, recall {of_all:.4f} of pairs of records")
        return
    pairs = "of the pairs that the exports allow to be found"
    say(f"Against the truth  precision {precision:.4f}, recall {findable:.4f} {pairs}")
    rest = "the others share nothing in any export"
    say(f"                   ({of_all:.4f} of all {figures['true_pairs']:,.0f} true pairs: {rest})")


def _publishes(connection: psycopg.Connection[Row], dates: Sequence[date], say: Say) -> None:
    for day, affected, rows in connection.execute(PUBLISHES, (list(dates),)):
        say(f"Published          night {day}: {affected:,} customers affected, {rows:,} mart rows written")


def _funnel(connection: psycopg.Connection[Row], say: Say) -> None:
    found = connection.execute(FUNNEL, ("cradle_to_grave",)).fetchall()
    if not found:
        return
    say("")
    widest = max(int(row[1]) for row in found) or 1
    for name, customers, rate in found:
        bar = "█" * round(30 * int(customers) / widest)
        share = f"{float(rate):6.1%}" if rate is not None else ""
        say(f"  {name:<32} {customers:>8,} {share:>7}  {bar}")
    say("")


def _places(last: date, say: Say) -> None:
    import warehouse
    from warehouse.server import binary

    home = stack_settings().home
    report = max((home / "reports").glob(f"*{last}*"), default=home / "reports")
    say(f"Report             {report}")
    say(f"Data-quality docs  {home / 'data_docs' / 'index.html'}")
    program, url = shlex.quote(str(binary("psql"))), shlex.quote(warehouse.warehouse_url())
    say("Tables             make psql, then \\dt marts.*  or  select * from marts.stage_funnel;")
    say(f"                   without make: {program} \\\n                   {url}")
    say("Next               make up: Airflow's UI    make url: for BI tools    make rollback: undo    make down: stop")


def _table(headings: Sequence[str], rows: Sequence[Row], say: Say) -> None:
    """Right-aligned figures under their headings; the first column is text."""
    cells = [[str(row[0]), *(f"{int(value or 0):,}" for value in row[1:])] for row in rows]
    widths = [max(len(line[i]) for line in [list(headings), *cells]) for i in range(len(headings))]
    for line in [list(headings), *cells]:
        first, *rest = line
        say(
            "  ".join(
                [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(rest, widths[1:], strict=True))]
            )
        )
    say("")
