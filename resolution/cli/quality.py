"""Commands about the quality of identity runs: findings, allow-churn, quality."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from resolution.cli.night import NIGHTS

app = typer.Typer(help="How plausible identity runs are.", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(rich_help_panel=NIGHTS)
def findings(
    run_id: Annotated[int | None, typer.Argument(help="Run; the newest by default. Discarded ones too.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Name the worst few customers behind each figure that the gate judged (ids only)."""
    import warehouse
    from resolution.store import quality_book as store

    with warehouse.connect(name="resolution findings") as connection:
        rows = store.findings(connection, run_id)
    if as_json:
        typer.echo(json.dumps(rows, default=str))
        return
    if not rows:
        typer.echo("Nothing to find fault with.")
    for row in rows:
        keys = row["record_keys"]
        typer.echo(
            f"run {row['run_id']}  {row['finding']} #{row['place']}: {row['subject_kind']} {row['subject']}"
            f" ({row['figure']:g})"
        )
        if keys:
            typer.echo(f"    records: {' '.join(keys[:4])}{' …' if len(keys) > 4 else ''}")


@app.command("allow-churn", rich_help_panel=NIGHTS)
def allow_churn_command(
    share: Annotated[float, typer.Argument(help="Share of the known records, 0 to 1: 0.05 = 5 %.")],
    author: Annotated[str, typer.Option(help="Who gives leave.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Give leave that the next accepted run moves more records than the gate tolerates."""
    from resolution.errors import ResolutionError
    from resolution.quality import allow_churn

    try:
        allow_churn(share, author, reason)
    except ResolutionError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"The next accepted run may move up to {share:.4g} of the known records. Now run the night again.")


@app.command(rich_help_panel=NIGHTS)
def quality(
    limit: Annotated[int, typer.Option(help="How many runs.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show the quality of the newest runs over time."""
    import warehouse
    from resolution.store.quality_book import quality_trend

    with warehouse.connect(name="resolution quality") as connection:
        rows = quality_trend(connection, limit)
    typer.echo(json.dumps(rows, default=str) if as_json else format_trend(rows))


@app.command("evaluate-households")
def evaluate_households_command(
    truth: Annotated[Path, typer.Option(help="The simulation's _truth folder.")],
    as_json: JsonOption = False,
) -> None:
    """Compare the accepted households with a simulation's truth."""
    from resolution.errors import ResolutionError
    from resolution.household_measure import evaluate_households, format_households, to_dict

    try:
        result = evaluate_households(truth)
    except ResolutionError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(json.dumps(to_dict(result)) if as_json else format_households(result))


TREND = (
    ("run", "run_id", "{}"),
    ("night", "export_date", "{}"),
    ("kind", "kind", "{}"),
    ("status", "status", "{}"),
    ("customers", "customers_total", "{:,}"),
    ("records/customer", "records_per_customer", "{:.2f}"),
    ("several", "multi_record_rate", "{:.1%}"),
    ("churn", "churn_rate", "{:.2%}"),
    ("merged", "merged_count", "{:,}"),
    ("split", "split_count", "{:,}"),
    ("largest", "largest_customer", "{:,}"),
    ("names", "customers_many_given_names", "{:,}"),
    ("births", "customers_several_birth_dates", "{:,}"),
    ("bridges", "customers_weakly_bridged", "{:,}"),
)


def format_trend(rows: list[dict[str, object]]) -> str:
    """Rows of identity.quality_over_time as a table for people."""
    cells = [[heading for heading, _, _ in TREND]]
    for row in rows:
        cells.append(["" if row[column] is None else form.format(row[column]) for _, column, form in TREND])
    widths = [max(len(line[i]) for line in cells) for i in range(len(TREND))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
