"""check: what a contract makes of sample files, without any warehouse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contracts import ExportObject, PlatformContract, find_object, load_contract, read_contract
from connectors.errors import ContractError, FileRejectedError
from connectors.forms import FileForm
from connectors.naming import snake_case
from connectors.parsing.source import Source, open_sources

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_VALUES = 1_000_000


@dataclass(slots=True)
class Seen:
    """An identifier's values in a file: rows that have one, and how many different ones (counted by their hashes)."""

    rows: int = 0
    hashes: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Figures of one file.

    reasons, advice  of rejected rows: reason → rows, reason → what to do
    unknown          name in the file that the contract does not know → nearest name that it knows, or None
    filled           column → rows with a value
    identifiers      type → its values
    aside            rows that the contract leaves to other objects (`only`)
    refused          why the file as a whole is no good
    """

    name: str
    form: FileForm
    rows_read: int
    rows_landed: int
    rows_rejected: int
    reasons: dict[str, int]
    advice: dict[str, str]
    unknown: dict[str, str | None]
    filled: dict[str, int]
    identifiers: dict[str, Seen] = field(default_factory=dict)
    aside: int = 0
    refused: str | None = None


def open_contract(text: str) -> tuple[PlatformContract, str | None]:
    """(contract, object or None) for `shopify`, `shopify.orders_export`, or the path of a contract file.

    Raises ContractError.
    """
    if text.endswith((".yml", ".yaml")) or "/" in text:
        return read_contract(Path(text)), None
    platform, _, name = text.replace("__", ".", 1).partition(".")
    if name:
        find_object(platform, name)
    return load_contract(platform), name or None


def choose_objects(contract: PlatformContract, path: Path) -> list[ExportObject]:
    """The objects that read a file: by the folder and name that their patterns ask for, else by the name alone.

    Raises ContractError when several could be meant.
    """
    objects = list(contract.objects.values())
    named = [export for export in objects if any(fnmatch(path.name, _base(form)) for form in export.files)]
    placed = [export for export in named if any(_folder(form) in path.parts[:-1] for form in export.files)]
    worded = [export for export in named if export.name in snake_case(path.name)]
    found = placed or (named if len(named) == 1 else worded[:1] if len(worded) == 1 else [])
    if not found and len(objects) == 1:
        found = objects
    if not found:
        names = ", ".join(export.name for export in named or objects)
        raise ContractError(
            f"{path.name} may be a file of {names}: say which with --object, like --object {objects[0].name}."
        )
    return found


def _base(form: FileForm) -> str:
    return form.pattern.rsplit("/", 1)[-1].replace("{date}", "*").replace("{yyyymmdd}", "*")


def _folder(form: FileForm) -> str:
    return form.pattern.split("/", 1)[0]


def choose_form(export: ExportObject, path: Path) -> FileForm:
    """The form whose pattern fits the file's folder and name, else its name, else the only one there is."""
    named = [form for form in export.files if fnmatch(path.name, _base(form))]
    placed = [form for form in named if _folder(form) in path.parts[:-1]]
    found = placed or named or (list(export.files) if len(export.files) == 1 else [])
    if found:
        return found[0]
    patterns = ", ".join(form.pattern.rsplit("/", 1)[-1] for form in export.files)
    raise ContractError(f"{path.name} fits none of the names in the contract ({patterns}): rename the file.")


def check_file(platform: str, export: ExportObject, path: Path) -> FileCheck:
    """Parse a file as `land` would, and count. Nothing is written."""
    form = choose_form(export, path)
    advice: dict[str, str] = {}

    def note(table: pa.Table) -> None:
        for reason, words in zip(table["reason"].to_pylist(), table["what_to_do"].to_pylist(), strict=True):
            advice.setdefault(reason, words)

    filled: Counter[str] = Counter()
    identifiers = {kind: Seen() for kind in export.yields.identifiers}
    landed, refused, sources = 0, None, list[Source]()
    try:
        sources = open_sources(platform, export, form, path, path.name, note)
        for source in sources:
            for batch in source.batches():
                landed += batch.num_rows
                for name in export.columns:
                    filled[name] += batch.num_rows - batch.column(name).null_count
                for kind, columns in export.yields.identifiers.items():
                    _note_identifiers(identifiers[kind], [batch.column(name) for name in columns])
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
        _unknown(export, sorted({name for source in sources for name in source.unknown})),
        dict(filled),
        identifiers,
        sum(source.aside for source in sources),
        refused,
    )


def _note_identifiers(seen: Seen, columns: list[pa.Array]) -> None:
    import functools

    import pyarrow.compute as pc

    present = functools.reduce(pc.or_, [pc.is_valid(column) for column in columns])
    seen.rows += pc.sum(present).as_py() or 0
    for column in columns:
        if len(seen.hashes) < _MOST_VALUES:
            seen.hashes.update(hash(value) for value in pc.unique(column.drop_null()).to_pylist())


def _unknown(export: ExportObject, names: list[str]) -> dict[str, str | None]:
    """Names that the contract does not know, each with the column that it may be meant for."""
    known = {name: column.name for column in export.columns.values() for name in column.header_names}
    nearest: dict[str, str | None] = {}
    for name in names:
        match = get_close_matches(snake_case(name), known, n=1, cutoff=0.75)
        nearest[name] = known[match[0]] if match else None
    return nearest
