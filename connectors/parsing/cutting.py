"""A long JSON document → documents of the same shape with a stretch each of its longest list: rows in bounded memory.

Vendors nest without limit: one line may hold a form with all its submissions. Nothing is decoded here but the keys on
the way to the rows; elements stay views of the text (msgspec.Raw) until they are copied into a piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from connectors.forms import FileForm
from connectors.paths import steps

if TYPE_CHECKING:
    from msgspec import Raw

    Fields = dict[str, Raw]

Wrap = Callable[[bytes], bytes]
Piece = tuple[bytes, bool]


class Cutter:
    """Cuts documents of one form.

    size    bytes of list elements in a piece; an element that is longer, and cannot be cut, is a piece of its own
    above   keys, nested, that columns read from the record around the rows (`^.x`): the pieces keep these of it
    """

    def __init__(self, form: FileForm, size: int, above: Sequence[Sequence[str]]) -> None:
        self.form, self.size = form, size
        inner = form.rows or ((form.nested_rows,) if form.nested_rows else ())
        self.inner = [[str(step) for step in steps(path)] for path in inner]
        self.above = [tuple(keys) for keys in above]
        self.where = [tuple(str(step) for step in steps(path)) for path in form.where]

    def pieces(self, text: bytes) -> Iterator[Piece]:
        """(document, continued) in the order of the text; continued: the record around these rows came in an earlier
        piece. Raises ValueError before the first piece when the text is not valid JSON."""
        import msgspec

        # Reads all of the text once: a document that is damaged at its end gives no rows from its beginning.
        msgspec.json.decode(text, type=msgspec.Raw)
        return self._document(text)

    def _document(self, text: bytes) -> Iterator[Piece]:
        records = None if self.form.line_delimited else _elements(text)
        if records is not None:
            yield from self._records(records, lambda piece: piece)
            return
        fields = _fields(text) or {}
        for key in self.form.record_path:
            keys = key.split("/")
            levels, value = _descend(text, keys)
            records = _elements(value)
            if records is not None:
                yield from self._records(records, _shell(levels, keys, self.where))
                return
            if value is not None and _fields(value) is not None:
                yield from self._record(value, _shell(levels, keys, self.where))
                return
        if not self.form.line_delimited and _is_keyed(fields):
            import msgspec

            names = list(fields)
            for start, stop in _groups([fields[name] for name in names], self.size):
                if stop - start == 1:  # as a list of one: a piece of it might not be known by its key any more
                    yield from self._record(fields[names[start]], lambda piece: b"[" + piece + b"]")
                else:
                    yield msgspec.json.encode({name: fields[name] for name in names[start:stop]}), False
            return
        yield from self._record(text, lambda piece: piece)

    def _records(self, records: list[Raw], wrap: Wrap) -> Iterator[Piece]:
        for start, stop in _groups(records, self.size):
            if stop - start == 1:
                yield from self._record(records[start], lambda piece: wrap(b"[" + piece + b"]"))
            else:
                yield wrap(_list(records[start:stop])), False

    def _record(self, record: bytes | Raw, wrap: Wrap) -> Iterator[Piece]:
        """One record; if it is long, with a stretch each of the list inside it whose elements are rows."""
        for keys in self.inner if len(record) > self.size else ():
            levels, value = _descend(record, keys)
            rows = _elements(value)
            if rows is None:
                if self.form.rows and _fields(value) is not None:
                    break
                continue
            own, rest = _shell(levels, keys, None), _shell(levels, keys, self.above)
            groups = _groups(rows, self.size) or [(0, 0)]
            for number, (start, stop) in enumerate(groups):
                first = number == 0 and self.form.nested_rows is not None  # the record itself is a row as well
                yield wrap((own if first else rest)(_list(rows[start:stop]))), number > 0
            return
        yield wrap(bytes(record)), False


def _fields(value: bytes | Raw | None) -> Fields | None:
    """The keys and values of an object; None for what is none."""
    import msgspec

    if value is None or _first(value) != b"{":
        return None
    return msgspec.json.decode(value, type=dict[str, msgspec.Raw])


def _elements(value: bytes | Raw | None) -> list[Raw] | None:
    """The elements of a list; None for what is none."""
    import msgspec

    if value is None or _first(value) != b"[":
        return None
    return msgspec.json.decode(value, type=list[msgspec.Raw])


def _first(value: bytes | Raw) -> bytes:
    head = bytes(memoryview(value)[:64]).lstrip()
    return head[:1] or bytes(value).lstrip()[:1]


def _descend(value: bytes | Raw, keys: Sequence[str]) -> tuple[list[Fields], bytes | Raw | None]:
    """The objects on the way along these keys, and the value at its end (None: there is none)."""
    levels: list[Fields] = []
    found: bytes | Raw | None = value
    for key in keys:
        fields = _fields(found)
        if fields is None or key not in fields:
            return levels, None
        levels.append(fields)
        found = fields[key]
    return levels, found


def _shell(levels: list[Fields], keys: Sequence[str], wanted: list[tuple[str, ...]] | None) -> Wrap:
    """What puts another value at the end of the keys. Beside it only what leads to `wanted` is kept (None: all)."""
    import msgspec

    kept: list[Fields] = []
    for depth, fields in enumerate(levels):
        way = tuple(keys[:depth])
        names = {path[depth] for path in wanted or () if len(path) > depth and path[:depth] == way}
        all_of_it = wanted is None or any(path == way[: len(path)] for path in wanted)
        kept.append(
            {name: value for name, value in fields.items() if all_of_it or name in names or name == keys[depth]}
        )

    def wrap(piece: bytes) -> bytes:
        for fields, key in zip(reversed(kept), reversed(keys), strict=True):
            piece = msgspec.json.encode({**fields, key: msgspec.Raw(piece)})
        return piece

    return wrap


def _list(elements: list[Raw]) -> bytes:
    return b"[" + b",".join(elements) + b"]"


def _groups(elements: Sequence[Raw], size: int) -> list[tuple[int, int]]:
    """Stretches (start, stop) of elements of together about `size` bytes; an element longer than that stands alone."""
    import numpy as np

    if not elements:
        return []
    lengths = np.fromiter(map(len, elements), np.int64, len(elements))
    alone = lengths > size
    group = np.cumsum(lengths) // size
    starts = np.flatnonzero((np.diff(group) > 0) | alone[1:] | alone[:-1]) + 1
    edges = [0, *starts.tolist(), len(elements)]
    return list(pairwise(edges))


def _is_keyed(fields: Fields) -> bool:
    """Are all values objects that repeat their key as id? (documents.py asks the same of what is not cut)"""
    import msgspec

    for key, value in fields.items():
        found = bytes((_fields(value) or {}).get("id", b"")).strip()
        if (msgspec.json.decode(found) if found[:1] == b'"' else found.decode()) != key:
            return False
    return bool(fields)


__all__ = ["Cutter"]
