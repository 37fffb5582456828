"""Command line of connectors."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

import connectors
from connectors.apis.commands import cursors
from connectors.errors import ConnectorsError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Platform exports: contracts, landing, pulling.")
app.add_typer(cursors, name="cursor")
DateOption = Annotated[str, typer.Option("--export-date", "-d", help="The night to pull, like 2026-01-31.")]
ExportsOption = Annotated[
    str | None, typer.Option("--exports", help="Folder or address of the exports; default: as sources.yml says.")
]


def _stop(error: Exception) -> typer.Exit:
    typer.secho(str(error), fg=typer.colors.RED, err=True)
    return typer.Exit(2)


@app.command("list")
def list_platforms(
    platform: Annotated[str | None, typer.Option("--platform", "-p", help="Only this platform.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Every platform and object: where its exports lie here, and what became of its last batch."""
    from connectors.inventory import inventory
    from connectors.reporting import print_inventory

    try:
        entries, reason = inventory(platform)
    except ConnectorsError as error:
        raise _stop(error) from None
    if as_json:
        import json

        typer.echo(json.dumps([entry.as_dict() for entry in entries], indent=2))
        if reason:
            typer.secho(reason, err=True)
        return
    print_inventory(entries, reason)


@app.command()
def check(
    contract: Annotated[str, typer.Argument(help="platform, platform.object, or the path of a contract file")],
    samples: Annotated[list[Path] | None, typer.Argument(help="files to try")] = None,
    object_name: Annotated[str | None, typer.Option("--object", "-o", help="Object that the files are of.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """What a contract makes of sample files: rows, rejected rows and why, types, unknown columns, identifiers, stages.

    Nothing is written. Exit code 1: a file was refused, or none of its rows could be used; 2: the contract is wrong.
    """
    import json

    from connectors import checking
    from connectors.check_report import as_data, print_check
    from connectors.reporting import print_contract

    try:
        found, named = checking.open_contract(contract)
        name = object_name or named
        if name and name not in found.objects:
            raise ConnectorsError(f"{found.platform} has no object {name!r}; it has {', '.join(found.objects)}.")
        missing = [path for path in samples or [] if not path.is_file()]
        if missing:
            raise ConnectorsError(f"There is no file {missing[0]}.")
        if not name and not samples:
            print_contract(found)
            return
        checks: dict[str, list[checking.FileCheck]] = {name: []} if name else {}
        for path in samples or []:
            for export in [found.objects[name]] if name else checking.choose_objects(found, path):
                checks.setdefault(export.name, []).append(checking.check_file(found.platform, export, path))
    except ConnectorsError as error:
        raise _stop(error) from None
    if as_json:
        typer.echo(json.dumps([as_data(found.platform, found.objects[o], c) for o, c in checks.items()], indent=2))
    else:
        for checked, files in checks.items():
            print_check(found.platform, found.objects[checked], files)
    files = [file for listed in checks.values() for file in listed]
    if any(file.refused or (file.rows_read and not file.rows_landed) for file in files):
        raise typer.Exit(1)


@app.command()
def land(platform: str, export_date: DateOption, exports: ExportsOption = None) -> None:
    """Fetch, parse and land one platform's exports; the audit and raw come later."""
    from connectors.reporting import print_batches

    _log()
    try:
        batches = connectors.land(platform, export_date, exports)
    except ConnectorsError as error:
        raise _stop(error) from None
    print_batches([batch.batch_id for batch in batches])
    if any(batch.status in ("rejected", "failed") for batch in batches):
        raise typer.Exit(1)


@app.command()
def pull(
    export_date: DateOption,
    platform: Annotated[str | None, typer.Argument(help="one platform; or --all")] = None,
    every: Annotated[bool, typer.Option("--all", help="Pull every platform that is used here.")] = False,
    exports: ExportsOption = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Platforms at once; default: the cores.")
    ] = None,
) -> None:
    """Land, audit and promote to raw. A bad batch stops itself only; the exit code is then 1."""
    from connectors.landing import as_date
    from connectors.parallel import pull_platforms
    from connectors.reporting import print_batches

    _log()
    if every == bool(platform):
        raise _stop(ConnectorsError("Name one platform, or write --all."))
    try:
        date = as_date(export_date)
        names = connectors.active_platforms() if platform is None else [platform]
        if platform is not None:
            connectors.load_contract(platform)
        pulled = []
        for result in pull_platforms(names, date, exports, jobs):
            pulled.append(result)
            if every:
                typer.echo(result.line)
    except ConnectorsError as error:
        raise _stop(error) from None
    print_batches([batch_id for result in pulled if result.outcome for batch_id in result.outcome.statuses])
    for result in pulled:
        if result.error:
            typer.secho(result.error, fg=typer.colors.RED, err=True)
    if not all(result.passed for result in pulled):
        raise typer.Exit(1)


def _log() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
