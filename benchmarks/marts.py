"""What the marts cost: a full build model by model, nights of one per cent, and every question's SQL.

    python -m benchmarks.marts [--customers 20000] [--touchpoints 400000] [--nights 2] [--share 0.01] [--keep]
    python -m benchmarks.marts --customers 1000000 --touchpoints 20000000        # the size that the project promises
    python -m benchmarks.marts --heavy 100000              # and two customers who may stall nothing: bot, person
    python -m benchmarks.marts --home /somewhere --keep                          # and later, with what changed since:
    python -m benchmarks.marts --home /somewhere --keep --again full|nights|questions

Makes a brand straight in the tables that the marts read (benchmarks/marts_brand.py), in a home and an embedded server
of its own, then runs the steps of a night through the product's own functions. Wall seconds depend on what else the
machine does; CPU seconds (this process and the server) are the figure to compare. The bound of a sort or a hash is
work_mem; what did not fit went to temporary files, which PostgreSQL counts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.identity_night import server_seconds
from benchmarks.marts_brand import END, BrandInTables


@dataclass(frozen=True)
class Cost:
    """One step: wall and processor seconds, temporary files in MB, and the dbt run it made (if any)."""

    name: str
    wall: float
    cpu: float
    temporary: float
    build_seq: int | None = None


def _measured(name: str, step: Callable[[], Any]) -> Cost:
    wall, own, server, temporary = time.monotonic(), time.process_time(), server_seconds(), _temporary()
    result = step()
    return Cost(
        name,
        time.monotonic() - wall,
        time.process_time() - own + server_seconds() - server,
        _temporary() - temporary,
        getattr(result, "build_seq", None),
    )


def _temporary() -> float:
    """MB of temporary files written so far in this database."""
    import warehouse

    with warehouse.connect(autocommit=True, name="journeyline benchmark") as connection:
        row = connection.execute(
            "select coalesce(sum(temp_bytes), 0) / 1e6 from pg_stat_database where datname = current_database()"
        ).fetchone()
    return float(row[0]) if row else 0.0


def _build(date: Any, *, everyone: bool = False) -> list[Cost]:
    """The steps of a night from the affected customers to the publish."""
    import journeys
    import warehouse

    return [
        _measured("affected", lambda: warehouse.find_affected(date, everyone=everyone)),
        _measured("marts", lambda: warehouse.run_dbt("marts", date)),
        _measured("statistics", lambda: journeys.compute(date)),
        _measured("answers", lambda: warehouse.run_dbt("answers", date)),
        _measured("publish", lambda: warehouse.publish(date)),
    ]


def _print_costs(title: str, costs: list[Cost]) -> None:
    print(f"\n{title}")
    print(f"  {'step':<14}{'wall s':>10}{'CPU s':>10}{'temporary MB':>14}")
    for cost in [*costs, _total(costs)]:
        print(f"  {cost.name:<14}{cost.wall:>10.1f}{cost.cpu:>10.1f}{cost.temporary:>14,.0f}")


def _total(costs: list[Cost]) -> Cost:
    return Cost("all", sum(c.wall for c in costs), sum(c.cpu for c in costs), sum(c.temporary for c in costs))


def _print_models(costs: list[Cost], limit: int) -> None:
    import warehouse

    builds = [cost.build_seq for cost in costs if cost.build_seq is not None]
    with warehouse.connect(name="journeyline benchmark") as connection:
        rows = connection.execute(
            "select layer, split_part(node_id, '.', 3), seconds, coalesce(rows, 0) from ops.node_results where"
            " build_seq = any(%s) and (node_id like 'model.%%' or seconds > 1) order by seconds desc limit %s",
            (builds, limit),
        ).fetchall()
    print(f"\n  {'model':<44}{'layer':<10}{'wall s':>9}{'rows':>14}")
    for layer, name, seconds, count in rows:
        print(f"  {name[:43]:<44}{layer:<10}{seconds:>9.2f}{count:>14,}")


def _ask() -> None:
    """Every question's SQL, twice: the second time is what BI feels when somebody has just looked."""
    from journeys.questions import ask_all, load_questions

    questions = [question for question in load_questions() if question.sql]
    if not questions:
        return
    ask_all(questions)
    answers = sorted(ask_all(questions), key=lambda answer: -answer.seconds)
    quick = sum(answer.seconds < 0.2 for answer in answers) / len(answers)
    print(f"\n{len(answers)} questions: slowest {answers[0].seconds * 1000:,.0f} ms, {quick:.0%} under 200 ms")
    for answer in answers[:12]:
        question = answer.question
        print(
            f"  {question.number:>3} {question.room:<14}{answer.seconds * 1000:>9,.0f} ms  {', '.join(question.tables)}"
        )


def _prepare() -> None:
    """Empty tables in their real shape: the two layers below the marts, run on no rows."""
    import connectors
    import journeys
    import warehouse

    warehouse.migrate()
    connectors.prepare_tables()
    for layer in ("persons", "touchpoints"):
        warehouse.run_dbt(layer, END)
    journeys.score_messages(END)


def _fill(connection: Any, brand: BrandInTables) -> None:
    import journeys

    began = time.monotonic()
    for part in brand.fill():
        print(f"  made {part:<20}{time.monotonic() - began:>8.1f} s", flush=True)
    scored = _measured("score", lambda: journeys.score_messages(END))
    print(f"  scored messages       {scored.wall:>8.1f} s, {scored.cpu:.1f} s of processor time", flush=True)
    connection.commit()


