"""Reading and writing the files that people bring: CSV and Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from resolution.errors import InputError

if TYPE_CHECKING:
    import polars as pl


def read_table(path: str | Path) -> pl.DataFrame:
    """A CSV (any of , ; tab |) or Parquet file. CSV columns stay text, so that postcodes keep their zeros.

    Raises InputError naming the file and what to do.
    """
    import polars as pl

    file = Path(path)
    if not file.exists():
        raise InputError(f"{file}: no such file")
    if file.suffix.lower() in (".parquet", ".pq"):
        try:
            return pl.read_parquet(file)
        except pl.exceptions.PolarsError as error:
            raise InputError(f"{file}: not a readable Parquet file ({type(error).__name__})") from None
    try:
        return pl.read_csv(
            file, infer_schema=False, separator=_separator(file), encoding="utf8-lossy", truncate_ragged_lines=True
        )
    except pl.exceptions.NoDataError:
        raise InputError(f"{file}: the file is empty; the first line must name the columns") from None
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"{file}: not a readable CSV file ({type(error).__name__}); use UTF-8 and one header line"
        ) from None


def read_tables(paths: list[Path]) -> pl.DataFrame:
    """Several files below each other; columns that one lacks are blank there, and `file` names where a record came
    from.
    """
    import polars as pl

    frames = [read_table(path) for path in paths]
    if len(frames) == 1:
        return frames[0]
    named = [
        f if "file" in f.columns else f.with_columns(pl.lit(p.stem).alias("file"))
        for f, p in zip(frames, paths, strict=True)
    ]
    return pl.concat(named, how="diagonal_relaxed")


def _separator(file: Path) -> str:
    """The separator that parts the header line into most columns."""
    with file.open("rb") as handle:
        header = handle.readline(1 << 20).decode("utf-8", "replace")
    return max(",;\t|", key=header.count)


def write_table(frame: pl.DataFrame, path: str | Path) -> None:
    """Write CSV or Parquet, by the file's ending."""
    file = Path(path)
    if file.suffix.lower() in (".parquet", ".pq"):
        frame.write_parquet(file)
    elif file.suffix.lower() == ".csv":
        frame.write_csv(file)
    else:
        raise InputError(f"{file}: the output is written as .csv or .parquet; choose one of these endings")
