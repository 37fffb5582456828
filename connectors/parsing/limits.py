"""How much of a file may be in memory at once."""

from __future__ import annotations

import os
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes.

    block     text handled at once
    record    longest record (a line, or a quoted cell's several lines); longer ones are rejected, never held
    document  longest JSON document, or line, with a list of records in it: longer than a block, it is read in pieces
    unpacked  most that a compressed file may unpack to
    suspicious, ratio  beyond so many bytes, a file that unpacks to more than `ratio` times its size is a bomb
    original  how much of a rejected row's text is kept in ops.rejected_rows (the landing file keeps all of it)
    """

    block: int = 8 * MIB
    record: int = 16 * MIB
    document: int = 256 * MIB
    unpacked: int = 256 << 30
    suspicious: int = 256 * MIB
    ratio: int = 200
    original: int = 8192

    @property
    def piece(self) -> int:
        """How much of a long document's list is handled at once."""
        return max(min(self.block, self.record) // 2, 1)


def limits() -> Limits:
    """The limits of this moment: JOURNEYLINE_MAX_{RECORD,DOCUMENT,UNPACKED}_BYTES change three of them."""
    usual = Limits()
    record = int(os.environ.get("JOURNEYLINE_MAX_RECORD_BYTES") or usual.record)
    document = int(os.environ.get("JOURNEYLINE_MAX_DOCUMENT_BYTES") or usual.document)
    unpacked = int(os.environ.get("JOURNEYLINE_MAX_UNPACKED_BYTES") or usual.unpacked)
    return Limits(block=min(usual.block, max(record, 4096)), record=record, document=document, unpacked=unpacked)
