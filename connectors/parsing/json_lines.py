"""JSON files → blocks of documents: one per line, or the whole file as one document."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from connectors.errors import FileRejectedError
from connectors.parsing.blocks import DocumentBlock
from connectors.parsing.long_lines import LongLines, is_json, is_utf8
from connectors.parsing.parquet import parquet_blocks
from connectors.parsing.rejects import SEND_AGAIN

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from connectors.parsing.source import Source


def document_blocks(source: Source, above: Sequence[Sequence[str]] = ()) -> Iterator[DocumentBlock]:
    """Recognise how the file is written and cut it accordingly. above: what columns read of enclosing records."""
    import pyarrow as pa

    if source.form.format == "parquet":
        yield from parquet_blocks(source)
        return
    if not source.form.line_delimited:
        whole = _whole_document(source)
        if whole is not None:
            if len(whole) > source.limits.block:
                yield from LongLines(source, above).run(whole, 1, whole=True)
            else:
                yield DocumentBlock(pa.array([whole.decode("utf-8")], pa.string()), np.ones(1, np.int64), whole=True)
            return
    yield from _Lines(source, LongLines(source, above)).run(source.text())


def _whole_document(source: Source) -> bytes | None:
    """The file's text when it is one document over several lines; None when it is written one document per line.

    A page cut off in the middle is neither: that is a FileRejectedError. A broken line among good ones is not.
    """
    text, feed = io.BytesIO(), -1
    size = 0
    for block in source.text():
        if not size:
            block = block.lstrip()
        text.write(block)
        size += len(block)
        if feed < 0 and (end := block.find(b"\n")) >= 0:
            feed = size - len(block) + end
            if is_json(text.getvalue()[:feed]):
                return None
        if size > source.limits.document:
            if feed >= 0 and any(is_json(line) for line in text.getvalue()[: 1 << 20].split(b"\n")[:100]):
                return None
            raise FileRejectedError(
                f"{source.where}: the file {source.name} is one JSON document of more than"
                f" {source.limits.document:,} bytes. Ask for smaller pages or for one record per line, or raise"
                " JOURNEYLINE_MAX_DOCUMENT_BYTES."
            )
    whole = text.getvalue()
    if not whole.strip() or is_json(whole):
        return whole if b"\n" in whole.rstrip() else None
    if any(is_json(line) for line in whole.split(b"\n", 100)[:100]):
        return None
    raise FileRejectedError(
        f"{source.where}: the file {source.name} is not valid JSON: it is cut off or damaged. Nothing of it was loaded."
        " Ask for it again, and pull this export date again."
    )


class _Lines:
    def __init__(self, source: Source, long: LongLines) -> None:
        self.source, self.long, self.line = source, long, 1

    def run(self, blocks: Iterator[bytes]) -> Iterator[DocumentBlock]:
        rest, size = io.BytesIO(), 0  # the line that is not complete yet, and its length so far
        for block in blocks:
            end = block.find(b"\n") + 1
            if not end or size + end > self.source.limits.block:  # the line goes on, or has become a long one
                size += end or len(block)
                if size <= self.long.longest + 1:
                    rest.write(block[:end] if end else block)
                if not end:
                    continue
                yield from self._long(rest, size)
                rest, size, block = io.BytesIO(), 0, block[end:]
            cut = block.rfind(b"\n") + 1
            if cut:
                rest.write(block[:cut])
                yield from self._block(rest.getvalue())
                rest, size = io.BytesIO(), 0
            rest.write(block[cut:])
            size += len(block) - cut
        if size > self.source.limits.block:
            yield from self._long(rest, size)
        elif rest.getvalue().strip():
            yield from self._block(rest.getvalue() + b"\n")

    def _long(self, rest: io.BytesIO, size: int) -> Iterator[DocumentBlock]:
        """A line that is longer than a block; rest: its text, or of a line that is too long its beginning."""
        line, self.line = self.line, self.line + 1
        if size > self.long.longest + 1:
            self.long.refuse(line, rest.getvalue(), size)
        else:
            yield from self.long.run(rest.getvalue(), line)

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
        for index in np.flatnonzero(np.diff(offsets) > self.long.longest + 1).tolist():
            line = text[offsets[index] : offsets[index + 1]]
            self.long.refuse(int(lines[index]), line, len(line))
            keep[index] = False
        if not is_utf8(text):
            for index in np.flatnonzero(keep).tolist():
                line = text[offsets[index] : offsets[index + 1]]
                if not is_utf8(line):
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
