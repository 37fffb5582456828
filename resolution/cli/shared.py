"""What the file commands share: errors as one line, tables, and a progress bar on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from resolution.errors import ResolutionError


@contextmanager
def plain_errors() -> Iterator[None]:
    """Errors that a person can act on are one line, not a traceback; the command ends with 2."""
    try:
        yield
    except ResolutionError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


def print_table(head: list[str], rows: list[list[Any]]) -> None:
    """Print aligned columns; numbers to the right."""
    text = [[_shown(v) for v in row] for row in [head, *rows]]
    width = [max(len(row[i]) for row in text) for i in range(len(head))]
    right = [
        bool(rows) and all(isinstance(row[i], int | float) or row[i] in ("", "-") for row in rows)
        for i in range(len(head))
    ]
    for row in text:
        cells = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, width, right, strict=True)]
        typer.echo("  " + "  ".join(cells).rstrip())


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


@contextmanager
def progress(quiet: bool = False) -> Iterator[None]:
    """A bar of the steps that run inside, on standard error, where that is a terminal."""
    from resolution.progress import listening

    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def listen(name: str, share: float | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=None)
            if share:
                bar.update(tasks[name], total=1.0, completed=share)

        with listening(listen):
            yield
