"""Commands of those who look after customers: review, decide, unmerge, lineage, rollback, forget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from resolution.cli.night import BOTH, JsonOption, plain_errors

app = typer.Typer(no_args_is_help=True)
STEWARDS = "Customers and their ids"
APPLIES = "the next night applies it: python -m resolution night --date YYYY-MM-DD"
Author = Annotated[str, typer.Option(help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision. No personal data.")]
RecordOrCustomer = typer.Argument(help="Record (uuid or platform|record_kind|source_record_id) or golden customer id.")


@app.command(rich_help_panel=BOTH)
def review(
    clusters: Annotated[
        Path | None, typer.Argument(help="What `link` wrote; without it, the customers of the warehouse.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the questions go, .csv (of files also .parquet).")] = Path(
        "review.csv"
    ),
    limit: Annotated[int, typer.Option(min=1, help="How many pairs.")] = 50,
    show_values: Annotated[bool, typer.Option("--show-values", help="Write both records' values beside it.")] = False,
) -> None:
    """List the borderline pairs whose decision is worth most; answers go back by `decide --file` (of files: `link`)."""
    if clusters is not None:
        from resolution.cli.judge import review_linked

        review_linked(clusters, output, limit, show_values)
        return
    from resolution.review_queue import review_queue, write_review

    if output.suffix.lower() != ".csv":
        raise typer.BadParameter("questions of the warehouse are written as .csv", param_hint="--output")
    with plain_errors():
        rows = review_queue(limit)
        write_review(output, rows, show_values=show_values)
    if not rows:
        typer.echo(f"nothing to ask: no pair is doubtful. {output} is empty")
        return
    typer.echo(f"{len(rows)} pairs written to {output}, the most valuable answer first")
    typer.echo("write `same` or `different` into the column verdict (leave the rest blank), then:")
    typer.echo(f'  python -m resolution decide --file {output} --author YOU --reason "reviewed"')


@app.command(rich_help_panel=STEWARDS)
def decide(
    left: Annotated[str | None, RecordOrCustomer] = None,
    right: Annotated[str | None, RecordOrCustomer] = None,
    verdict: Annotated[str | None, typer.Option(help="same or different.")] = None,
    author: Author = "",
    reason: Reason = "",
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the decision about this pair back.")] = False,
    file: Annotated[
        Path | None, typer.Option(help="CSV with left,right,verdict,author,reason: many at once, or a review.")
    ] = None,
) -> None:
    """Decide that two records, or two customers, are the same person or are not; no model overrides it."""
    from resolution import decisions

    with plain_errors():
        if file:
            given = decisions.read_decisions(file, author, reason)
            added = decisions.store_decisions(given, "review" if file.suffix == ".csv" else "command")
            typer.echo(f"{added} decisions stored ({len(given)} in {file}); {APPLIES}")
            return
        if not (left and right):
            raise typer.BadParameter("give two records or customers, or --file CSV")
        if revoke:
            found = decisions.revoke(left, right, author, reason)
            typer.echo(f"Revoked; {APPLIES}" if found else "There is no decision about this pair.")
            return
        one = decisions.make_decision(left, right, verdict or "", author, reason)
        added = decisions.store_decisions([one])
        typer.echo(f"Stored; {APPLIES}" if added else "This decision is already in force.")
        for line in decisions.obstacles(one):
            typer.echo(line)


@app.command(rich_help_panel=STEWARDS)
def unmerge(
    customer: Annotated[str, typer.Argument(help="Golden customer id that is several persons.")],
    record: Annotated[list[str] | None, typer.Option(help="A record that is somebody else's; may be repeated.")] = None,
    author: Author = "",
    reason: Reason = "",
) -> None:
    """Take a customer's newest merge apart (or part the given records from the rest), for good."""
    from resolution.undo import unmerge as run

    with plain_errors():
        done = run(customer, author, reason, record or ())
    sizes = " and ".join(str(len(part)) for part in done.parts)
    typer.echo(f"{done.decisions} decisions stored that keep parts of {sizes} records apart; {APPLIES}")


@app.command(rich_help_panel=STEWARDS)
def lineage(
    customer: Annotated[str, typer.Argument(help="Any golden customer id ever issued.")], as_json: JsonOption = False
) -> None:
    """Tell the life of a golden id: created, merged, split, back again; whose records it had, where they are now."""
    from resolution.lineage import lineage as read
    from resolution.lineage import lineage_text

    with plain_errors():
        life = read(customer)
    typer.echo(json.dumps(life, default=str, indent=2) if as_json else lineage_text(life))


@app.command(rich_help_panel=STEWARDS)
def rollback(run_id: Annotated[int, typer.Argument(help="Accepted run; `status` lists them.")]) -> None:
    """Restore the identities as they were before a run: a new run with events; nothing is deleted."""
    from resolution.undo import rollback as run

    with plain_errors():
        done = run(run_id)
    if done.run_id is None:
        typer.echo(f"Nothing to do: every record has the golden id that it had before run {run_id}.")
        return
    typer.echo(f"Run {done.run_id} restored the identities before run {run_id}: {done.records_moved} records moved.")
    typer.echo(
        "Evidence and decisions stand as they are. Correct what was wrong (an export, a setting, a decision) before "
        "the next night, or it may come to the same answer; `unmerge` holds single customers apart."
    )


@app.command(rich_help_panel=STEWARDS)
def forget(
    customer: Annotated[str, typer.Argument(help="Any golden customer id of the person.")],
    author: Author = "",
    reason: Annotated[str, typer.Option(help="Why, such as a ticket's number. No personal data.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase a customer from every layer for ever, and keep the same person out of later exports. Safe to repeat."""
    from dataclasses import asdict

    from resolution.forgetting import forget as run

    if not yes:
        typer.confirm("This deletes everything known of the person and cannot be undone. Go on?", abort=True)
    with plain_errors():
        done = run(customer, author, reason)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    if done.already:
        typer.echo(f"Customer {done.golden_customer_id} was erased before (erasure {done.erasure_id}); nothing to do.")
        return
    typer.echo(f"Customer {done.golden_customer_id} is erased (erasure {done.erasure_id}); its id never comes back.")
    for table, count in sorted(done.rows.items()):
        typer.echo(f"  {table:<56}{count:>10,} rows")
    typer.echo(
        f"{done.denied} identifiers are on the deny-list: rows of later exports that hold one stay out, counted."
    )
    typer.echo("Figures of whole tables (funnels, channels) follow when the next night publishes.")
    if done.files:
        typer.echo("Copies of exports that may still hold the person; delete them when your retention allows:")
        for file in done.files:
            typer.echo(f"  {file}")
