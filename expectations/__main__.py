"""Command line of the gate: `python -m expectations --help`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from expectations.results import CheckResult, GateResult

app = typer.Typer(no_args_is_help=True, help="Audit batches, identities and marts; look at earlier audits.")
_MARKS = {"critical": "[red]✕ critical[/]", "warning": "[yellow]! warning[/]", "info": "[cyan]i info[/]"}

Answer = TypeVar("Answer")
ShowAll = Annotated[bool, typer.Option("--all", help="Show checks that passed, too.")]
Night = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Export date of the night.")]


@app.command()
def batch(
    batch_ids: Annotated[list[int], typer.Argument(help="Batches to audit (ops.batch_ledger).")],
    show_all: ShowAll = False,
) -> None:
    """Audit landed batches; they become `audited` or `rejected`."""
    import expectations

    _finish(_guarded(lambda: expectations.audit_batches(batch_ids, raise_on_fail=False)), show_all)


@app.command()
def identities(run_id: int, show_all: ShowAll = False) -> None:
    """Audit what an identity run proposes."""
    import expectations

    _finish(_guarded(lambda: [expectations.audit_identities(run_id, raise_on_fail=False)]), show_all)


@app.command()
def marts(export_date: Night, show_all: ShowAll = False) -> None:
    """Audit the night's rows in marts_next."""
    import expectations

    _finish(_guarded(lambda: [expectations.audit_marts(export_date.date(), raise_on_fail=False)]), show_all)


@app.command()
def history(
    point: Annotated[str | None, typer.Option(help="batch, identities or marts.")] = None,
    subject: Annotated[str | None, typer.Option(help="Batch id, identity run id or export date.")] = None,
    export_date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    limit: int = 30,
    show_all: ShowAll = False,
) -> None:
    """Earlier audits, newest first; with --subject also their checks."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from expectations.history import audits, checks

    night = export_date.date() if export_date else None
    found = audits(point=point, subject=subject, export_date=night, limit=limit)
    table = Table("Result", "Audit", "Night", "Failed", "Made (UTC)")
    for audit in found:
        result = _MARKS[audit.worst_severity] if audit.worst_severity else "[green]✓ passed[/]"
        failed = f"{audit.critical + audit.warning + audit.info} of {audit.checks}"
        title = f"{audit.title} {audit.what}".strip()
        table.add_row(result, escape(title), str(audit.export_date or ""), failed, f"{audit.run_at:%m-%d %H:%M}")
    Console().print(table if found else "No audit matches.")
    if subject and found:
        _show(found[0].title, checks(found[0]), show_all)


@app.command()
def docs() -> None:
    """Write the data-quality documentation (HTML) and say where it is."""
    from expectations.docs import build_docs

    typer.echo(build_docs())


@app.command()
def suites() -> None:
    """Check all suite files, the types and arguments of their expectations included, and list them."""
    from rich.console import Console
    from rich.table import Table

    from expectations.engine import validate_suite
    from expectations.suites import load_all

    table = Table("Suite", "Layer", "Platform", "Checks", "Description")
    for suite in _guarded(load_all):
        _guarded(lambda suite=suite: validate_suite(suite))  # type: ignore[misc]
        count = len(suite.checks) + sum(len(section.checks) for section in suite.objects.values())
        table.add_row(suite.suite, suite.layer, suite.platform or "all", str(count), suite.description)
    Console().print(table)


def _guarded(call: Callable[[], Answer]) -> Answer:
    """Expected errors as one message and exit code 2, without a traceback."""
    from expectations.errors import ExpectationsError

    try:
        return call()
    except ExpectationsError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None


def _finish(results: list[GateResult], show_all: bool) -> None:
    for result in results:
        _show(result.label, list(result.checks), show_all)
    if not all(result.passed for result in results):
        raise typer.Exit(1)


def _show(title: str, checks: list[CheckResult], show_all: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("Result", "Check", "Found", "In words", title=escape(title), title_justify="left")
    shown = [check for check in checks if show_all or not check.passed]
    for check in shown:
        name = f"{check.suite}.{check.check}" + (f"\n({check.column})" if check.column else "")
        mark = "[green]✓ passed[/]" if check.passed else _MARKS[check.severity]
        table.add_row(mark, escape(name), escape(check.observed or ""), escape(check.message))
    passed = sum(check.passed for check in checks)
    Console().print(table if shown else f"{escape(title)}:", f"{passed} of {len(checks)} checks passed.")


if __name__ == "__main__":
    app()
