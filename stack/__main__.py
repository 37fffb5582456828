"""Command line of the local system: `python -m stack up|down|run|night|build|status|psql|report|docs|clean|…`."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from stack.errors import StackError
from stack.settings import USER

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_show_locals=False)
Night = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Export date, YYYY-MM-DD.")]


class Engine(StrEnum):
    """Who runs a night."""

    airflow = "airflow"
    cli = "cli"


def say(text: str) -> None:
    """A line of progress for people, at once also where the output is a file."""
    print(text, flush=True)


@app.callback()
def main(verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the log of every step.")) -> None:
    """Everything the Makefile calls."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what this command started is stopped again
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )


@app.command()
def up(schedules: bool = typer.Option(False, help="Let the schedules' clock start runs by itself.")) -> None:
    """Start the warehouse and Airflow, wait until both are healthy, and leave them running."""
    from stack import system

    running = system.up(schedules=schedules, say=say)
    say(f"Airflow UI    {running.secrets.url}   user {USER}   password {running.secrets.password}")
    say("Warehouse     make psql   (address: make url)")
    say("A night       make night DATE=YYYY-MM-DD      Stop: make down")


@app.command()
def down() -> None:
    """Stop Airflow and the embedded warehouse; clears what a crash has left."""
    from stack import system

    system.down(say=say)


@app.command()
def run(
    customers: int = typer.Option(2000, min=1, help="True persons to simulate."),
    nights: int = typer.Option(4, min=1, help="Number of nights."),
    history_days: int = typer.Option(120, min=1, help="Days of history in the first night."),
    seed: int = typer.Option(7, min=0, help="The same seed gives the same files."),
) -> None:
    """Simulate a brand, run its nights through Airflow, print what was made. The warehouse stays up for psql."""
    from stack import demo

    demo.run(customers=customers, nights=nights, history_days=history_days, seed=seed, say=say)


@app.command()
def night(
    export_date: Night,
    engine: Annotated[Engine, typer.Option(help="airflow, or cli: the same steps without it.")] = Engine.airflow,
) -> None:
    """Run one night: through Airflow (started when it is down, stopped again afterwards), or by the command lines."""
    from stack import demo

    demo.night(export_date.date(), with_airflow=engine is Engine.airflow, say=say)


@app.command()
def build(export_date: Night) -> None:
    """Build, audit and publish the marts of a night again: after a change of seeds or models."""
    from stack import direct
    from stack.errors import NightFailedError
    from warehouse.errors import WarehouseError
    from warehouse.sessions import shared_session

    try:
        with shared_session():
            direct.build_marts(export_date.date(), say=say)
    except (NightFailedError, WarehouseError) as error:
        say(str(error))
        raise typer.Exit(1) from None


@app.command()
def status() -> None:
    """What runs, where its logs are, and what the last nights did."""
    from stack import system
    from stack.settings import stack_secrets, stack_settings

    settings = stack_settings()
    for part in system.components(settings):
        process = part.process()
        state = f"running, process {process.pid}" if process else "stopped"
        say(f"airflow {part.name:<14} {state}   log {part.log}")
    if system.is_up():
        say(f"airflow UI             {stack_secrets(settings).url}")
    sys.exit(subprocess.run([sys.executable, "-m", "warehouse", "status"]).returncode)


@app.command()
def psql() -> NoReturn:
    """Open psql on the warehouse."""
    from warehouse import warehouse_url
    from warehouse.server import binary

    program = str(binary("psql"))
    os.execv(program, [program, warehouse_url()])


@app.command()
def report(export_date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None) -> None:
    """Write the HTML report of a published night (default: the last one) and print where it is."""
    from stack import demo

    say(str(demo.report(export_date.date() if export_date else None)))


@app.command()
def docs() -> None:
    """Build dbt's model documentation and the data-quality documentation; print where they are."""
    from stack import documentation

    for title, path in documentation.build():
        say(f"{title:<14} {path}")


@app.command("check-dags")
def check_dags() -> None:
    """Read every DAG file as Airflow would; fail when one cannot be read."""
    from stack import check

    say(check.check_dags())


@app.command()
def clean() -> None:
    """Stop everything and delete JOURNEYLINE_HOME."""
    from stack import system

    system.clean(say=say)


def _plain(error: Exception) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    from warehouse.errors import WarehouseError

    try:
        app()
    except (StackError, WarehouseError) as error:
        _plain(error)
