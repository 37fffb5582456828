"""check: what a contract makes of a sample file, without any warehouse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contracts import ExportObject, FileForm, find_object
from connectors.errors import ContractError, FileRejectedError
from connectors.parsing.source import Source, open_sources

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Figures of one file. filled: column → rows with a value; refused: why the file as a whole is no good."""

    name: str
    form: FileForm
    rows_read: int
    rows_landed: int
    rows_rejected: int
    reasons: dict[str, int]
    advice: dict[str, str]
    unknown: tuple[str, ...]
    filled: dict[str, int]
    refused: str | None = None


def split_name(text: str) -> tuple[str, ExportObject]:
    """`shopify.orders_export` → (shopify, its object). Raises ContractError."""
    platform, mark, name = text.replace("__", ".", 1).partition(".")
    if not mark:
        raise ContractError(f"{text!r}: write platform.object, for example shopify.orders_export.")
    return platform, find_object(platform, name)


def check_file(platform: str, export: ExportObject, path: Path) -> FileCheck:
    """Parse a file as `land` would, and count. Nothing is written."""
    form = choose_form(export, path)
    advice: dict[str, str] = {}

    def note(table: pa.Table) -> None:
        for reason, words in zip(table["reason"].to_pylist(), table["what_to_do"].to_pylist(), strict=True):
            advice.setdefault(reason, words)

    filled: Counter[str] = Counter()
    landed, refused, sources = 0, None, list[Source]()
    try:
        sources = open_sources(platform, export, form, path, path.name, note)
        for source in sources:
            for batch in source.batches():
                landed += batch.num_rows
                for name in export.columns:
                    filled[name] += batch.num_rows - batch.column(name).null_count
    except FileRejectedError as error:
        refused = str(error)
    reasons: Counter[str] = Counter()
    for source in sources:
        for (_, reason), count in source.rejects.reasons.items():
            reasons[reason] += count
    return FileCheck(
        path.name,
        form,
        sum(source.rows_read for source in sources),
        landed,
        sum(source.rejects.count for source in sources),
        dict(reasons),
        advice,
        tuple(sorted({name for source in sources for name in source.unknown})),
        dict(filled),
        refused,
    )


def choose_form(export: ExportObject, path: Path) -> FileForm:
    """The form whose pattern fits the file's name, else the only one of its kind."""
    from fnmatch import fnmatch

    for form in export.files:
        if fnmatch(path.name, form.pattern.rsplit("/", 1)[-1]):
            return form
    if len(export.files) == 1:
        return export.files[0]
    patterns = ", ".join(form.pattern.rsplit("/", 1)[-1] for form in export.files)
    raise ContractError(f"{path.name} fits none of the names in the contract ({patterns}): rename the file.")
