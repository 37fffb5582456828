"""Cells of a block as Arrow text columns, one per column of the contract: what a row is before it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.contracts import ExportObject
from connectors.forms import FileForm
from connectors.parsing import shaping

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


def text_cells(
    export: ExportObject, form: FileForm, found: dict[str, list[pa.Array | str]], lines: pa.Array | NDArray[np.int64],
    extra: pa.Array | None, content: pa.Array | None,
) -> pa.Table:  # fmt: skip
    """Table of the contract's columns as text (blank is NULL), _line, _row, _extra, and _content where it is given.

    found: column → arrays that feed it, or one value for all rows, best first; a column without any has the form's own
           value (`set`), or NULL
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    count = len(lines)
    columns: dict[str, pa.Array] = {}
    for column in export.columns.values():
        feeds = [*found[column.name], *([form.set_[column.name]] if column.name in form.set_ else [])]
        arrays = [
            pa.scalar(feed, pa.string())
            if isinstance(feed, str)
            else _present(feed, column.type, form, "keep_blank" in column.clean)
            for feed in feeds
        ]
        if not arrays:
            columns[column.name] = pa.nulls(count, pa.string())
        elif len(arrays) == 1 and isinstance(arrays[0], pa.Array):
            columns[column.name] = arrays[0]
        else:
            columns[column.name] = pc.coalesce(pa.nulls(count, pa.string()), *arrays)
    columns |= {shaping.LINE: pa.array(lines), shaping.ROW: pa.array(np.arange(count))}
    columns[shaping.EXTRA] = pa.nulls(count, pa.string()) if extra is None else extra
    if content is not None:
        columns[shaping.CONTENT] = content
    return pa.table(columns)


def _present(array: pa.Array, kind: str, form: FileForm, keep_blank: bool) -> pa.Array:
    """The cells, NULL where they are blank or hold a word that stands for a missing value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind != "text":
        array = pc.utf8_trim_whitespace(array)
    words = [*form.nulls, *([] if keep_blank else [""])]
    if not words or array.null_count == len(array):
        return array
    if len(words) == 1:
        return pc.if_else(pc.equal(array, words[0]), pa.scalar(None, pa.string()), array)
    return pc.if_else(pc.is_in(array, pa.array(words, pa.string())), pa.scalar(None, pa.string()), array)


def joined(arrays: list[pa.Array], missing: str) -> pa.Array:
    """The texts of each row joined by an unprintable mark; `missing` stands for NULL."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*arrays, "\x1f", null_handling="replace", null_replacement=missing)
