"""A delivered text as a stream of UTF-8 bytes, whatever its compression and encoding."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from connectors.errors import FileRejectedError
from connectors.parsing.archives import Content, Readable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_PEEK = 4096


class TextStream:
    """Blocks of UTF-8 text, without BOM. Raises FileRejectedError for what cannot be read."""

    def __init__(self, content: Content, encoding: str = "utf-8", block: int = 8 << 20) -> None:
        self.content, self.name, self.encoding, self.block = content, content.name, encoding, block

    def __iter__(self) -> Iterator[bytes]:
        source = self.content.open()
        try:
            yield from self._blocks(source)
        finally:
            source.close()

    def _blocks(self, source: Readable) -> Iterator[bytes]:
        read = self.content.read
        first = read(source, max(self.block, _PEEK))
        self.content.refuse_nesting(first)
        encoding, skip = _detect(first, self.encoding)
        first = first[skip:]
        if encoding == "utf-8":
            while first:
                yield first
                first = read(source, self.block)
            return
        decoder = codecs.getincrementaldecoder(encoding)()
        block = first
        try:
            while block:
                text = decoder.decode(block)
                if text:
                    yield text.encode("utf-8")
                block = read(source, self.block)
            rest = decoder.decode(b"", final=True)
        except UnicodeError as error:
            raise FileRejectedError(
                f"{self.name}: the text is not {encoding} ({getattr(error, 'reason', error)}). Ask for the file in"
                " UTF-8, or write its encoding in the contract (encoding: windows-1252, utf-16 …)."
            ) from None
        if rest:
            yield rest.encode("utf-8")


def _detect(first: bytes, declared: str) -> tuple[str, int]:
    """(encoding, bytes of BOM to skip). UTF-16 without BOM shows itself by its zero bytes."""
    for bom, encoding in _BOMS:
        if first.startswith(bom):
            return encoding, len(bom)
    sample = first[:_PEEK]
    if len(sample) >= 4 and declared == "utf-8":
        odd, even = sample[1::2].count(0) / len(sample[1::2]), sample[0::2].count(0) / len(sample[0::2])
        if odd > 0.3 and even < 0.05:
            return "utf-16-le", 0
        if even > 0.3 and odd < 0.05:
            return "utf-16-be", 0
    return declared, 0
