"""Separated text → whole records, cell for cell checked before any parser sees them.

Record boundaries, true line numbers, over-long records, stray and unclosed quotation marks and wrong numbers of cells
are found here with array operations on the bytes (RFC 4180 quoting: a quotation mark counts at the beginning of a cell,
doubled inside). What comes out can be parsed without surprises.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from connectors.parsing.limits import Limits
from connectors.parsing.rejects import SEND_AGAIN, Rejects

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEWLINE, _QUOTE = 10, 34


@dataclass(frozen=True, slots=True)
class RecordBlock:
    """Whole records of a stretch of text.

    data        the text; record i is data[starts[i]:ends[i]], ends without the line feed
    lines       physical line (1-based) on which each record begins
    separators  separators outside quotation marks in each record
    """

    data: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    separators: NDArray[np.int64]

    def text(self, index: int) -> bytes:
        return self.data[self.starts[index] : self.ends[index]]

    def keep(self, mask: NDArray[np.bool_]) -> RecordBlock:
        """Only the records where mask is true, their text joined without gaps."""
        kept = np.flatnonzero(mask)
        if not len(kept):
            return RecordBlock(b"", *(part[:0] for part in (self.starts, self.ends, self.lines, self.separators)))
        starts, ends = self.starts[kept], self.ends[kept]
        # Runs of neighbours are copied in one piece; mostly there is one run, the whole block.
        gaps = np.flatnonzero(starts[1:] != ends[:-1] + 1)
        firsts = starts[np.concatenate([[0], gaps + 1])]
        lasts = ends[np.concatenate([gaps, [len(kept) - 1]])] + 1
        pieces = [self.data[a:b] for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)]
        lengths = ends - starts
        new_ends = np.cumsum(lengths + 1) - 1
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return RecordBlock(data, new_ends - lengths, new_ends, self.lines[kept], self.separators[kept])


def record_blocks(
    blocks: Iterator[bytes], separator: str, limits: Limits, rejects: Rejects, *, quoted: bool = True
) -> Iterator[RecordBlock]:
    """Cut a stream of text into blocks of whole records; blank lines are skipped, hopeless lines become rejects.

    quoted: quotation marks enclose cells; otherwise they are characters like any other, and every line is a record
    """
    return _Splitter(separator, limits, rejects, quoted).run(blocks)


def _ended(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text with a line feed at its very end, so that a last line without one makes no block of its own."""
    last = next(blocks, None)
    while last is not None:
        following = next(blocks, None)
        yield last if following is not None or last.endswith(b"\n") else last + b"\n"
        last = following


