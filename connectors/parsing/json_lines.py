"""JSON files → blocks of documents: one per line, or the whole file as one document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from connectors.errors import FileRejectedError
from connectors.parsing.blocks import DocumentBlock
from connectors.parsing.parquet import parquet_blocks
from connectors.parsing.rejects import SEND_AGAIN

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from connectors.parsing.source import Source


def document_blocks(source: Source) -> Iterator[DocumentBlock]:
    """Recognise how the file is written and cut it accordingly."""
    import pyarrow as pa

    if source.form.format == "parquet":
        yield from parquet_blocks(source)
        return
    if not source.form.line_delimited:
        whole = _whole_document(source)
        if whole is not None:
            yield DocumentBlock(pa.array([whole], pa.string()), np.ones(1, np.int64), whole=True)
            return
    longest = source.limits.record if source.form.line_delimited else source.limits.document
    yield from _Lines(source, longest).run(source.text())


def _whole_document(source: Source) -> str | None:
    """The file's text when it is one document over several lines; None when it is written one document per line.

    A page cut off in the middle is neither: that is a FileRejectedError. A broken line among good ones is not.
    """
    parts, size = [], 0
    for block in source.text():
        parts.append(block)
        size += len(block)
        head = b"".join(parts).lstrip()
        first, feed, _ = head.partition(b"\n")
        if feed and _is_json(first):
            return None
        if size > source.limits.document:
            if feed and any(_is_json(line) for line in head[: 1 << 20].split(b"\n")[:100]):
                return None
            raise FileRejectedError(
                f"{source.where}: the file {source.name} is one JSON document of more than"
                f" {source.limits.document:,} bytes. Ask for smaller pages or for one record per line, or raise"
                " JOURNEYLINE_MAX_DOCUMENT_BYTES."
            )
    text = b"".join(parts)
    if not text.strip() or _is_json(text):
        return text.decode("utf-8") if text.strip() and b"\n" in text.strip() else None
    if any(_is_json(line) for line in text.split(b"\n")[:100]):
        return None
    raise FileRejectedError(
        f"{source.where}: the file {source.name} is not valid JSON: it is cut off or damaged. Nothing of it was loaded."
        " Ask for it again, and pull this export date again."
    )


def _is_json(text: bytes) -> bool:
    stripped = text.strip()
    if stripped[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(stripped)
    except (ValueError, RecursionError):
        return False
    return True


class _Lines:
    def __init__(self, source: Source, longest: int) -> None:
        self.source, self.longest, self.line = source, longest, 1

    def run(self, blocks: Iterator[bytes]) -> Iterator[DocumentBlock]:
        rest, skipping = b"", False
        for block in blocks:
            if skipping:
                end = block.find(b"\n")
                if end < 0:
                    continue
                block, skipping = block[end + 1 :], False
                self.line += 1
            cut = block.rfind(b"\n") + 1
            if cut:
                yield from self._block(rest + block[:cut])
                rest = block[cut:]
            else:
                rest += block
            if len(rest) > self.longest:
                self._too_long(self.line, rest)
                rest, skipping = b"", True
        if rest.strip():
            yield from self._block(rest + b"\n")

    def _too_long(self, line: int, text: bytes) -> None:
        self.source.rejects.drop(
            line, f"the line is longer than {self.longest:,} bytes", "Usually the line breaks of the file are lost:"
            " ask for it again. If such long lines are right, raise JOURNEYLINE_MAX_RECORD_BYTES.", text,
        )  # fmt: skip

    def _block(self, text: bytes) -> Iterator[DocumentBlock]:
        import pyarrow as pa
        import pyarrow.compute as pc

        feeds = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
        offsets = np.concatenate([[0], feeds + 1])
        lines = np.arange(self.line, self.line + len(feeds))
        self.line += len(feeds)
        docs = pa.StringArray.from_buffers(
            len(feeds), pa.py_buffer(offsets.astype(np.int32).tobytes()), pa.py_buffer(text)
        )
        keep = np.diff(offsets) > 1
        for index in np.flatnonzero(np.diff(offsets) > self.longest + 1).tolist():
            self._too_long(int(lines[index]), text[offsets[index] : offsets[index + 1]])
            keep[index] = False
        if not _is_utf8(text):
            for index in np.flatnonzero(keep).tolist():
                line = text[offsets[index] : offsets[index + 1]]
                if not _is_utf8(line):
                    self.source.rejects.drop(
                        int(lines[index]), "the line is not UTF-8 text", "Ask for the file in UTF-8, or write its"
                        " encoding in the contract (encoding: windows-1252).", line,
                    )  # fmt: skip
                    keep[index] = False
        if not keep.all():
            docs, lines = docs.filter(pa.array(keep)), lines[keep]
        blank = pc.equal(pc.utf8_trim_whitespace(docs), "") if b"\r\n" in text or b" \n" in text else None
        if blank is not None and blank.true_count:
            filled = np.asarray(pc.invert(blank))
            docs, lines = docs.filter(pa.array(filled)), lines[filled]
        docs, lines = self._without_faults(docs, lines, text)
        if len(docs):
            yield DocumentBlock(docs, lines)

    def _without_faults(
        self, docs: pa.StringArray, lines: NDArray[np.int64], text: bytes
    ) -> tuple[pa.StringArray, NDArray[np.int64]]:
        import pyarrow as pa

        if not len(docs):
            return docs, lines
        connection = self.source.connection
        connection.register("lines", pa.table({"doc": docs}))
        # A valid document that begins with a brace is an object: asking for its type would read it once more.
        braces = "'{'" if self.source.form.line_delimited else "'{', '['"
        kinds = f"left(ltrim(doc, ' \t\r'), 1) in ({braces})"
        zero = r"or regexp_matches(doc, '(^|[^\\])(\\\\)*\\u0000')" if b"\\u0000" in text else ""
        faults = connection.sql(
            "select case when not json_valid(doc) then 1 when not " + kinds + " then 2 "  # noqa: S608 - constants
            + ("when " + zero[3:] + " then 3 " if zero else "") + "end as fault from lines"
        ).to_arrow_table()["fault"]  # fmt: skip
        if faults.null_count == len(faults):
            return docs, lines
        words = {
            1: "the line is not valid JSON",
            2: "the line is no JSON object",
            3: "the line has a zero character (\\u0000)",
        }
        for index, number in enumerate(faults.to_pylist()):
            if number:
                self.source.rejects.drop(int(lines[index]), words[number], SEND_AGAIN, docs[index].as_py())
        fine = np.asarray(faults.is_null())
        return docs.filter(pa.array(fine)), lines[fine]


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
