"""`python -m warehouse`: the warehouse by hand. Everything a DAG does with it can be done here."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from warehouse.publish import PublishResult

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The warehouse: its server, its schema, its nights.")

Date = Annotated[
    dt.datetime, typer.Option("--date", "-d", formats=["%Y-%m-%d"], help="Export date of the night, YYYY-MM-DD.")
]


@app.command()
def url() -> None:
    """Print the address for psql, dbt and BI; starts the embedded server if it is down. It holds the password."""
    from warehouse.connection import warehouse_url

    print(warehouse_url())


@app.command()
def start() -> None:
    """Start the embedded server (made on the first call) and bring its schema up to date."""
    from warehouse import migrations, server

    address = server.start()
    applied = migrations.migrate()
    print(f"running on {address.split('@')[1]}" + (f", applied {', '.join(applied)}" if applied else ""))


@app.command()
def stop() -> None:
    """Stop the embedded server. Data stay where they are."""
    from warehouse import server

    print("stopped" if server.stop() else "was not running")


@app.command()
def migrate() -> None:
    """Apply schema migrations that the warehouse does not have yet."""
    from warehouse.migrations import migrate as run

    applied = run()
    print("\n".join(f"applied {name}" for name in applied) or "up to date")


@app.command()
def status(nights: Annotated[int, typer.Option(help="How many nights and publishes to show.")] = 7) -> None:
    """Show the server, the last nights, the last publishes and the sizes of the schemas."""
    from warehouse.status import show

    show(nights)


@app.command()
def dbt(
    layer: Annotated[str, typer.Argument(help="persons, touchpoints, marts or answers")],
    date: Date,
    full_refresh: Annotated[bool, typer.Option(help="Look at every row again, not only at what changed.")] = False,
    select: Annotated[
        str | None, typer.Option(help="Only these models of the layer (dbt selection); for trying out.")
    ] = None,
) -> None:
    """Build and test one layer of the dbt project for a night. Nothing new to read: dbt is not even started."""
    from warehouse.dbt import run_dbt

    result = run_dbt(layer, date.date(), full_refresh=full_refresh, select=select)
    if result.status == "unchanged":
        print(f"{layer}: nothing new to read")
    else:
        resumed = ", resumed after a failure" if result.resumed else ""
        print(f"{layer}: {result.nodes} nodes, {result.rows:,} rows written, {result.seconds:.1f} s{resumed}")


@app.command()
def sandbox(
    name: Annotated[str, typer.Argument(help="Yours: models go to the schema sandbox_<name>.")],
    select: Annotated[str, typer.Option(help="What to build (dbt selection).")] = "path:models/sandbox",
    drop: Annotated[bool, typer.Option("--drop", help="Drop the schema instead.")] = False,
) -> None:
    """Build models in a schema of your own, on what is published; the nights and BI see nothing of it."""
    from warehouse.sandbox import build_sandbox, drop_sandbox, sandbox_schema

    if drop:
        print(f"{sandbox_schema(name)}: {'dropped' if drop_sandbox(name) else 'was not there'}")
        return
    result = build_sandbox(name, select)
    for node in result.nodes:
        rows = "" if node.rows is None else f"{node.rows:>12,} rows"
        print(f"  {node.node_id.split('.')[2]:<48}{node.status:<9}{node.seconds:>6.1f} s{rows}")
    print(f"built in {result.schema}, {result.seconds:.1f} s")


@app.command()
def affected(
    date: Date, everyone: Annotated[bool, typer.Option(help="A full refresh: every customer.")] = False
) -> None:
    """Work out whom the night touches, and why."""
    from warehouse.affected import prepare_affected

    found = prepare_affected(date.date(), everyone=everyone)
    print(f"{found.affected:,} customers affected" + (" (everyone)" if found.everyone else ""))
    for reason, count in sorted(found.reasons.items()):
        print(f"  {reason:<12}{count:>12,}")


@app.command()
def publish(date: Date) -> None:
    """Publish the night that was built and audited: marts_next → marts, in one transaction, with undo."""
    from warehouse.publish import publish as run

    _print_publish(run(date.date()))


@app.command()
def rollback(
    publish_id: Annotated[
        int | None, typer.Argument(help="The publish to take back; by default the newest live one.")
    ] = None,
) -> None:
    """Take the newest publish back: the marts are again exactly what they were before it."""
    from warehouse.rollback import rollback as run

    _print_publish(run(publish_id))


def _print_publish(result: PublishResult) -> None:
    if result.status == "unchanged":
        print(f"night {result.export_date}: nobody affected, nothing to publish")
        return
    words = "published" if result.status == "published" else "rolled back"
    print(f"{words} {result.publish_id} of {result.export_date}: {result.affected:,} customers, {result.seconds:.1f} s")
    for change in result.tables:
        print(f"  {change.table:<32}{change.rows_deleted:>12,} rows out{change.rows_inserted:>12,} in")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the warehouse; further arguments are passed on (`python -m warehouse psql -c 'select 1'`)."""
    import os

    from psycopg.conninfo import conninfo_to_dict

    from warehouse.connection import warehouse_url
    from warehouse.server import binary

    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    parts = conninfo_to_dict(warehouse_url())
    # Through the environment: a password among the arguments would show in the list of processes.
    environment = {**os.environ, **{names[key]: str(value) for key, value in parts.items() if key in names}}
    program = str(binary("psql"))
    os.execve(program, [program, *context.args], environment)


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        app()
    except WarehouseError as error:
        typer.secho(f"{type(error).__name__}: {error}", fg=typer.colors.RED, err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
