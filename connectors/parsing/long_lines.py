"""Lines and documents that are longer than a block: in pieces if a list in them holds the rows, else rejected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from connectors.parsing.blocks import DocumentBlock
from connectors.parsing.cutting import Cutter
from connectors.parsing.rejects import SEND_AGAIN

if TYPE_CHECKING:
    from connectors.parsing.source import Source

_SHORT = 1 << 20  # texts up to this length are decoded to see whether they are JSON; longer ones are only walked over
_ZERO = b"\\u0000"


class LongLines:
    """longest: bytes of a line; where a line is one record, no more than a record may have."""

    def __init__(self, source: Source, above: Sequence[Sequence[str]]) -> None:
        form, limits = source.form, source.limits
        self.source, self.above = source, above
        self.holds_lists = bool(form.rows or form.nested_rows) or not form.line_delimited
        self.longest = limits.document if self.holds_lists else limits.record

    def run(self, text: bytes, line: int, *, whole: bool = False) -> Iterator[DocumentBlock]:
        """Blocks of one line, or (whole) of the file's one document. Rejects what cannot be read."""
        rejects, form = self.source.rejects, self.source.form
        reason = ""
        if not is_utf8(text):
            advice = "Ask for the file in UTF-8, or write its encoding in the contract (encoding: windows-1252)."
            rejects.drop(line, "the line is not UTF-8 text", advice, text)
            return
        first = text[:64].lstrip()[:1] or text.lstrip()[:1]
        if not first:
            return
        try:
            pieces = Cutter(form, self.source.limits.piece, self.above).pieces(text)
        except (ValueError, RecursionError):
            reason = "the line is not valid JSON"
        if not reason and first not in ((b"{",) if form.line_delimited else (b"{", b"[")):
            reason = "the line is no JSON object"
        if reason:
            rejects.drop(line, reason, SEND_AGAIN, text)
            return
        for piece, continued in pieces:
            yield from self._checked(piece, line, whole, continued)

    def _checked(self, piece: bytes, line: int, whole: bool, continued: bool) -> Iterator[DocumentBlock]:
        """The piece as a block, without rows that cannot be stored: each of these is a reject of its own."""
        if _ZERO in piece and self._has_zero(piece) and not whole:
            for single, later in Cutter(self.source.form, 1, self.above).pieces(piece):
                if _ZERO in single and self._has_zero(single):
                    reason = "a record of the line has a zero character (\\u0000)"
                    self.source.rejects.drop(line, reason, SEND_AGAIN, single)
                else:
                    yield self._block(single, line, whole, continued or later)
        elif len(piece) > self.source.limits.record:
            self.refuse(line, piece, len(piece), record=True)
        else:
            yield self._block(piece, line, whole, continued)

    def _has_zero(self, text: bytes) -> bool:
        """Is a backslash u0000 in it really an escape, not an escaped backslash before u0000?"""
        import re

        return re.search(rb"(?:^|[^\\])(?:\\\\)*\\u0000", text) is not None

    def _block(self, piece: bytes, line: int, whole: bool, continued: bool) -> DocumentBlock:
        import pyarrow as pa

        docs = pa.StringArray.from_buffers(
            1, pa.py_buffer(np.array([0, len(piece)], np.int32).tobytes()), pa.py_buffer(piece)
        )
        return DocumentBlock(docs, np.full(1, line, np.int64), whole, continued)

    def refuse(self, line: int, text: bytes, size: int, *, record: bool = False) -> None:
        """Reject a line, or (record) one record of it, that is too long. text: its beginning at least."""
        if record or not self.holds_lists:
            limit, name = self.source.limits.record, "JOURNEYLINE_MAX_RECORD_BYTES"
        else:
            limit, name = self.longest, "JOURNEYLINE_MAX_DOCUMENT_BYTES"
        what = "a record of the line" if record else "the line"
        advice = (
            "Usually the line breaks of the file are lost: ask for it again. If such long lines are right, ask for"
            f" smaller pages or one record per line, or raise {name}."
        )
        reason = f"{what} is longer than {limit:,} bytes: it has {size:,}"
        self.source.rejects.drop(line, reason, advice, text)


def is_json(text: bytes) -> bool:
    """Is the text one JSON object or list?"""
    stripped = text.strip()
    if stripped[:1] not in (b"{", b"["):
        return False
    try:
        if len(stripped) <= _SHORT:
            json.loads(stripped)
        else:
            import msgspec

            msgspec.json.decode(stripped, type=msgspec.Raw)
    except (ValueError, RecursionError):
        return False
    return True


def is_utf8(text: bytes) -> bool:
    """Is the text UTF-8? A long one is looked at where it lies."""
    if len(text) > _SHORT:
        import pyarrow as pa

        offsets = pa.py_buffer(np.array([0, len(text)], np.int32).tobytes())
        try:
            pa.StringArray.from_buffers(1, offsets, pa.py_buffer(text)).validate(full=True)
        except pa.ArrowInvalid:
            return False
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