class _Splitter:
    def __init__(self, separator: str, limits: Limits, rejects: Rejects, quoted: bool) -> None:
        self.separator, self.limits, self.rejects, self.quoted = ord(separator), limits, rejects, quoted
        self.line = 1  # physical line on which the rest begins
        mark = re.escape(separator.encode())
        cell = rb'(?>"[^"]*(?:""[^"]*)*"|[^"' + mark + rb"\n\r][^" + mark + rb"\n]*|)"
        self.record = re.compile(cell + rb"(?>" + mark + cell + rb")*+\r?\n")
        self.cell = re.compile(rb'(?>"[^"]*(?:""[^"]*)*"|[^"' + mark + rb"\n])+")
        self.unclosed = re.compile(rb"(?>" + cell + mark + rb')*+"[^"]*(?:""[^"]*)*\Z')

    def run(self, blocks: Iterator[bytes]) -> Iterator[RecordBlock]:
        rest = b""
        skipping = False  # inside a line that is longer than allowed
        for block in _ended(blocks):
            if skipping:
                end = block.find(b"\n")
                if end < 0:
                    continue
                block, skipping = block[end + 1 :], False
                self.line += 1
            rest += block
            rest = yield from self._cut(rest, final=False)
            while len(rest) > self.limits.record:
                end = rest.find(b"\n")
                if end < 0 or end > self.limits.record:
                    self._too_long(self.line, rest)
                    rest, skipping = (b"", True) if end < 0 else (rest[end + 1 :], False)
                    self.line += 0 if end < 0 else 1
                else:  # a quotation mark that is not closed within the allowed length
                    rest = self._drop_unclosed(rest)
                rest = yield from self._cut(rest, final=False)
        while rest and not skipping:
            rest = yield from self._cut(rest if rest.endswith(b"\n") else rest + b"\n", final=True)
            if rest:
                rest = self._drop_unclosed(rest)

    def _too_long(self, line: int, text: bytes) -> None:
        size = self.limits.record
        self.rejects.drop(
            line, f"the record is longer than {size:,} bytes", "Usually the line breaks of the file are lost:"
            " ask for it again. If such long records are right, raise JOURNEYLINE_MAX_RECORD_BYTES.", text[:size],
        )  # fmt: skip

    def _drop_unclosed(self, rest: bytes) -> bytes:
        """Reject the first physical line and go on behind it: one bad mark must not swallow the rest of the file."""
        end = rest.find(b"\n")
        end = len(rest) if end < 0 else end
        self.rejects.drop(
            self.line, "a quotation mark is opened and never closed", "Double the quotation mark inside the cell"
            " where the export is made, and send the file again.", rest[:end],
        )  # fmt: skip
        self.line += 1
        return rest[end + 1 :]

    def _cut(self, text: bytes, *, final: bool) -> Generator[RecordBlock, None, bytes]:
        """Yields whole records, returns the rest."""
        if not text:
            return text
        marks = np.frombuffer(text, np.uint8)
        feeds = np.flatnonzero(marks == _NEWLINE)
        separators = np.flatnonzero(marks == self.separator)
        if self.quoted and b'"' in text:
            quotes = np.flatnonzero(marks == _QUOTE)
            if not self._regular(marks, quotes):
                return (yield from self._cut_slowly(text, feeds, final=final))
            ends = feeds[np.searchsorted(quotes, feeds) % 2 == 0]
            separators = separators[np.searchsorted(quotes, separators) % 2 == 0]
        else:
            ends = feeds
        if not len(ends):
            return text
        starts = np.concatenate([[0], ends[:-1] + 1])
        counts = np.searchsorted(separators, ends) - np.searchsorted(separators, starts)
        lines = self.line + np.searchsorted(feeds, starts)
        yield from self._block(text, starts, ends, lines, counts)
        self.line += int(np.searchsorted(feeds, ends[-1])) + 1
        return text[ends[-1] + 1 :]

    def _regular(self, marks: NDArray[np.uint8], quotes: NDArray[np.int64]) -> bool:
        """Every quotation mark stands where RFC 4180 allows it, as far as the text goes."""
        opening, closing = quotes[0::2], quotes[1::2]
        before = marks[np.maximum(opening - 1, 0)]
        fine = (opening == 0) | (before == self.separator) | (before == _NEWLINE)
        fine[1:] |= opening[1:] - 1 == closing[: len(opening) - 1]  # the second half of a doubled mark
        after_at = np.minimum(closing + 1, len(marks) - 1)
        after = marks[after_at]
        closed = (after == self.separator) | (after == _NEWLINE) | (after == 13) | (closing == len(marks) - 1)
        closed |= after == _QUOTE
        return bool(fine.all() and closed.all())

    def _cut_slowly(self, text: bytes, feeds: NDArray[np.int64], *, final: bool) -> Generator[RecordBlock, None, bytes]:
        """The same, record by record, for text with stray quotation marks; each bad line is rejected on its own."""
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        while position < len(text):
            match = self.record.match(text, position)
            if match:
                starts.append(position)
                ends.append(match.end() - 1)
                position = match.end()
                continue
            end = text.find(b"\n", position)
            if end < 0 or (not final and self.unclosed.match(text, position)):
                break
            line = self.line + int(np.searchsorted(feeds, position))
            reason = "a quotation mark stands where none may stand"
            if self.unclosed.match(text, position):
                reason = "a quotation mark is opened and never closed"
            advice = "Double the quotation mark inside the cell where the export is made, and send the file again."
            self.rejects.drop(line, reason, advice, text[position:end])
            position = end + 1
        if starts:
            first, last = np.array(starts, np.int64), np.array(ends, np.int64)
            counts = np.array([self._separators(text[a:b]) for a, b in zip(starts, ends, strict=True)], np.int64)
            yield from self._block(text, first, last, self.line + np.searchsorted(feeds, first), counts)
        self.line += int(np.searchsorted(feeds, position))
        return text[position:]

    def _separators(self, record: bytes) -> int:
        mark = bytes([self.separator])
        return record.count(mark) if b'"' not in record else self.cell.sub(b"", record).count(mark)

    def _block(
        self, text: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], lines: NDArray[np.int64],
        separators: NDArray[np.int64],
    ) -> Iterator[RecordBlock]:  # fmt: skip
        block = RecordBlock(text, starts, ends, lines, separators)
        marks = np.frombuffer(text, np.uint8)
        lengths = ends - starts
        keep = (lengths > 1) | ((lengths == 1) & (marks[np.minimum(starts, len(marks) - 1)] != 13))
        for index in np.flatnonzero(lengths > self.limits.record).tolist():
            self._too_long(int(lines[index]), block.text(index))
            keep[index] = False
        if b"\x00" in text:
            zeros = np.unique(np.searchsorted(ends, np.flatnonzero(marks == 0)))
            for index in zeros[zeros < len(ends)].tolist():
                if keep[index]:
                    self.rejects.drop(int(lines[index]), "the row has a zero byte", SEND_AGAIN, block.text(index))
                    keep[index] = False
        kept = block.keep(keep)
        if len(kept.starts):
            yield kept
