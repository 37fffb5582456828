"""What the command line prints. Figures and names; never a value of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from connectors.contracts import PlatformContract

_COLOURS = {"promoted": "green", "landed": "green", "audited": "green", "rejected": "red", "failed": "red"}


def print_contract(contract: PlatformContract) -> None:
    """A valid contract in one table."""
    console = Console()
    console.width = max(console.width, 100)
    table = Table(title=f"{contract.platform}.yml is valid: {contract.description.strip()}", title_justify="left")
    for name in ("object", "columns", "required", "personal data", "evidence of", "one row is"):
        table.add_column(name, overflow="fold")
    for export in contract.objects.values():
        columns = export.columns.values()
        required = ", ".join(column.name for column in columns if column.required)
        personal = str(sum(column.pii is not None for column in columns))
        proof = [
            *export.yields.identifiers,
            *export.yields.touchpoints,
            *(["metrics"] if export.yields.metrics else []),
        ]
        table.add_row(export.name, str(len(columns)), required, personal, ", ".join(proof), export.description.strip())
    console.print(table)


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
