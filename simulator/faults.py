"""Planted faults: rows that are broken or sent twice, files sent again, columns nobody announced.

Broken rows carry keys of their own, so that no true row is lost with them. Only a handful of rows per file is touched,
one by one; everything else of the file is written as it is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from simulator.draws import Draws
from simulator.world import World
from simulator.writing import FaultRecord, FileRecord, Ledger, csv_bytes

FEWEST_ROWS = 40  # smaller files stay clean: one broken row in ten would rightly stop a night
AGAIN = {("segment", "message"), ("point_of_sale", "invoice_line")}
DUPLICATED = {
    ("shopify", "customers_export"),
    ("shopify", "fulfillment_event"),
    ("segment", "message"),
    ("zendesk", "ticket"),
    ("instagram", "comment"),
}
NEW_COLUMNS = {
    ("shopify", "orders_export"): ("Sales Channel", "Online Store"),
    ("point_of_sale", "invoice_line"): ("TillNo", "2"),
}
SURPLUS = ",surplus,surplus"


@dataclass(frozen=True, slots=True)
class Damage:
    """One way of breaking a row: the new value of `column`, or a change of the whole line."""

    kind: str
    column: str = ""
    value: str | None = None
    spoil: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How rows of one object are broken. `key` is the column (for JSON: top-level key) that gets a key of its own."""

    key: str
    own_key: str  # pattern with {n}
    damages: tuple[Damage, ...]
    clear: tuple[str, ...] = ()


