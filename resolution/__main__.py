"""`python -m resolution`: link files, or run the identity part of a night."""

from __future__ import annotations

import logging

import typer

from resolution.cli.judge import app as judge_app
from resolution.cli.link import app as file_app

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_show_locals=False, help="Who is who: records to golden customers."
)
app.registered_commands += file_app.registered_commands + judge_app.registered_commands
try:
    from resolution.cli.night import app as night_app
    from resolution.cli.quality import app as quality_app
    from resolution.cli.steward import app as steward_app
except ModuleNotFoundError as error:
    if error.name not in ("resolution.cli.night", "resolution.cli.quality", "resolution.cli.steward"):
        raise
else:
    for one in (night_app, quality_app, steward_app):
        app.registered_commands += one.registered_commands


def main() -> None:
    """Entry point."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app()


if __name__ == "__main__":
    main()
