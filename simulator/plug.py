"""What a platform gives to the simulator: its export objects, and the truth about the records in them.

A module `simulator/platforms/<platform>.py` ends with `PLUG = Plug(...)` and is named in `simulator.exports.PLUGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault that a platform writes into a file of its own making. `line` as in FaultRecord; outcome likewise."""

    line: int | None
    kind: str
    key: str
    outcome: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file as its platform writes it: name, bytes in parts, and how many rows of the object it holds.

    A name ending in .gz is compressed by the writer; any other container (ZIP) is the platform's own work.
    """

    name: str
    parts: Iterable[bytes]
    rows: int
    faults: tuple[Planted, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportObject:
    """One object of one platform. `shape` is csv, lines, graph (pages), zendesk (pages) or files.

    `make(world, night, chunk)` yields frames for csv, ready lines (Series of text) for lines, graph and zendesk, and
    WrittenFile for files.
    `is_silent`: no file at all where there is nothing to send, as a till whose shop was closed; a web platform's export
    runs every night, and writes a header or an empty page then.
    """

    platform: str
    name: str
    shape: str
    extension: str
    make: (
        Callable[[World, int, int], Iterator[pl.DataFrame]]
        | Callable[[World, int, int], Iterator[pl.Series]]
        | Callable[[World, int, int], Iterator[WrittenFile]]
    )
    root: str = ""  # name of the record list in a Zendesk page
    columns: tuple[str, ...] = ()
    is_silent: bool = False

    @property
    def target(self) -> tuple[str, str]:
        """(platform, object)."""
        return self.platform, self.name


@dataclass(frozen=True)
class Records:
    """Records of one kind: their numbers (any numbers below 2**55 that name a record) and the person of each."""

    number: I64
    person: I64


@dataclass(frozen=True, slots=True)
class RecordKind:
    """Records of a platform as the exports show them.

    name         unique among all platforms: `klaviyo_profile`
    record_kind  as in int_person_records
    seen         all records that appear in the exports of all nights
    values       the platform's own id of each record, as text: source_record_id
    """

    name: str
    platform: str
    record_kind: str
    seen: Callable[[World], Records]
    values: Callable[[World, I64], pl.Series]


@dataclass
class Edges:
    """Edges record → evidence; both sides as numbers of a kind. Evidence is kept per person (linkage.py)."""

    record_kinds: tuple[str, ...]
    evidence_kinds: tuple[str, ...]
    record: list[I64] = field(default_factory=list)
    evidence: list[I64] = field(default_factory=list)
    skipped: frozenset[str] = frozenset()  # record kinds of platforms that are not written

    def add(self, record_kind: str, record: I64, evidence_kind: str, evidence: I64, mask: Bool | None = None) -> None:
        """Record numbers carry evidence numbers. mask: which of them do."""
        if record_kind in self.skipped:
            return
        left = np.asarray(record, dtype=np.int64) * WIDTH + self.record_kinds.index(record_kind)
        right = np.asarray(evidence, dtype=np.int64) * WIDTH + self.evidence_kinds.index(evidence_kind)
        if mask is not None:
            left, right = left[mask], right[mask]
        self.record.append(left)
        self.evidence.append(right)


WIDTH = 256  # kinds that can be told apart in one number


@dataclass(frozen=True, slots=True)
class Plug:
    """One platform.

    link      adds what the exports show of its records as evidence; kinds: linkage.EVIDENCE, and own ones in `evidence`
    writings  more rows for the truth's `writings` table
    """

    platform: str
    exports: tuple[ExportObject, ...]
    records: tuple[RecordKind, ...] = ()
    evidence: tuple[str, ...] = ()
    link: Callable[[World, Edges], None] | None = None
    writings: Callable[[World], pl.DataFrame] | None = None
