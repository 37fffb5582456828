"""Commands that work on the warehouse: night, accept, discard, status, explain, evaluate-warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Golden customers in the warehouse.", no_args_is_help=True)
NIGHTS = "The warehouse, night by night"
BOTH = "Files and the warehouse"
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def plain_errors() -> Iterator[None]:
    """Errors that a person can act on are one line, not a traceback."""
    from psycopg.errors import UndefinedTable

    from resolution.errors import ResolutionError
    from warehouse.errors import WarehouseError

    try:
        yield
    except (ResolutionError, WarehouseError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    except UndefinedTable as error:
        typer.echo(
            f"error: {error.diag.message_primary}; run `python -m warehouse migrate`, then "
            "`python -m warehouse dbt persons --date DATE`, which makes the person records",
            err=True,
        )
        raise typer.Exit(1) from None


@app.command(rich_help_panel=NIGHTS)
def night(
    date: Annotated[str, typer.Option(help="Export date, YYYY-MM-DD.")],
    full: Annotated[bool, typer.Option(help="Compare every record again, with the same parameters.")] = False,
    retrain: Annotated[bool, typer.Option(help="Learn new parameters first (implies --full).")] = False,
    accept: Annotated[bool, typer.Option(help="Accept the proposal at once, without an audit.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Propose tonight's golden customers from what changed."""
    from resolution.night import accept_run, resolve_night

    with plain_errors():
        result = resolve_night(_date(date), full=full, retrain=retrain)
        if accept and result.kind != "unchanged":
            accept_run(result.run_id)
    if as_json:
        typer.echo(json.dumps(result.to_dict()))
        return
    if result.kind == "unchanged":
        typer.echo(f"Nothing changed since run {result.run_id}: {result.customers_total} customers.")
        return
    typer.echo(
        f"Run {result.run_id} ({result.kind}) {'accepted' if accept else 'proposed'}: "
        f"{result.records_changed} of {result.records_total} records changed, {result.pairs_compared} pairs compared, "
        f"{result.edges_certain} certain and {result.edges_probable} probable links."
    )
    typer.echo(
        f"{result.customers_total} customers: {result.created_count} created, {result.merged_count} merged, "
        f"{result.split_count} split off, {result.revived_count} revived, {result.retired_count} retired; "
        f"churn {result.churn_rate:.2%}."
    )
    if not accept:
        typer.echo(
            f"Next: python -m expectations identities {result.run_id}, then python -m resolution accept {result.run_id}"
        )


@app.command(rich_help_panel=NIGHTS)
def accept(run_id: Annotated[int, typer.Argument(help="Number of the proposed run.")]) -> None:
    """Make a proposal the truth."""
    from resolution.night import accept_run

    with plain_errors():
        accept_run(run_id)
    typer.echo(f"Run {run_id} is accepted.")


@app.command(rich_help_panel=NIGHTS)
def discard(
    run_id: Annotated[int, typer.Argument(help="Number of the proposed run.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Throw a proposal away; identities stay as they are."""
    from resolution.night import discard_run

    with plain_errors():
        discard_run(run_id, reason)
    typer.echo(f"Run {run_id} is discarded.")


@app.command(rich_help_panel=NIGHTS)
def status(
    limit: Annotated[int, typer.Option(help="How many runs.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show the newest runs and what they did."""
    import warehouse
    from resolution.store.lookup import recent_runs

    with plain_errors(), warehouse.connect(name="resolution status") as connection:
        rows = recent_runs(connection, limit)
    if as_json:
        typer.echo(json.dumps(rows, default=str))
        return
    if not rows:
        typer.echo("No run yet. Start with: python -m resolution night --date YYYY-MM-DD")
        return
    typer.echo("  run  night       kind       status      records  changed  customers  +new  merged  split  churn")
    for r in rows:
        churn = "" if r["churn_rate"] is None else f"{r['churn_rate']:.2%}"
        typer.echo(
            f"{r['run_id']:5}  {r['export_date']}  {r['kind']:9}  {r['status']:9} {r['records_total']:9} "
            f"{r['records_changed']:8} {r['customers_total']:10} {r['created_count']:5} {r['merged_count']:7} "
            f"{r['split_count']:6}  {churn}"
        )


@app.command(rich_help_panel=BOTH)
def explain(
    left: Annotated[str | None, typer.Argument(help="Record: uuid, or platform|record_kind|source_record_id.")] = None,
    right: Annotated[str | None, typer.Argument(help="The other record.")] = None,
    customer: Annotated[str | None, typer.Option(help="A golden customer id instead of two records.")] = None,
    show_values: Annotated[bool, typer.Option("--show-values", help="Print personal values too.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write it as HTML to this file.")] = None,
    clusters: Annotated[
        Path | None, typer.Option(help="Output of `link`: explain linked files instead of the warehouse.")
    ] = None,
) -> None:
    """Say why two records are one person, or not, or what a customer consists of: of the warehouse, or of files."""
    if clusters is not None:
        from resolution.cli.judge import explain_files

        explain_files(clusters, left, right, customer, show_values, html)
        return
    from resolution.explanation import explain as explain_pair
    from resolution.explanation import explain_customer

    with plain_errors():
        if customer:
            explanation = explain_customer(customer, show_values=show_values)
        elif left and right:
            explanation = explain_pair(left, right, show_values=show_values)
        else:
            raise typer.BadParameter("give two records, or --customer ID")
    typer.echo(explanation.text)
    if html:
        html.write_text(explanation.html, encoding="utf-8")


@app.command("evaluate-warehouse", rich_help_panel=NIGHTS)
def evaluate_warehouse_command(
    truth: Annotated[Path, typer.Option(help="The simulation's _truth folder.")],
    as_json: JsonOption = False,
) -> None:
    """Compare the accepted customers with a simulation's truth."""
    from dataclasses import asdict

    from resolution.measure import evaluate_warehouse, format_evaluation

    with plain_errors():
        result = evaluate_warehouse(truth)
    typer.echo(json.dumps(asdict(result)) if as_json else format_evaluation(result))


def _date(text: str) -> str:
    import datetime as dt

    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write YYYY-MM-DD") from None
