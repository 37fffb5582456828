"""Running one layer of the dbt project: persons, touchpoints, marts or answers.

dbt runs inside this process (dbtRunner), not in a child: Airflow runs each task in a process of its own, and when that
is killed dbt must die with it; a child would go on writing. dbt resets its adapters at each invocation, so several
layers may follow each other in one process.

The project is parsed with its default vars (dbt_parse), then built with the night's vars: dbt's partial parsing starts
from nothing whenever a var changes, and a date changes every night. Seeds are loaded and staging views made only when
their files changed: both would otherwise cost more than the rows of a quiet night.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any

from warehouse.clock import night_clock
from warehouse.connection import connect
from warehouse.errors import DbtLayerError
from warehouse.locks import night_lock
from warehouse.rules import rules_hash, rules_number
from warehouse.runlog import run_log
from warehouse.settings import settings
from warehouse.watermarks import is_refit_night, read_sources, read_watermarks, write_watermarks

log = logging.getLogger(__name__)

LAYERS = ("persons", "touchpoints", "marts", "answers")
MART_LAYERS = ("marts", "answers")


@dataclass(frozen=True, slots=True)
class DbtResult:
    """One layer's outcome. status: built | unchanged (nothing new to read; dbt was not started)."""

    layer: str
    export_date: dt.date
    status: str
    build_seq: int | None = None
    nodes: int = 0
    rows: int = 0
    seconds: float = 0.0
    full_refresh: bool = False
    resumed: bool = False


def run_dbt(
    layer: str, export_date: dt.date | str, *, full_refresh: bool = False, select: str | None = None
) -> DbtResult:
    """Build and test one layer; what it has read is noted in ops.watermarks when all of it succeeded.

    full_refresh  look at every row again; also chosen when the layer's rules changed since its last success
    select        dbt selection inside the layer, for work by hand: always runs, moves no watermark

    A date older than the newest live publish: the layer is built with that publish's clock (clock.night_clock).
    Nothing new to read and the rules unchanged: returns status `unchanged` without importing dbt.
    After a failed attempt of the same layer, date and rules only the failed part is run again.
    Raises DbtLayerError with the failing node.
    """
    if layer not in LAYERS:
        raise DbtLayerError(f"There is no layer {layer!r}: choose one of {', '.join(LAYERS)}.")
    with connect(name=f"journeyline dbt {layer}") as connection:
        date = night_clock(connection, export_date)
    with night_lock(f"dbt:{layer}", wait_seconds=600), run_log(date, layer) as figures:
        result = _run(layer, date, full_refresh, select)
        figures.update(
            outcome=result.status, nodes=result.nodes, rows=result.rows, seconds=round(result.seconds, 2),
            full_refresh=result.full_refresh, resumed=result.resumed,
        )  # fmt: skip
    return result


def _run(layer: str, date: dt.date, full_refresh: bool, select: str | None) -> DbtResult:
    rules, seeds = rules_number(rules_hash(layer)), rules_number(rules_hash("seeds"))
    with connect(name=f"journeyline dbt {layer}") as connection:
        sources = read_sources(connection, layer)
        marks = read_watermarks(connection, f"dbt:{layer}")
        seeded = read_watermarks(connection, "dbt:seeds").get("seeds") == seeds
        views_missing = layer == "persons" and _views_missing(connection)
        refit = layer in MART_LAYERS and is_refit_night(connection)
    if select is None and not full_refresh and seeded and _nothing_new(layer, {**sources, "rules": rules}, marks):
        log.info("layer %s: nothing new to read", layer)
        return DbtResult(layer, date, "unchanged")
    if layer == "answers":
        _require_facts(sources)
    # Old rows may come out differently under changed rules: everything is looked at again.
    everything = full_refresh or marks.get("rules") not in (None, rules)
    from warehouse.dbt_invocation import Invocation  # dbt itself takes seconds to import

    # A mart's table that is made anew takes the views above it with it.
    with_views = marks.get("rules") != rules or select is not None or views_missing or layer in MART_LAYERS
    invocation = Invocation(
        layer,
        date,
        everything,
        sources,
        rules,
        select=select,
        with_seeds=not seeded,
        with_views=with_views,
        refit=refit,
        check_contracts=select is not None or everything or marks.get("rules") != rules,
    )
    outcome = invocation.run()
    with connect(name=f"journeyline dbt {layer}") as connection:
        if invocation.with_seeds:
            write_watermarks(connection, "dbt:seeds", {"seeds": seeds})
        if select is None:
            # built: what keeps notes from run to run (int_records_touched) learns where this one ended
            marks = {**invocation.sources, "rules": rules, "built": invocation.build_seq}
            write_watermarks(connection, f"dbt:{layer}", marks)
    return DbtResult(
        layer, date, "built", invocation.build_seq, len(outcome.nodes), outcome.rows, outcome.seconds,
        everything, invocation.resumed,
    )  # fmt: skip


def _require_facts(sources: dict[str, int]) -> None:
    """Answers add this night's facts to the published rest: facts of other customers would count them twice."""
    with connect(name="journeyline dbt answers") as connection:
        built = read_watermarks(connection, "dbt:marts")
    if (built.get("affected"), built.get("affected_count")) != (sources["affected"], sources["affected_count"]):
        raise DbtLayerError(
            "marts_next holds the facts of other customers than the night in preparation names: build the layer marts"
            " first (`python -m warehouse dbt marts`)."
        )


def _views_missing(connection: Any) -> bool:
    """Whether a staging model has no view: somebody dropped it, or the raw table under it."""
    names = [path.stem for path in (settings().dbt_project / "models" / "staging").rglob("*.sql")]
    row = connection.execute(
        "select count(*) from pg_class where relnamespace = to_regnamespace('staging') and relname = any(%s)", (names,)
    ).fetchone()
    return row != (len(names),)


def _nothing_new(layer: str, now: dict[str, int], before: dict[str, int]) -> bool:
    """Whether the layer would only repeat itself. Nobody affected: marts of customers stand, whatever moved."""
    if layer in MART_LAYERS and now["affected_count"] == 0:
        # affected_count: what the night before left in marts_next must go, or answers would count it twice
        names = ("rules", "affected_count", "int_channel_metrics", "planning", "fits")
        return all(before.get(name) == now.get(name) for name in names)
    return now == {name: seq for name, seq in before.items() if name != "built"}
