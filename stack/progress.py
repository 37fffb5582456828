"""Progress of a night: a live table on a terminal, one plain line per change elsewhere (CI, log files)."""

from __future__ import annotations

import sys
from datetime import date
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from stack.nights import DagProgress

MARKS = {
    "waiting": ("·", "dim"),
    "queued": ("…", "cyan"),
    "running": ("▶", "bold cyan"),
    "success": ("✔", "green"),
    "failed": ("✘", "bold red"),
}


class LiveProgress:
    """A table that is redrawn in place: one line per DAG."""

    detailed = True

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, export_date: date, dags: list[DagProgress]) -> None:
        """Redraw."""
        table = Table(title=f"Night {export_date}", title_justify="left", box=None, padding=(0, 2, 0, 0))
        for heading, justify in (
            ("", "left"),
            ("DAG", "left"),
            ("state", "left"),
            ("seconds", "right"),
            ("at work", "left"),
        ):
            table.add_column(heading, justify="right" if justify == "right" else "left")
        for dag in dags:
            mark, style = MARKS.get(dag.state, ("?", ""))
            seconds = f"{dag.seconds:.1f}" if dag.seconds else ""
            table.add_row(mark, dag.dag_id, dag.state, seconds, dag.detail, style=style)
        self._live.update(table)


class PlainProgress:
    """One line when a DAG has ended."""

    detailed = False

    def __init__(self) -> None:
        self._last: dict[tuple[date, str], str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()

    def show(self, export_date: date, dags: list[DagProgress]) -> None:
        """Print what changed."""
        for dag in dags:
            key = (export_date, dag.dag_id)
            if dag.state in ("success", "failed") and self._last.get(key) != dag.state:
                word = "done" if dag.state == "success" else "FAILED"
                print(f"  night {export_date}  {dag.dag_id:<20} {word} in {dag.seconds:.1f} s", flush=True)
            self._last[key] = dag.state


def progress(*, plain: bool = False) -> LiveProgress | PlainProgress:
    """The display that fits: live on a terminal, plain elsewhere."""
    console = Console()
    return PlainProgress() if plain or not console.is_terminal else LiveProgress(console)
