"""What `check` tells its user, in words and as data. Figures and names; never a value of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors.evidence import touchpoint_stages, unknown_identifiers

if TYPE_CHECKING:
    from rich.console import Console

    from connectors.checking import FileCheck
    from connectors.contracts import ExportObject

_WIDTH = 100


def as_data(platform: str, export: ExportObject, checks: Sequence[FileCheck]) -> dict[str, Any]:
    """The same figures for programs."""
    return {
        "platform": platform,
        "object": export.name,
        "files": [
            {
                "name": found.name, "pattern": found.form.pattern, "format": found.form.format,
                "refused": found.refused,
                "rows_read": found.rows_read, "rows_landed": found.rows_landed, "rows_rejected": found.rows_rejected,
                "rows_of_other_objects": found.aside,
                "rejected": [
                    {"reason": reason, "rows": rows, "what_to_do": found.advice.get(reason)}
                    for reason, rows in found.reasons.items()
                ],
                "unknown_columns": found.unknown,
            }
            for found in checks
        ],
        "columns": {
            column.name: {"type": column.type, "rows_with_value": _filled(checks, column.name), "pii": column.pii}
            for column in export.columns.values()
        },
        "identifiers": {
            kind: {"columns": list(export.yields.identifiers[kind]), "rows": rows, "distinct": distinct}
            for kind, (rows, distinct) in _identifiers(export, checks).items()
        },
        "unknown_identifier_types": unknown_identifiers(export),
        "touchpoints": {
            found.touchpoint_type: {"stages": list(found.stages), "missing": found.missing}
            for found in touchpoint_stages(export)
        },
        "metrics": export.yields.metrics,
    }  # fmt: skip


def print_check(platform: str, export: ExportObject, checks: Sequence[FileCheck]) -> None:
    """Files, rejected rows and why, columns and how full they are, unknown columns, and what rows are evidence of."""
    from rich.console import Console

    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    console.print(f"[bold]{platform}.{export.name}[/bold]: {export.description.strip()}\n")
    if checks:
        _print_files(console, checks)
    _print_columns(console, export, checks)
    _print_unknown(console, checks)
    _print_evidence(console, export, checks)


def _print_files(console: Console, checks: Sequence[FileCheck]) -> None:
    from rich.markup import escape

    table = _table("Files", "file", "form", "rows", "good", "rejected", right=("rows", "good", "rejected"))
    for found in checks:
        figures = (f"{found.rows_read:,}", f"{found.rows_landed:,}", f"{found.rows_rejected:,}")
        form = "[red]refused[/red]" if found.refused else found.form.format
        table.add_row(escape(found.name), form, *figures)
    console.print(table)
    for found in checks:
        if found.refused:
            console.print(f"[red]Refused:[/red] {escape(found.refused)}")
        if found.aside:
            console.print(f"{escape(found.name)}: {found.aside:,} more rows belong to other objects of the contract.")
        for reason, count in sorted(found.reasons.items(), key=lambda item: -item[1]):
            rows = "1 row" if count == 1 else f"{count:,} rows"
            advice = escape(found.advice.get(reason, ""))
            console.print(f"[yellow]{escape(found.name)}: {rows} rejected: {escape(reason)}.[/yellow] {advice}")
    console.print()


def _print_columns(console: Console, export: ExportObject, checks: Sequence[FileCheck]) -> None:
    rows = sum(found.rows_landed for found in checks)
    table = _table("Columns", "column", "type", "filled", "rules", "description", right=("filled",))
    for column in export.columns.values():
        rules = [rule for rule in ("required", "derived", "volatile") if getattr(column, rule)]
        rules = (["key"] if column.name in export.key else []) + rules
        rules += [f"pii: {column.pii}"] if column.pii else []
        share = _share(_filled(checks, column.name), rows)
        table.add_row(column.name, column.type, share, ", ".join([*rules, *column.clean]), column.description)
    console.print(table)
    console.print()


def _print_unknown(console: Console, checks: Sequence[FileCheck]) -> None:
    from rich.markup import escape

    unknown: dict[str, str | None] = {}
    for found in checks:
        unknown |= found.unknown
    if not unknown:
        return
    console.print(f"[bold]{len(unknown)} columns are not in the contract[/bold]; they are kept in _extra:")
    for name, nearest in list(unknown.items())[:40]:
        hint = f" – meant for [cyan]{nearest}[/cyan]? Then add it there under `from`." if nearest else ""
        console.print(f"  {escape(name)}{hint}")
    if len(unknown) > 40:
        console.print(f"  … and {len(unknown) - 40} more")
    console.print()


def _print_evidence(console: Console, export: ExportObject, checks: Sequence[FileCheck]) -> None:
    yields = export.yields
    if not (yields.identifiers or yields.touchpoints or yields.metrics):
        console.print(
            "[dim]yields: nothing said; write what the rows are evidence of (identifiers, touchpoints, metrics).[/dim]"
        )
        return
    rows = sum(found.rows_landed for found in checks)
    if yields.identifiers:
        figures = ("rows", "share", "different")
        table = _table("Who: identifiers", "type", "columns", *figures, right=figures)
        for kind, (count, distinct) in _identifiers(export, checks).items():
            table.add_row(kind, ", ".join(yields.identifiers[kind]), f"{count:,}", _share(count, rows), f"{distinct:,}")
        console.print(table)
        console.print()
    for kind in unknown_identifiers(export):
        console.print(f"[red]{kind}[/red] is no identifier type of resolution/config/identifiers.yml.")
    if yields.touchpoints:
        table = _table("What: touchpoints", "type", "stages that its rules give")
        for found in touchpoint_stages(export):
            stages = ", ".join(found.stages) or "none, on purpose"
            stages = f"[red]{found.missing}[/red]" if found.missing else stages
            table.add_row(found.touchpoint_type, stages)
        console.print(table)
    if yields.metrics:
        console.print("Metrics: the rows are figures of a channel or its content, never persons.")


def _table(title: str, *names: str, right: Sequence[str] = ()) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=name in right)
    return table


def _filled(checks: Sequence[FileCheck], column: str) -> int:
    return sum(found.filled.get(column, 0) for found in checks)


def _share(part: int, whole: int) -> str:
    """A share in per cent that is 100 or 0 only when it is all or nothing."""
    if not whole:
        return ""
    if part in (0, whole):
        return f"{part / whole:.0%}"
    return f"{min(max(part / whole, 0.01), 0.99):.0%}"


def _identifiers(export: ExportObject, checks: Sequence[FileCheck]) -> dict[str, tuple[int, int]]:
    """type → (rows with a value, different values) over all files."""
    figures: dict[str, tuple[int, int]] = {}
    for kind in export.yields.identifiers:
        rows: Counter[str] = Counter()
        hashes: set[int] = set()
        for found in checks:
            rows[kind] += found.identifiers[kind].rows
            hashes |= found.identifiers[kind].hashes
        figures[kind] = (rows[kind], len(hashes))
    return figures
