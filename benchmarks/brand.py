"""How well a whole brand is resolved: one full night of all platforms, from export files to golden customers.

    python -m benchmarks.brand --customers 20000                 # simulate, load, build persons, resolve, measure
    python -m benchmarks.brand --customers 20000 --again         # only resolve and measure again what is loaded

Simulates the brand (simulator/, whose true persons are known), pulls every platform, builds the dbt layer `persons`,
resolves every record against every other and measures the accepted customers against the truth: of all pairs of one
person and of those that the exports allow to be found, by pair of platforms, by kind of evidence, false links and
missed pairs by cause, households that were taken for one person. Seconds and processor seconds (the embedded server's
included) of each step. Everything lies in a home of its own, so that nothing of another warehouse is touched.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

Steps = dict[str, dict[str, float]]
MARKER = "brand.json"


def main() -> None:
    options = _options()
    home = options.home or Path(os.environ.get("JOURNEYLINE_HOME") or ".journeyline") / "brand" / (
        f"{options.customers}-{options.seed}-{options.history}"
    )
    os.environ["JOURNEYLINE_HOME"] = str(home.resolve())
    for name in ("JOURNEYLINE_EXPORTS", "JOURNEYLINE_WAREHOUSE_URL", "JOURNEYLINE_SOURCES"):
        os.environ.pop(name, None)
    steps: Steps = {}
    try:
        figures = _run(options, home.resolve(), steps)
    finally:
        from warehouse import server

        server.stop()
    if options.output:
        options.output.write_text(json.dumps(figures | {"steps": steps}, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000, help="true persons")
    parser.add_argument("--history", type=int, default=120, help="days of history in the night")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, help="folder for exports, landing files and warehouse")
    parser.add_argument("--load-only", action="store_true", help="stop when the person records are built")
    parser.add_argument("--again", action="store_true", help="resolve and measure again what is loaded already")
    parser.add_argument("--jobs", type=int, help="platforms pulled at once; default: the cores")
    parser.add_argument("--output", type=Path, help="write the figures as JSON to this file too")
    return parser.parse_args()


def _run(options: argparse.Namespace, home: Path, steps: Steps) -> dict[str, Any]:
    import warehouse
    from benchmarks.brand_measure import measure, show
    from resolution import accept_run, resolve_night
    from simulator import SimulationSettings
    from simulator.settings import DEFAULT_FIRST_DATE

    wanted = {name: getattr(options, name) for name in ("customers", "history", "seed")}
    marker = home / MARKER
    if options.again:
        if not marker.is_file() or json.loads(marker.read_text()) != wanted:
            raise SystemExit(f"{marker} says that another brand, or none, is loaded here: leave out --again")
    else:
        if home.exists() and any(home.iterdir()):
            raise SystemExit(f"{home} is not empty: choose another --home, delete it, or add --again")
        settings = SimulationSettings(
            options.customers, 1, options.seed, warehouse.settings().exports, options.history, DEFAULT_FIRST_DATE
        )
        _load(settings, options.jobs, steps)
        marker.write_text(json.dumps(wanted))
        if options.load_only:
            return wanted
    date = DEFAULT_FIRST_DATE
    warehouse.migrate()
    with _timed("resolve", steps):
        run = resolve_night(date, retrain=options.again)
    with _timed("accept", steps):
        accept_run(run.run_id)
    print(
        f"{run.records_total:,} records, {run.pairs_compared:,} pairs compared, {run.edges_certain:,} certain and "
        f"{run.edges_probable:,} probable links, {run.customers_total:,} customers"
    )
    with _timed("measure", steps):
        figures = measure(warehouse.settings().exports / "_truth")
    show(figures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this process {peak:,.0f} MB; on disk {_gigabytes(home):.1f} GB")
    return {"run": run.to_dict(), "figures": figures, "peak_mb": round(peak)} | wanted


def _load(settings: Any, jobs: int | None, steps: Steps) -> None:
    """Exports, raw tables, person records."""
    import connectors
    import warehouse
    from connectors.parallel import pull_platforms
    from simulator import simulate

    with _timed("simulate", steps):
        summary = simulate(settings)
    print(f"  {summary.rows:,} rows in {summary.files} files, {summary.orders:,} orders", flush=True)
    with _timed("start warehouse", steps):
        warehouse.migrate()
    date: dt.date = settings.first_date
    with _timed("pull", steps):
        for pulled in pull_platforms(connectors.active_platforms(), date, jobs=jobs):
            print(f"  {pulled.line}", flush=True)
    with _timed("persons", steps):
        connectors.prepare_tables()
        warehouse.run_dbt("persons", date)


@contextmanager
def _timed(step: str, steps: Steps) -> Iterator[None]:
    began, busy = time.perf_counter(), _cpu_seconds()
    yield
    steps[step] = {"seconds": time.perf_counter() - began, "cpu": _cpu_seconds() - busy}
    print(f"{step:<16} {steps[step]['seconds']:8.1f} s {steps[step]['cpu']:8.1f} CPU s", flush=True)


def _cpu_seconds() -> float:
    """Processor seconds of this process, of its children (with theirs that ended) and of the embedded server."""
    import psutil

    from benchmarks.load import cpu_seconds

    own = os.times()
    total = cpu_seconds() + own.children_user + own.children_system
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            spent = child.cpu_times()
            total += spent.user + spent.system + spent.children_user + spent.children_system
    return total


def _gigabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9


if __name__ == "__main__":
    main()
