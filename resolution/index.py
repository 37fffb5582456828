"""Blocking keys and candidate pairs: many cheap passes, capped blocks, deduplicated across passes, in bounded chunks.

A key is a 64-bit hash of the values that two records must share in one pass. Keys are stable (they depend on the
values and the pass's
name alone), so they can be stored and compared from night to night.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.blocking import Hashes, Pass, atom_column, atom_hashes, is_combined
from resolution.config import MatchConfig
from resolution.standardise.columns import Standardised

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
Positions = npt.NDArray[np.int32]


def mix(hashes: Sequence[npt.NDArray[np.uint64]], salt: str) -> npt.NDArray[np.int64]:
    """Combine the parts of a key into one 64-bit hash (splitmix64 rounds), different for every pass name."""
    import hashlib

    state = np.full(
        len(hashes[0]), int.from_bytes(hashlib.blake2b(salt.encode(), digest_size=8).digest(), "little"), np.uint64
    )
    for part in hashes:
        state ^= part
        state *= np.uint64(0x9E3779B97F4A7C15)
        state ^= state >> np.uint64(31)
        state *= np.uint64(0xBF58476D1CE4E5B9)
        state ^= state >> np.uint64(29)
    return state.view(np.int64)


def pass_keys(std: Standardised, one: Pass, stored: bool = True) -> tuple[Positions, npt.NDArray[np.int64]]:
    """(positions, keys) of the records that have every part of the pass, in ascending order of positions.

    stored: keys that are the same for ever, from the values; else from their codes, for these records only and without
    a look at the text.
    """
    parts = [atom_hashes(std, atom) if stored or is_combined(std, atom) else _codes(std, atom) for atom in one.atoms]
    present = np.ones(std.n, bool)
    for _, known in parts:
        present &= known
    position = np.flatnonzero(present).astype(np.int32)
    key = mix([values[position] for values, _ in parts], one.name)
    return position, key


def _codes(std: Standardised, atom: str) -> Hashes:
    column = atom_column(std, atom)
    return column.codes.astype(np.uint64), column.codes >= 0


def block_keys(std: Standardised, passes: Sequence[Pass]) -> pd.DataFrame:
    """Every key of every record: position int32, pass int16 (number in `passes`), key int64."""
    import pandas as pd

    positions, keys, numbers = [], [], []
    for one in passes:
        position, key = pass_keys(std, one)
        positions.append(position)
        keys.append(key)
        numbers.append(np.full(len(position), one.number, np.int16))
    if not positions:
        return pd.DataFrame(
            {"position": np.empty(0, np.int32), "pass": np.empty(0, np.int16), "key": np.empty(0, np.int64)}
        )
    return pd.DataFrame(
        {"position": np.concatenate(positions), "pass": np.concatenate(numbers), "key": np.concatenate(keys)}
    )


@dataclass
class PassReport:
    """What one pass did: blocks used, pairs before deduplication, and what the cap cost."""

    blocks: int = 0
    pairs: int = 0
    oversized_blocks: int = 0
    oversized_records: int = 0
    lost_pairs: int = 0


@dataclass(frozen=True)
class Laid:
    """The usable blocks of one pass, one after the other. members: their records; for each record that has others
    after it in its block, in ascending order: left (itself), start (place in `members` of the next) and count.
    """

    members: Positions
    left: Positions
    start: npt.NDArray[np.int64]
    count: npt.NDArray[np.int32]


SINGLES = 1 << 16
"""Below so many keys, records alone in their block are not sifted out first."""


def lay_out(
    position: Positions, key: npt.NDArray[np.int64], cap: int, focus: npt.NDArray[np.bool_] | None = None
) -> tuple[PassReport, Laid | None]:
    """Blocks of equal keys. Those larger than `cap` are left out and reported; with `focus`, so are those without a
    focus record.
    """
    report = PassReport()
    if len(key) > SINGLES:
        # Most records are alone in their block: counting keys in a rough table finds nearly all of these at once.
        bits = max(int(len(key) * 4 - 1).bit_length(), 1)
        cell = (key.view(np.uint64) >> np.uint64(64 - bits)).astype(np.int64)
        several = np.bincount(cell, minlength=1 << bits)[cell] > 1
        position, key = position[several], key[several]
    if not len(key):
        return report, None
    order = np.argsort(key)
    key, position = key[order], position[order]
    edge = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    size = np.diff(np.r_[edge, len(key)])
    big = size > cap
    report.oversized_blocks = int(big.sum())
    report.oversized_records = int(size[big].sum())
    report.lost_pairs = int((size[big].astype(np.int64) * (size[big] - 1) // 2).sum())
    good = (size > 1) & ~big
    if focus is not None:
        good &= np.add.reduceat(focus[position], edge) > 0
    position, size = position[np.repeat(good, size)], size[good]
    report.blocks = len(size)
    report.pairs = int((size.astype(np.int64) * (size - 1) // 2).sum())
    if not len(size):
        return report, None
    # Sorting blocks and positions in one number is faster than sorting by two keys.
    packed = (np.repeat(np.arange(len(size), dtype=np.int64), size) << 32) | position
    packed.sort()
    position = (packed & 0xFFFFFFFF).astype(np.int32)
    ends = np.repeat(np.cumsum(size), size)
    index = np.arange(len(position), dtype=np.int64)
    following = (ends - index - 1).astype(np.int32)
    by_left = np.argsort(position, kind="stable")
    by_left = by_left[following[by_left] > 0]
    return report, Laid(position, position[by_left], index[by_left] + 1, following[by_left])


@dataclass
class Blocks:
    """The usable blocks of all passes, laid out so that the pairs of any range of left positions can be made at
    once.
    """

    n: int
    members: list[Positions] = field(default_factory=list)
    left: list[Positions] = field(default_factory=list)
    start: list[npt.NDArray[np.int64]] = field(default_factory=list)
    count: list[npt.NDArray[np.int32]] = field(default_factory=list)
    reports: dict[int, PassReport] = field(default_factory=dict)

    def add(
        self,
        number: int,
        position: Positions,
        key: npt.NDArray[np.int64],
        cap: int,
        focus: npt.NDArray[np.bool_] | None,
    ) -> None:
        """Add one pass. Blocks larger than `cap` are left out and reported; with `focus`, so are blocks without a
        focus record.
        """
        self.take(number, lay_out(position, key, cap, focus))

    def take(self, number: int, laid: tuple[PassReport, Laid | None]) -> None:
        """Add one pass that was laid out."""
        self.reports[number], blocks = laid
        if blocks is not None:
            self.members.append(blocks.members)
            self.left.append(blocks.left)
            self.start.append(blocks.start)
            self.count.append(blocks.count)

    def pairs_from(self) -> npt.NDArray[np.int64]:
        """Pairs (before deduplication) by left position, int64[n]."""
        total = np.zeros(self.n, np.int64)
        for left, count in zip(self.left, self.count, strict=True):
            np.add.at(total, left, count) if len(left) < 64 else np.add(
                total, np.bincount(left, count, self.n).astype(np.int64), out=total
            )
        return total

    def chunks(
        self, chunk_pairs: int, focus: npt.NDArray[np.bool_] | None = None
    ) -> Iterator[tuple[Positions, Positions]]:
        """(left, right) chunks in ascending order, each pair once, about `chunk_pairs` raw pairs per chunk."""
        total = np.cumsum(self.pairs_from())
        if not len(total) or total[-1] == 0:
            return
        begin, done = 0, 0
        while begin < self.n and done < total[-1]:
            end = int(np.searchsorted(total, done + chunk_pairs, side="right"))
            end = max(end, begin + 1)
            done = int(total[end - 1])
            packed = [self._expand(k, begin, end) for k in range(len(self.members))]
            begin = end
            pairs = np.concatenate(packed)
            if not len(pairs):
                continue
            pairs.sort()
            pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]]]
            left, right = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
            if focus is not None:
                wanted = focus[left] | focus[right]
                left, right = left[wanted], right[wanted]
            if len(left):
                yield left, right

    def _expand(self, k: int, begin: int, end: int) -> npt.NDArray[np.int64]:
        """Packed pairs (left << 32 | right) of one pass whose left position is in [begin, end)."""
        a, b = np.searchsorted(self.left[k], [begin, end])
        count = self.count[k][a:b].astype(np.int64)
        total = int(count.sum())
        if total == 0:
            return np.empty(0, np.int64)
        offset = np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
        right = self.members[k][np.repeat(self.start[k][a:b], count) + offset]
        return (np.repeat(self.left[k][a:b].astype(np.int64), count) << 32) | right


def lay_blocks(std: Standardised, passes: Sequence[Pass], config: MatchConfig) -> Blocks:
    """Blocks of records in memory, several passes at a time."""
    from resolution.parallel import in_parallel

    def one(number: int) -> tuple[PassReport, Laid | None]:
        return lay_out(*pass_keys(std, passes[number], stored=False), config.max_block_size)

    blocks = Blocks(std.n)
    laid = in_parallel([partial(one, i) for i in range(len(passes))], config.jobs)
    for each, result in zip(passes, laid, strict=True):
        blocks.take(each.number, result)
    report_losses(blocks)
    return blocks


def make_blocks(keys: pd.DataFrame, n: int, config: MatchConfig, focus: npt.NDArray[np.bool_] | None = None) -> Blocks:
    """Blocks of a keys table (columns position, pass, key)."""
    blocks = Blocks(n)
    number = keys["pass"].to_numpy()
    position, key = keys["position"].to_numpy(), keys["key"].to_numpy()
    for one in np.unique(number):
        mask = number == one
        blocks.add(int(one), position[mask], key[mask], config.max_block_size, focus)
    report_losses(blocks)
    return blocks


def report_losses(blocks: Blocks) -> None:
    """Say what the cap on block sizes cost: counts only."""
    for number, report in blocks.reports.items():
        if report.oversized_blocks:
            log.warning(
                "blocking pass %d: %d blocks above the cap left out (%d records, %d pairs)",
                number,
                report.oversized_blocks,
                report.oversized_records,
                report.lost_pairs,
            )


def candidate_pairs(
    keys: pd.DataFrame, config: MatchConfig, focus: npt.NDArray[np.bool_] | None = None, n: int | None = None
) -> Iterator[tuple[Positions, Positions]]:
    """Distinct candidate pairs over all passes as (left, right) int32 chunks, left < right, ascending.

    keys: columns position, pass, key. focus: bool[n]; only pairs with at least one focus record are made (a night's
    changed records).
    Blocks above `config.max_block_size` are left out; their losses are logged.
    """
    if n is None:
        n = int(keys["position"].max()) + 1 if len(keys) else 0
    yield from make_blocks(keys, n, config, focus).chunks(config.chunk_pairs, focus)


def all_pairs(n: int, chunk_pairs: int) -> Iterator[tuple[Positions, Positions]]:
    """Every pair of n records, in chunks."""
    rows = max(1, chunk_pairs // max(n, 1))
    for begin in range(0, n, rows):
        left = np.arange(begin, min(begin + rows, n), dtype=np.int32)
        count = n - 1 - left.astype(np.int64)
        first = np.repeat(left, count)
        offset = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
        if len(first):
            yield first, (first + 1 + offset).astype(np.int32)


def toolkit_keys(frame: Any, columns: Sequence[str]) -> npt.NDArray[np.int64]:
    """Codes of the combined values of a DataFrame's columns; -1 where one is missing (for the toolkit's index
    interface).
    """
    import pandas as pd

    codes = np.zeros(len(frame), np.int64)
    missing = np.zeros(len(frame), bool)
    for column in columns:
        one, _ = pd.factorize(frame[column])
        missing |= one < 0
        codes, _ = pd.factorize(codes * (int(one.max(initial=0)) + 2) + one + 1)
    return np.where(missing, -1, codes)
