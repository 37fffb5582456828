"""Fast building of text columns from numbers, without a Python loop over rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DASHES = (8, 13, 18, 23)


def lookup(table: Sequence[str | None] | pl.Series, index: NDArray) -> pl.Series:
    """`table[index]` as a text column; an index of -1 gives null."""
    series = table if isinstance(table, pl.Series) else pl.Series("", list(table), dtype=pl.String)
    position = pl.Series("", np.asarray(index).astype(np.int64))
    if len(position) and (np.asarray(index) < 0).any():
        frame = pl.DataFrame({"i": position})
        position = frame.select(pl.when(pl.col("i") >= 0).then(pl.col("i"))).to_series()
    return (
        series.gather(position.cast(pl.UInt32))
        if len(series)
        else pl.Series("", [None] * len(position), dtype=pl.String)
    )


def _from_bytes(matrix: NDArray[np.uint8]) -> pl.Series:
    """Rows of a (n, width) byte matrix as text."""
    import pyarrow as pa

    rows, width = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int64) * width
    array = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(matrix)))
    return pl.Series("", pl.from_arrow(array))


def _hex_digits(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    shifts = np.arange(60, -4, -4, dtype=np.uint64)
    return _HEX[((words[:, None] >> shifts) & np.uint64(15)).astype(np.uint8)]


def uuids(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> pl.Series:
    """Version-4 UUIDs from two random words per row."""
    rows = len(high)
    digits = np.concatenate((_hex_digits(high), _hex_digits(low)), axis=1)
    digits[:, 12] = ord("4")
    digits[:, 16] = _HEX[8 + (low >> np.uint64(62)).astype(np.uint8) % 4]
    out = np.full((rows, 36), ord("-"), dtype=np.uint8)
    places = [i for i in range(36) if i not in _DASHES]
    out[:, places] = digits
    return _from_bytes(out)


def hex16(words: NDArray[np.uint64]) -> pl.Series:
    """16 hexadecimal digits per word."""
    return _from_bytes(_hex_digits(words))


def digits(values: NDArray, width: int) -> pl.Series:
    """Zero-padded decimal numbers of a fixed width."""
    numbers = np.asarray(values).astype(np.int64)
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return _from_bytes(((numbers[:, None] // powers) % 10 + ord("0")).astype(np.uint8))


def money(cents: NDArray) -> pl.Series:
    """Cents as `12.30`; negative amounts keep their sign in front."""
    values = np.asarray(cents).astype(np.int64)
    frame = pl.DataFrame({"w": np.abs(values) // 100, "c": digits(np.abs(values) % 100, 2), "n": values < 0})
    return frame.select(
        pl.concat_str(
            pl.when("n").then(pl.lit("-")).otherwise(pl.lit("")), pl.col("w").cast(pl.String), pl.lit("."), "c"
        )
    ).to_series()


def when(mask: NDArray[np.bool_], series: pl.Series) -> pl.Series:
    """`series` where `mask`, null elsewhere."""
    frame = pl.DataFrame({"m": mask, "s": series})
    return frame.select(pl.when("m").then("s")).to_series()


def choose_text(mask: NDArray[np.bool_], yes: pl.Series | str | None, no: pl.Series | str | None) -> pl.Series:
    """`yes` where `mask`, `no` elsewhere."""
    frame = pl.DataFrame({"m": mask})
    frame = frame.with_columns(
        pl.lit(yes, dtype=pl.String).alias("y") if not isinstance(yes, pl.Series) else yes.alias("y")
    )
    frame = frame.with_columns(
        pl.lit(no, dtype=pl.String).alias("n") if not isinstance(no, pl.Series) else no.alias("n")
    )
    return frame.select(pl.when("m").then("y").otherwise("n")).to_series()


def joined(*parts: pl.Series | str) -> pl.Series:
    """Concatenate text columns and constants; null in any part gives null."""
    frame = pl.DataFrame({f"c{i}": p for i, p in enumerate(parts) if isinstance(p, pl.Series)})
    exprs = [pl.col(f"c{i}") if isinstance(p, pl.Series) else pl.lit(p) for i, p in enumerate(parts)]
    return frame.select(pl.concat_str(exprs)).to_series()


def stamps(seconds: NDArray, pattern: str, zone: str = "UTC", millis: NDArray | None = None) -> pl.Series:
    """Unix seconds as text by a chrono pattern, in a time zone; negative seconds give null."""
    value = np.asarray(seconds).astype(np.int64)
    micros = np.where(value >= 0, value * 1000 + (0 if millis is None else millis), 0)
    frame = pl.DataFrame({"t": micros, "ok": value >= 0})
    moment = pl.col("t").cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(zone).dt.strftime(pattern)
    return frame.select(pl.when("ok").then(moment)).to_series()


def struct_of(rows: int, **parts: pl.Series | pl.Expr) -> pl.Series:
    """A struct column of text columns and constants."""
    frame = pl.DataFrame(
        {"_": np.zeros(rows, dtype=np.int8)} | {n: p for n, p in parts.items() if isinstance(p, pl.Series)}
    )
    fields = [(pl.col(n) if isinstance(p, pl.Series) else p).alias(n) for n, p in parts.items()]
    return frame.with_columns(pl.struct(fields).alias("struct of"))["struct of"]


def json_of(rows: int, **parts: pl.Series | pl.Expr) -> pl.Series:
    """The same, as JSON text."""
    return struct_of(rows, **parts).struct.json_encode()
