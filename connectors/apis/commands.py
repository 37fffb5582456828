"""Command line of cursors: `python -m connectors cursor …`."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

cursors = typer.Typer(
    no_args_is_help=True, help="How far the data of vendors' APIs reach, and from where to read again."
)
Target = Annotated[str, typer.Argument(help="PLATFORM or PLATFORM.OBJECT")]


def _split(target: str) -> tuple[str, str | None]:
    from connectors.contracts import find_object, load_contract
    from connectors.errors import ConnectorsError

    platform, _, object = target.partition(".")
    try:
        load_contract(platform)
        if object:
            find_object(platform, object)
    except ConnectorsError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from None
    return platform, object or None


@cursors.command()
def show(
    target: Annotated[str | None, typer.Argument(help="PLATFORM or PLATFORM.OBJECT; default: all")] = None,
) -> None:
    """The newest cursor of each object, endpoint and account."""
    from rich.console import Console
    from rich.table import Table

    import warehouse

    platform, object = _split(target) if target else (None, None)
    table = Table(title="Cursors", title_justify="left")
    for name in ("platform", "object", "connection", "endpoint", "account", "export date", "reaches", "token", "batch"):
        table.add_column(name, overflow="fold")
    found = warehouse.read_cursors(platform, object)
    for cursor in found:
        table.add_row(
            cursor.platform, cursor.object, cursor.connection, cursor.endpoint, cursor.account,
            cursor.export_date.isoformat(), str(cursor.state.get("time", "")), "yes" if "token" in cursor.state else "",
            str(cursor.batch_id),
        )  # fmt: skip
    if not found:
        typer.echo("There are no cursors: nothing has been pulled from a vendor's API, or all were reset.")
        return
    console = Console()
    console.width = max(console.width, 150)
    console.print(table)


@cursors.command()
def reset(
    target: Target,
    since: Annotated[
        str | None, typer.Option(help="Forget those of this export date and later only, like 2026-01-31.")
    ] = None,
) -> None:
    """Forget cursors: the next pull reads from the beginning, or from before --since. Rows stay as they are."""
    import warehouse

    platform, object = _split(target)
    try:
        day = dt.date.fromisoformat(since) if since else None
    except ValueError:
        typer.secho(f"{since!r} is no date; write it like 2026-01-31.", fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from None
    count = warehouse.reset_cursors(platform, object, day)
    typer.echo(f"{count} cursors of {target} are forgotten; what the next pull reads again is counted as unchanged.")