def _print_disk() -> None:
    import warehouse

    with warehouse.connect(name="journeyline benchmark") as connection:
        rows = connection.execute(
            "select n.nspname, sum(pg_table_size(c.oid)) / 1e9, sum(pg_indexes_size(c.oid)) / 1e9 from pg_class as c"
            " join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'r' group by 1"
            " having sum(pg_total_relation_size(c.oid)) > 1e8 order by 2 desc"
        ).fetchall()
    shown = ", ".join(f"{name} {tables:.1f} + {indexes:.1f}" for name, tables, indexes in rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\ntables + indexes, GB: {shown}; peak memory of this process {peak:.2f} GB")


def _print_heavy() -> None:
    """The three customers with most touchpoints: who is taken for a bot, and moves no stage."""
    import warehouse

    with warehouse.connect(name="journeyline benchmark") as connection:
        rows = connection.execute(
            "select count(*), bool_or(is_suspected_bot), count(stage_key) from marts.fct_touchpoints"
            " group by golden_customer_id order by 1 desc limit 3"
        ).fetchall()
    for touchpoints, suspected, staged in rows:
        what = "suspected bot" if suspected else "taken for a person"
        print(f"customer with {touchpoints:,} touchpoints: {what}, {staged:,} of them in stages")


def _costs_file() -> Path:
    return Path(os.environ["JOURNEYLINE_HOME"]) / "benchmark.json"


def _share(costs: list[Cost], full: list[Cost], what: Callable[[Cost], float], *names: str) -> float:
    night, whole = (sum(what(cost) for cost in one if not names or cost.name in names) for one in (costs, full))
    return night / whole if whole else 0.0


def _full(models: int) -> list[Cost]:
    import warehouse

    with warehouse.connect(name="journeyline benchmark") as connection:
        row = connection.execute("select max(export_date) from ops.publish_log where status = 'live'").fetchone()
    costs = _build((row and row[0]) or END, everyone=True)
    _print_costs("Full build", costs)
    _print_models(costs, models)
    _print_disk()
    _costs_file().write_text(json.dumps([asdict(cost) for cost in costs]))
    return costs


def _nights(brand: BrandInTables, nights: int, share: float, models: int, full: list[Cost]) -> None:
    first = brand.nights_so_far() + 1
    for number in range(first, first + nights):
        date = brand.night(number, share)
        costs = _build(date)
        _print_costs(f"Night {number}, {share:.1%} of the customers changed", costs)
        _print_models(costs, models // 2)
        dbt = ("marts", "answers")
        print(
            f"\nNight {number} took {_share(costs, full, lambda c: c.cpu):.1%} of the full build's CPU and"
            f" {_share(costs, full, lambda c: c.wall):.1%} of its wall time (its dbt layers"
            f" {_share(costs, full, lambda c: c.cpu, *dbt):.1%} and {_share(costs, full, lambda c: c.wall, *dbt):.1%})",
            flush=True,
        )


def run(
    customers: int, touchpoints: int, nights: int, share: float, models: int, again: str | None, heavy: int
) -> None:
    import warehouse

    if again is None:
        _prepare()
    with warehouse.connect(name="journeyline benchmark") as connection:
        if again is not None:
            row = connection.execute(
                "select (select count(*) from identity.golden_customers),"
                " (select count(*) from intermediate.int_touchpoints)"
            ).fetchone()
            assert row is not None
            customers, touchpoints = row
        row = connection.execute("select current_setting('work_mem'), current_setting('shared_buffers')").fetchone()
        assert row is not None
        print(f"{customers:,} customers, {touchpoints:,} touchpoints; work_mem {row[0]}, shared_buffers {row[1]}")
        brand = BrandInTables(connection, customers, touchpoints, heavy)
        connection.commit()
        if again is None:
            _fill(connection, brand)
        if again in (None, "full"):
            full = _full(models)
            if heavy:
                _print_heavy()
        else:
            full = [Cost(**cost) for cost in json.loads(_costs_file().read_text())]
        if again != "questions":
            _nights(brand, nights, share, models, full)
    _ask()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--touchpoints", type=int, default=400_000)
    parser.add_argument("--nights", type=int, default=2)
    parser.add_argument("--share", type=float, default=0.01, help="customers that a night changes")
    parser.add_argument("--heavy", type=int, default=0, help="touchpoints of one crawler, beside the others")
    parser.add_argument("--models", type=int, default=40, help="how many models to list, the slowest first")
    parser.add_argument("--home", type=Path, help="where the server lives; default: a temporary folder")
    parser.add_argument("--keep", action="store_true", help="leave home and server as they are")
    parser.add_argument(
        "--again",
        choices=("full", "nights", "questions"),
        help="what to do with the brand that an earlier run kept in --home: build everything (and nights), only nights"
        " (compared with the last full build), or only ask",
    )
    given = parser.parse_args()
    if given.again and not (given.home and given.keep):
        parser.error("--again needs the --home that an earlier run kept, and --keep")
    home = given.home or Path(tempfile.mkdtemp(prefix="journeyline-marts-"))
    os.environ["JOURNEYLINE_HOME"] = str(home)
    os.environ.pop("JOURNEYLINE_WAREHOUSE_URL", None)
    from warehouse import server

    try:
        run(given.customers, given.touchpoints, given.nights, given.share, given.models, given.again, given.heavy)
    finally:
        if given.keep:
            print(f"\nleft in {home}: stop the server with JOURNEYLINE_HOME={home} python -m warehouse stop")
        else:
            server.stop()
            if given.home is None:
                import shutil

                shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
