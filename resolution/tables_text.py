"""Delimited text and JSON lines: encoding, separator and quoting found from the content, faults named by line."""

from __future__ import annotations

import codecs
import csv
import io
import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolution.errors import InputError

if TYPE_CHECKING:
    import polars as pl

log = logging.getLogger(__name__)
SEPARATORS = ",;\t|"
SAMPLE_BYTES = 1 << 18
BINARY = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive; name a workbook .xlsx, or unpack the archive"),
    (b"PAR1", "a Parquet file; name it .parquet"),
    (b"\x1f\x8b", "compressed (gzip); unpack it first"),
    (b"%PDF", "a PDF; export the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; name it .xls, or save it as CSV"),
)
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_delimited(file: Path, encoding: str | None = None, separator: str | None = None) -> pl.DataFrame:
    """Delimited text with a header line; all columns are text, blank lines are no records.

    Encoding: given, by a byte-order mark, UTF-8, else Windows-1252 (said in the log). Separator: given, else the one of
    , ; tab | that divides the first lines most evenly. Fields may be quoted with \". InputError names file and line.
    """
    import polars as pl

    head = _first_bytes(file)
    found = encoding or _encoding(file, head)
    text = _decode(head, found, file, whole=False)
    mark = separator or _separator(text)
    if len(mark.encode()) != 1:
        raise InputError(f"{file}: the separator {mark!r} is not one plain character; try one of , ; | or a tab")
    names = checked_names(_header(text, mark, file), f"{file}, line 1")
    plain = found in ("utf-8", "utf-8-sig") and b"\n" in head
    source: Any = file if plain else _normal_lines(_decode(file.read_bytes(), found, file)).encode()
    try:
        frame = pl.read_csv(source, infer_schema=False, separator=mark, has_header=True, new_columns=names)
    except (pl.exceptions.PolarsError, OSError):
        # Slower, but it says in which line the fault is; and a stray quote within a field is none.
        content = _decode(file.read_bytes(), found, file)
        frame = _read_slowly(_normal_lines(content), mark, names, file)
    if frame.columns != names:
        frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    return frame.filter(pl.any_horizontal(pl.all().is_not_null()))


def checked_names(names: Iterable[str], where: str) -> list[str]:
    """Names without blanks around them; a nameless column is called by its place. InputError for a name twice."""
    plain = [str(name).replace("\ufeff", "").strip() for name in names]
    result = [name or f"column_{i}" for i, name in enumerate(plain, start=1)]
    for i, name in enumerate(result):
        if name in result[:i]:
            raise InputError(
                f"{where}: the column name {name!r} stands in columns {result.index(name) + 1} and {i + 1}; "
                "give each column a name of its own"
            )
    return result


def read_json(file: Path, encoding: str | None = None) -> pl.DataFrame:
    """JSON lines (one object a line), or one JSON array of objects. Numbers and text in one column become text.

    InputError names the line that is no JSON object.
    """
    import polars as pl

    text = _decode(file.read_bytes(), encoding or _encoding(file, _first_bytes(file)), file)
    if text.lstrip()[:1] != "[":
        try:
            return plain_columns(pl.read_ndjson(io.StringIO(text), infer_schema_length=None), file)
        except pl.exceptions.PolarsError:
            pass  # mixed types or a fault: the slow way tells which
    rows = list(_json_objects(text, file))
    names = list(dict.fromkeys(key for row in rows for key in row))
    columns = {name: [_as_text(row.get(name)) for row in rows] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))


def _json_objects(text: str, file: Path) -> Iterator[dict[str, Any]]:
    def refuse(line: int, what: str) -> InputError:
        return InputError(f'{file}, line {line}: {what}; every line must hold one JSON object such as {{"id": 1}}')

    if text.lstrip()[:1] == "[":
        try:
            listed = json.loads(text)
        except json.JSONDecodeError as error:
            raise refuse(error.lineno, f"not valid JSON ({error.msg})") from None
        for number, row in enumerate(listed, start=1):
            if not isinstance(row, dict):
                raise InputError(f"{file}: element {number} of the array is no object with named values")
            yield row
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise refuse(number, f"not valid JSON ({error.msg})") from None
        if not isinstance(row, dict):
            raise refuse(number, "no JSON object")
        yield row


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def plain_columns(frame: pl.DataFrame, file: Path) -> pl.DataFrame:
    """Without nested columns, which cannot be compared."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    if nested:
        log.warning("%s: nested columns are left out: %s", file, ", ".join(nested))
    return frame.drop(nested)


def _first_bytes(file: Path) -> bytes:
    with file.open("rb") as handle:
        head = handle.read(SAMPLE_BYTES)
    for magic, what in BINARY:
        if head.startswith(magic):
            raise InputError(f"{file}: this is {what}")
    return head


def _encoding(file: Path, head: bytes) -> str:
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if b"\x00" in head:
        raise InputError(f"{file}: not a text file (it holds zero bytes); if it is UTF-16 text, give --encoding utf-16")
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as handle:
        try:
            while block := handle.read(1 << 22):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            log.warning("%s: not UTF-8, read as Windows-1252 (cp1252); name another with --encoding", file)
            return "cp1252"
    return "utf-8"


def _decode(data: bytes, encoding: str, file: Path, whole: bool = True) -> str:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise InputError(f"{file}: no encoding is called {encoding!r}; try utf-8, cp1252 or utf-16") from None
    try:
        return decoder.decode(data, final=whole)
    except UnicodeDecodeError as error:
        if encoding == "cp1252":
            return data.decode("latin-1")  # five bytes mean nothing in Windows-1252
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{file}, line {line}: not {encoding} text; give the right --encoding") from None


def _normal_lines(text: str) -> str:
    """Line ends as \\n, no byte-order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _separator(text: str) -> str:
    """The separator that divides the first lines into most columns, the same number in nearly all."""
    lines = _normal_lines(text).split("\n")[:101]
    lines = [line for line in (lines[:-1] if len(lines) > 1 else lines) if line.strip()]

    def even(mark: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=mark)]
        if not counts or counts[0] < 2:
            return 0.0, 0
        return round(sum(c == counts[0] for c in counts) / len(counts), 1), counts[0]

    return max(SEPARATORS, key=even)


def _header(text: str, mark: str, file: Path) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(_normal_lines(text)), delimiter=mark))
    except (StopIteration, csv.Error):
        raise InputError(f"{file}, line 1: no column names can be read") from None


def _read_slowly(text: str, mark: str, names: list[str], file: Path) -> pl.DataFrame:
    import polars as pl

    csv.field_size_limit(1 << 30)
    reader = csv.reader(io.StringIO(text), delimiter=mark, strict=True)
    columns: list[list[str | None]] = [[] for _ in names]
    start = 1
    try:
        next(reader)
        start = reader.line_num + 1
        for row in reader:
            if len(row) > len(names) and any(row[len(names) :]):
                raise InputError(
                    f"{file}, line {start}: {len(row)} fields, but the header names {len(names)} columns; "
                    f"put a value that holds {mark!r} in quotes, or name another --separator"
                )
            padded = [value or None for value in row[: len(names)]] + [None] * (len(names) - len(row))
            for column, value in zip(columns, padded, strict=True):
                column.append(value)
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{file}, line {start}: {error}; a field that begins with a quote must end with one, and a quote within it "
            "is written twice"
        ) from None
    return pl.DataFrame(dict(zip(names, columns, strict=True)), schema=dict.fromkeys(names, pl.String))
