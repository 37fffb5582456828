"""What the command line prints. Figures and names; never a value of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from connectors.contracts import PlatformContract
    from connectors.inventory import ObjectEntry

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
    console, reasons = Console(), dict[tuple[str, str], list[str]]()
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
            label = f"{batch.platform}.{batch.object}"
            reasons.setdefault((batch.status, batch.reason.removeprefix(f"{label}: ")), []).append(label)
    console.print(table)
    for (status, reason), labels in reasons.items():
        console.print(f"{', '.join(labels)} {status}: {reason}", highlight=False, markup=False)


def print_inventory(entries: Sequence[ObjectEntry], reason: str | None) -> None:
    """One block per platform: title and place, a line per object; those that never came are only named."""
    console = Console()
    console.width = max(console.width, 100)
    names = list(dict.fromkeys(entry.platform for entry in entries))
    width = max((len(entry.object) for entry in entries), default=10)
    wide = max((len(", ".join(entry.formats)) for entry in entries), default=10)
    for platform in names:
        mine = [entry for entry in entries if entry.platform == platform]
        console.print(f"[bold]{mine[0].title}[/bold] ({platform})", highlight=False)
        console.print(f"  from {mine[0].place}", highlight=False, markup=False, soft_wrap=True, style="dim")
        shown = [entry for entry in mine if entry.batch_status or len(names) == 1]
        if shown:
            console.print(_inventory_table(shown, width, wide, with_batches=reason is None))
        if absent := [entry.object for entry in mine if entry not in shown]:
            said = "has" if reason else "has not come yet:" if not shown else "not yet:"
            text = Text(f"{said} {', '.join(absent)}", style="dim")
            console.print(Padding(text, (0, 0, 0, 2)), highlight=False)
        console.print()
    used = len({entry.platform for entry in entries if entry.place != "not used here"})
    noun = "platform" if len(names) == 1 else "platforms"
    console.print(f"{len(entries)} objects of {len(names)} {noun}, {used} used here.")
    if reason:
        console.print(reason, highlight=False, style="yellow")


def _inventory_table(entries: Sequence[ObjectEntry], width: int, wide: int, *, with_batches: bool) -> Table:
    table = Table(box=None, padding=(0, 1), show_edge=False)
    table.add_column("  object", min_width=width + 2, no_wrap=True)
    table.add_column("format", min_width=wide, no_wrap=True)
    if with_batches:
        table.add_column("last batch", min_width=10, no_wrap=True)
        table.add_column("status", min_width=8, no_wrap=True)
        table.add_column("rows", min_width=9, justify="right", no_wrap=True)
        table.add_column("rejected", justify="right", no_wrap=True)
    for entry in entries:
        cells = [f"  {entry.object}", ", ".join(entry.formats)]
        if with_batches:
            status = entry.batch_status or "none yet"
            colour = _COLOURS.get(status, "dim")
            rejected = f"[yellow]{entry.rejected:,}[/yellow]" if entry.rejected else _figure(entry.rejected)
            cells += [str(entry.batch_date or ""), f"[{colour}]{status}[/{colour}]", _figure(entry.rows), rejected]
        table.add_row(*cells)
    return table


def _figure(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
