"""Command line of what customers wrote: `python -m journeys alerts …`, `coding-sheet …`, `evaluate-text`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

alerts = typer.Typer(no_args_is_help=True, help="Complaints that may go viral, and what was decided about them.")
coding_sheet = typer.Typer(no_args_is_help=True, help="The sample of messages as a sheet that people code by hand.")

Who = Annotated[str, typer.Option("--by", help="Who acts.")]
What = Annotated[str | None, typer.Option("--decision", help="What was decided, in words.")]


@alerts.command("list")
def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """Print the alerts, newest first."""
    from rich.console import Console
    from rich.table import Table

    from journeys.text.decisions import read_alerts

    table = Table("alert", "kind", "channel", "raised", "risk", "reach", "answered", "state", "decision")
    for row in read_alerts(everything=everything):
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)


@alerts.command()
def acknowledge(alert_id: str, who: Who) -> None:
    """Take an alert on."""
    _note(alert_id, "acknowledged", who, None)


@alerts.command()
def decide(
    alert_id: str, who: Who, decision: Annotated[str, typer.Option("--decision", help="What was decided.")]
) -> None:
    """Write down what was decided about an alert."""
    _note(alert_id, "decided", who, decision)


@alerts.command()
def close(alert_id: str, who: Who, decision: What = None) -> None:
    """Close an alert."""
    _note(alert_id, "closed", who, decision)


def _note(alert_id: str, action: str, who: str, decision: str | None) -> None:
    import journeys
    from journeys.text.decisions import note_decision

    try:
        note_decision(alert_id, action, who, decision)
    except journeys.JourneysError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None
    typer.echo(f"{action}: alert {alert_id}")


@coding_sheet.command()
def export(path: Annotated[Path, typer.Argument(help="CSV to write.")]) -> None:
    """Write the sample (redacted) with blank columns for codes."""
    from journeys.text.decisions import export_sheet

    typer.echo(f"{export_sheet(path):,} messages → {path}")


@coding_sheet.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="CSV to read.", exists=True, dir_okay=False)],
    coder: Annotated[str, typer.Option("--coder", help="Who coded the sheet.")],
) -> None:
    """Read the codes of a sheet; later codes of the same person replace their earlier ones."""
    import journeys
    from journeys.text.decisions import import_sheet

    try:
        typer.echo(f"{import_sheet(path, coder):,} messages coded by {coder}")
    except journeys.JourneysError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None


def evaluate_text(
    truth: Annotated[
        Path | None, typer.Option(help="Parquet of known texts (the simulator's _truth/writings).")
    ] = None,
) -> None:
    """How often the scorer is right, per channel: against a known truth, else against the codes that people gave."""
    import journeys
    from journeys.text.evaluation import evaluate_labels
    from journeys.text.evaluation import evaluate_text as evaluate

    try:
        found = evaluate(truth) if truth is not None else evaluate_labels()
    except journeys.JourneysError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None
    typer.echo(f"{'aspect':<10} {'channel':<18} {'texts':>7} {'right':>7} {'answered':>9}")
    for one in found:
        typer.echo(f"{one.aspect:<10} {one.channel:<18} {one.texts:>7,} {one.right:>7.3f} {one.answered:>9.3f}")
