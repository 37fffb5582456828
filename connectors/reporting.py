"""What the command line prints. Figures and names; never a value of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from connectors.checking import FileCheck
    from connectors.contracts import ExportObject, PlatformContract

_COLOURS = {"promoted": "green", "landed": "green", "audited": "green", "rejected": "red", "failed": "red"}


def print_contract(contract: PlatformContract) -> None:
    """A valid contract in one table."""
    table = Table(title=f"{contract.platform}.yml is valid: {contract.description}", title_justify="left")
    for name in ("object", "columns", "required", "personal data", "one row is"):
        table.add_column(name, overflow="fold")
    for export in contract.objects.values():
        columns = export.columns.values()
        required = ", ".join(column.name for column in columns if column.required)
        personal = str(sum(column.pii is not None for column in columns))
        table.add_row(export.name, str(len(columns)), required, personal, export.description)
    Console().print(table)


def print_check(platform: str, export: ExportObject, checks: Sequence[FileCheck]) -> None:
    """One line per file, then why rows were rejected, unknown columns, and how full each column is."""
    console = Console()
    table = Table(title=f"{platform}.{export.name}: {len(checks)} files", title_justify="left")
    for name in ("file", "form", "rows", "good", "rejected", "unknown columns"):
        table.add_column(name, justify="right" if name in ("rows", "good", "rejected") else "left", overflow="fold")
    for found in checks:
        figures = (f"{found.rows_read:,}", f"{found.rows_landed:,}", f"{found.rows_rejected:,}")
        table.add_row(found.name, found.form.format, *figures, ", ".join(found.unknown[:12]))
    if checks:
        console.print(table)
    for found in checks:
        if found.refused:
            console.print(f"[red]refused[/red] {found.refused}", highlight=False)
        for reason, count in sorted(found.reasons.items(), key=lambda item: -item[1]):
            console.print(
                f"[yellow]{found.name}: {count:,} rows: {reason}.[/yellow] {found.advice.get(reason, '')}",
                highlight=False,
            )
    rows = sum(found.rows_landed for found in checks)
    detail = Table(title="Columns", title_justify="left")
    for name in ("column", "type", "filled", "rules", "description"):
        detail.add_column(name, justify="right" if name == "filled" else "left", overflow="fold")
    for column in export.columns.values():
        filled = sum(found.filled.get(column.name, 0) for found in checks)
        share = f"{filled / rows:.0%}" if rows else ""
        rules = [rule for rule in ("required", "derived", "volatile") if getattr(column, rule)]
        rules += [f"pii: {column.pii}"] if column.pii else []
        detail.add_row(column.name, column.type, share, ", ".join([*rules, *column.clean]), column.description)
    console.print(detail)


def print_batches(batch_ids: Sequence[int]) -> None:
    """The ledger's rows of these batches, with the reasons of those that did not get through."""
    import warehouse

    table = Table()
    for name in ("batch", "object", "status", "read", "new", "changed", "same", "double", "rejected"):
        table.add_column(name, justify="left" if name in ("object", "status") else "right", no_wrap=True)
    console, reasons = Console(), []
    console.width = max(console.width, 110)  # a log file has no width: figures must not be cut
    for batch_id in batch_ids:
        batch = warehouse.read_batch(batch_id)
        colour = _COLOURS.get(batch.status, "dim")
        counts = (
            batch.rows_read, batch.rows_inserted, batch.rows_updated, batch.rows_unchanged, batch.rows_duplicate,
            batch.rows_rejected,
        )  # fmt: skip
        status = f"[{colour}]{batch.status}[/{colour}]"
        table.add_row(str(batch_id), f"{batch.platform}.{batch.object}", status, *(f"{count:,}" for count in counts))
        if batch.reason and batch.status != "repeated":
            reasons.append((batch.object, batch.status, batch.reason))
    console.print(table)
    for name, status, reason in reasons:
        console.print(f"{name} {status}: {reason}", highlight=False, markup=False)
