"""Command line of the simulator."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from simulator import SimulationSettings, SimulationSummary, SimulatorError, simulate
from simulator.settings import DEFAULT_FIRST_DATE

app = typer.Typer(add_completion=False, help="Write the nightly exports of a made-up brand, and the truth beside them.")
_DATES = ["%Y-%m-%d"]


@app.command()
def main(
    customers: Annotated[int, typer.Option(help="True persons who touch the brand.", min=1)],
    seed: Annotated[int, typer.Option(help="The same seed and settings give byte-identical files.", min=0)],
    output: Annotated[Path, typer.Option(help="Folder for the exports; must be empty or new.")],
    nights: Annotated[int | None, typer.Option(help="Number of nights; or give --end-date.", min=1)] = None,
    history_days: Annotated[int, typer.Option(help="Days of history in the first night.", min=1)] = 120,
    first_date: Annotated[
        datetime, typer.Option(formats=_DATES, help="Export date of the first night.")
    ] = datetime.combine(DEFAULT_FIRST_DATE, datetime.min.time()),
    end_date: Annotated[datetime | None, typer.Option(formats=_DATES, help="Export date of the last night.")] = None,
    faults: Annotated[
        str, typer.Option(help="on or off: duplicates, broken rows, late and re-delivered files.")
    ] = "on",
    platforms: Annotated[str, typer.Option(help="Platforms to write, with commas between; all by default.")] = "",
) -> None:
    """Simulate a brand."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    if faults not in ("on", "off"):
        raise typer.BadParameter("write on or off", param_hint="--faults")
    try:
        count = _nights(nights, first_date.date(), end_date.date() if end_date else None)
        named = tuple(name.strip() for name in platforms.split(",") if name.strip())
        settings = SimulationSettings(
            customers, count, seed, output, history_days, first_date.date(), faults == "on", platforms=named
        )
        columns = (
            TextColumn("{task.description:<46}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("starting", total=1)
            summary = simulate(
                settings, lambda what, done, of: bar.update(task, description=what, completed=done, total=of)
            )
    except SimulatorError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    _show(console, summary)


def _nights(nights: int | None, first: date, end: date | None) -> int:
    if end is None and nights is None:
        raise typer.BadParameter("give --nights or --end-date")
    if end is None:
        return int(nights or 1)
    if end < first:
        raise typer.BadParameter(f"{end} lies before the first date {first}", param_hint="--end-date")
    count = (end - first).days + 1
    if nights is not None and nights != count:
        raise typer.BadParameter(
            f"{nights} nights from {first} do not end on {end}: give one of the two", param_hint="--nights"
        )
    return count


def _show(console: object, summary: SimulationSummary) -> None:
    from rich.console import Console
    from rich.table import Table

    assert isinstance(console, Console)
    table = Table(title=f"Exports of {summary.first_date} to {summary.last_date}")
    for name in ("platform", "object"):
        table.add_column(name)
    for name in ("files", "rows", "MB"):
        table.add_column(name, justify="right")
    for item in summary.objects:
        table.add_row(item.platform, item.object, f"{item.files:,}", f"{item.rows:,}", f"{item.bytes / 1e6:,.1f}")
    table.add_section()
    table.add_row(
        "all", "", f"{summary.files:,}", f"{summary.rows:,}", f"{sum(o.bytes for o in summary.objects) / 1e6:,.1f}"
    )
    console.print(table)
    console.print(
        f"{summary.persons:,} persons in {summary.households:,} households, {summary.orders:,} orders, "
        f"{summary.stage_entries:,} steps, {summary.faults:,} planted faults, in {summary.seconds:.1f} s"
    )
    console.print(f"Exports: {summary.output}\nTruth:   {summary.output / '_truth'}")
