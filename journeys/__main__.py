"""Command line of the journey statistics: `python -m journeys --help`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The night's report.")


@app.callback()
def main() -> None:
    """Keeps `report` a command of its own while it is the only one."""


@app.command()
def report(
    export_date: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Export date of the night.")],
    evaluation: Annotated[
        Path | None, typer.Option(help="JSON of match quality against a known truth (resolution.evaluate).")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
) -> None:
    """Write the night's report (HTML) and say where it is."""
    import journeys

    try:
        path = journeys.write_report(export_date.date(), evaluation=evaluation)
    except journeys.JourneysError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None
    typer.echo(path)
    if open_it:
        typer.launch(path.as_uri())


if __name__ == "__main__":
    app()