def _cut(line: str) -> str:
    return line[: len(line) * 2 // 3]


def _widen(line: str) -> str:
    return line + SURPLUS


_TOO_MANY = Damage("too_many_cells", spoil=_widen)
_CUT_JSON = Damage("cut_line", spoil=_cut)
RECIPES: dict[tuple[str, str], Recipe] = {
    ("shopify", "orders_export"): Recipe(
        "Name",
        "#9{n}",
        (
            Damage("bad_date", "Created at", "2026-13-45 99:61:00 -0400"),
            Damage("text_in_number", "Lineitem quantity", "two"),
            _TOO_MANY,
            Damage("missing_key", "Name", None),
        ),
        clear=("Id", "Note Attributes"),
    ),
    ("shopify", "customers_export"): Recipe(
        "Customer ID", "'999{n}", (Damage("text_in_number", "Total Orders", "several"), _TOO_MANY), clear=("Tags",)
    ),
    ("shopify", "fulfillment_event"): Recipe(
        "id", "999{n}", (Damage("bad_date", "happened_at", "yesterday"), _CUT_JSON, Damage("missing_key", "id", None))
    ),
    ("segment", "message"): Recipe(
        "messageId", "ajs-next-broken-{n}", (Damage("bad_date", "timestamp", "31st of February"), _CUT_JSON)
    ),
    ("zendesk", "ticket"): Recipe(
        "id", "999{n}", (Damage("bad_date", "created_at", "last week"), Damage("missing_key", "id", None))
    ),
    ("instagram", "comment"): Recipe(
        "id", "999{n}", (Damage("bad_date", "timestamp", "soon"), Damage("missing_key", "id", None))
    ),
    ("point_of_sale", "invoice_line"): Recipe(
        "InvoiceNo",
        "99{n}",
        (
            Damage("bad_date", "InvoiceDate", "1/32/2026 25:00"),
            Damage("text_in_number", "Quantity", "three"),
            _TOO_MANY,
            Damage("missing_key", "InvoiceNo", None),
        ),
        clear=("CustomerID",),
    ),
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A ready line to be put into a file."""

    text: str
    kind: str
    key: str
    outcome: str


def plan(world: World, target: tuple[str, str], night: int, rows: int) -> tuple[int, list[tuple[str, int, int]]]:
    """Where in the first chunk faults go, and which: ("broken" | "copy", row it is made from, number)."""
    if not world.settings.faults or rows < FEWEST_ROWS or target not in RECIPES:
        return rows, []
    stream = f"faults/{target[0]}/{target[1]}"
    at = rows // 2 + int(world.draws.below(stream + "/at", np.array([night]), rows // 2)[0])
    count = 1 + min(19, rows // 2000)
    todo = []
    for kind in ("broken", "copy") if target in DUPLICATED else ("broken",):
        sources = world.draws.below(f"{stream}/{kind}", night * 100 + np.arange(count), at)
        todo += [(kind, int(row), number) for number, row in enumerate(dict.fromkeys(sources.tolist()))]
    return at, todo


def broken_csv(target: tuple[str, str], frame: pl.DataFrame, row: int, night: int, number: int) -> Planted:
    """A broken copy of a CSV row."""
    recipe = RECIPES[target]
    damage = recipe.damages[(night + number) % len(recipe.damages)]
    key = recipe.own_key.format(n=f"{night:03d}{number:03d}")
    changes: dict[str, str | None] = {recipe.key: key, **dict.fromkeys(recipe.clear)}
    if damage.column:
        changes[damage.column] = damage.value
    one = frame.slice(row, 1).with_columns(pl.lit(v, dtype=pl.String).alias(c) for c, v in changes.items())
    text = csv_bytes(one, header=False).decode().removesuffix("\n")
    return Planted(
        damage.spoil(text) if damage.spoil else text,
        damage.kind,
        key if damage.value or damage.spoil else "",
        "rejected",
    )


def broken_json(target: tuple[str, str], line: str, night: int, number: int) -> Planted:
    """A broken copy of a JSON record."""
    recipe = RECIPES[target]
    damage = recipe.damages[(night + number) % len(recipe.damages)]
    record = json.loads(line)
    key = recipe.own_key.format(n=f"{night:03d}{number:03d}")
    record[recipe.key] = int(key) if isinstance(record[recipe.key], int) else key
    if damage.column:
        record[damage.column] = damage.value
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return Planted(
        damage.spoil(text) if damage.spoil else text,
        damage.kind,
        key if damage.value or damage.spoil else "",
        "rejected",
    )


def copy_csv(target: tuple[str, str], frame: pl.DataFrame, row: int) -> Planted:
    """The same CSV row once more."""
    text = csv_bytes(frame.slice(row, 1), header=False).decode().removesuffix("\n")
    return Planted(text, "duplicate_row", str(frame[RECIPES[target].key][row]), "duplicate")


def copy_json(target: tuple[str, str], line: str) -> Planted:
    """The same JSON record once more."""
    return Planted(line, "duplicate_row", str(json.loads(line)[RECIPES[target].key]), "duplicate")


def new_column(world: World, target: tuple[str, str], night: int) -> tuple[str, str] | None:
    """Name and value of the column that appears from the middle night on."""
    if not world.settings.faults or night < new_column_night(world):
        return None
    return NEW_COLUMNS.get(target)


def new_column_night(world: World) -> int:
    """First night with the new columns; past the end when there is one night only."""
    return max(1, world.settings.nights // 2)


def redelivery_night(world: World) -> int:
    """The night in which yesterday's files come again; -1 when the simulation is too short."""
    if not world.settings.faults or world.settings.nights < 3:
        return -1
    return min(3, world.settings.nights - 1)


def redeliver(world: World, target: tuple[str, str], night: int, root: Path, ledger: Ledger) -> None:
    """Put the file of the night before into this night's folder once more."""
    if target not in AGAIN or night != redelivery_night(world):
        return
    before = next((f for f in ledger.files if f.night == night - 1 and (f.platform, f.object) == target), None)
    if before is None or not before.rows:
        return
    old = Path(before.path)
    extension = old.name.split(".", 1)[1]
    date = world.settings.night_date(night)
    path = old.parent.parent / f"dt={date.isoformat()}" / f"part-900.{extension}"
    (root / path).parent.mkdir(parents=True, exist_ok=True)  # there is none where this night has nothing to send
    shutil.copyfile(root / old, root / path)
    ledger.files.append(FileRecord(night, *target, path.as_posix(), before.rows, before.bytes))
    again = [f for f in ledger.faults if f.file == before.path and f.outcome in ("rejected", "duplicate")]
    ledger.faults += [replace(f, night=date, file=path.as_posix()) for f in again]
    rest = before.rows - len(again)
    ledger.faults.append(FaultRecord(date, *target, path.as_posix(), None, "file_again", "", "unchanged", rest))


def late_sales(world: World) -> np.ndarray:
    """Nights by which each counter sale comes late: 0 or 2. Sales of the simulated nights only, none taken back."""
    till, settings = world.till, world.settings
    day = till.at // 86_400 - world.first_day
    if not settings.faults:
        return np.zeros(len(till), dtype=np.int64)
    late = (day >= 0) & (day + 2 < settings.nights) & (till.refunded_at < 0)
    late &= world.draws.chance("faults/late_sale", np.arange(len(till)), 0.04)
    return np.where(late, 2, 0)


def relabelled_sale(world: World, night: int, delivered: np.ndarray) -> int:
    """One sale of the night before that is sent again with a corrected description; -1 = none."""
    if not world.settings.faults or night == 0 or night == redelivery_night(world):
        return -1
    day = world.till.at // 86_400 - world.first_day
    rows = np.flatnonzero((day == night - 1) & (delivered == 0))
    return int(rows[np.argmin(Draws(world.settings.seed).bits("faults/relabelled", rows))]) if len(rows) else -1


def touched_tickets(world: World, night: int, last_change: np.ndarray, low: int) -> np.ndarray:
    """Tickets the platform sends again although nothing changed but the system touch."""
    if not world.settings.faults or night == 0:
        return np.zeros(0, dtype=np.int64)
    rows = np.flatnonzero((last_change >= 0) & (last_change < low))
    return rows[world.draws.chance(f"faults/touched/{night}", rows, min(0.01, 5 / max(1, len(rows))))]
