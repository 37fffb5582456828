"""Reading and writing the files that people bring: delimited text, Parquet, JSON lines and Excel workbooks.

A table has named columns and text as people wrote it: nothing is guessed into numbers, so postcodes keep their zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolution.errors import InputError

if TYPE_CHECKING:
    import polars as pl

PARQUET, JSON, EXCEL = (".parquet", ".pq"), (".jsonl", ".ndjson", ".json"), (".xlsx", ".xlsm", ".xls", ".ods")


@dataclass(frozen=True)
class ReadOptions:
    """How files are read where their content does not tell: encoding and separator of text, sheet of a workbook."""

    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None


def read_table(path: str | Path, options: ReadOptions | None = None) -> pl.DataFrame:
    """The records of one file, by its ending: Parquet, JSON lines, Excel, and anything else as delimited text.

    Raises InputError naming the file, line and column, and what to do: no such file, no records, a column name twice,
    a line with more fields than the header, an unreadable format.
    """
    import polars as pl

    from resolution import tables_text

    options = options or ReadOptions()
    file = Path(path)
    if not file.exists():
        raise InputError(f"{file}: no such file")
    if not file.is_file():
        raise InputError(f"{file}: this is a folder; name the files in it")
    if not file.stat().st_size:
        raise InputError(f"{file}: the file is empty; the first line must name the columns")
    ending = file.suffix.lower()
    if ending in PARQUET:
        try:
            frame = tables_text.plain_columns(pl.read_parquet(file), file)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise InputError(f"{file}: not a readable Parquet file ({type(error).__name__})") from None
    elif ending in JSON:
        frame = tables_text.read_json(file, options.encoding)
    elif ending in EXCEL:
        frame = _read_excel(file, options.sheet)
    else:
        frame = tables_text.read_delimited(file, options.encoding, options.separator)
    if not frame.width:
        raise InputError(f"{file}: there are no columns")
    if not frame.height:
        raise InputError(f"{file}: column names ({', '.join(frame.columns[:8])}), but no record below them")
    return frame


def read_tables(paths: Sequence[Path], options: ReadOptions | None = None) -> pl.DataFrame:
    """Several files below each other; columns that one lacks are blank there.

    With several files the column `file` names where a record came from (unless the files have such a column).
    """
    import polars as pl

    frames = [read_table(path, options) for path in paths]
    if len(frames) == 1:
        return frames[0]
    named = [
        f if "file" in f.columns else f.with_columns(pl.lit(name).alias("file"))
        for f, name in zip(frames, source_names(paths), strict=True)
    ]
    kinds: dict[str, set[pl.DataType]] = {}
    for frame in named:
        for column, kind in frame.schema.items():
            kinds.setdefault(column, set()).add(kind)
    # A column that is a number in one file and text in another is text: 7 and '7' are one postcode.
    mixed = [column for column, found in kinds.items() if len(found) > 1]
    alike = [f.with_columns(pl.col(c).cast(pl.String, strict=False) for c in mixed if c in f.columns) for f in named]
    return pl.concat(alike, how="diagonal")


def source_names(paths: Sequence[Path]) -> list[str]:
    """A name for each file: its stem, or its path where two files have one stem. InputError for one file twice."""
    resolved = [Path(p).resolve() for p in paths]
    twice = next((p for i, p in enumerate(paths) if resolved[i] in resolved[:i]), None)
    if twice is not None:
        raise InputError(f"{twice}: the file is named twice")
    stems = [Path(p).stem for p in paths]
    return [stem if stems.count(stem) == 1 else str(path) for stem, path in zip(stems, paths, strict=True)]


def _read_excel(file: Path, sheet: str | None) -> pl.DataFrame:
    import fastexcel
    import polars as pl

    from resolution.tables_text import checked_names

    try:
        book = fastexcel.read_excel(file)
    except fastexcel.FastExcelError as error:
        raise InputError(
            f"{file}: not a readable workbook ({type(error).__name__}); save it again, or as CSV"
        ) from None
    if sheet is not None and sheet not in book.sheet_names:
        raise InputError(f"{file}: no sheet {sheet!r}; there are {', '.join(book.sheet_names)}")
    raw = book.load_sheet(sheet or 0, header_row=None, dtypes="string")
    if not raw.height:
        raise InputError(f"{file}: the sheet {sheet or book.sheet_names[0]!r} is empty")
    rows = pl.DataFrame(pl.from_arrow(raw.to_arrow()))
    names = checked_names([str(v) if v is not None else "" for v in rows.row(0)], str(file))
    frame = rows.slice(1).rename(dict(zip(rows.columns, names, strict=True)))
    return frame.filter(pl.any_horizontal(pl.all().is_not_null()))


def write_table(frame: pl.DataFrame, path: str | Path) -> None:
    """Write CSV or Parquet, by the file's ending."""
    file = check_output(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix.lower() in PARQUET:
        frame.write_parquet(file)
    else:
        frame.write_csv(file)


def check_output(path: str | Path) -> Path:
    """The path, if it can be written as a table; InputError otherwise. Asked before the work, not after it."""
    file = Path(path)
    if file.suffix.lower() not in (*PARQUET, ".csv"):
        raise InputError(f"{file}: the output is written as .csv or .parquet; choose one of these endings")
    if file.is_dir():
        raise InputError(f"{file}: this is a folder; name a file")
    return file
