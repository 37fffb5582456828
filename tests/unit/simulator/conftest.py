"""One small simulated brand for all tests of this room."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from simulator import SimulationSettings, simulate

NIGHTS = 5


@pytest.fixture(scope="session")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a brand of 2,500 persons over five nights, faults planted."""
    output = tmp_path_factory.mktemp("simulator") / "brand"
    simulate(SimulationSettings(customers=2500, nights=NIGHTS, seed=11, output=output))
    return output


@pytest.fixture(scope="session")
def truth(brand: Path) -> Callable[[str], pl.DataFrame]:
    """Read a truth table by name."""
    return lambda name: pl.read_parquet(brand / "_truth" / f"{name}.parquet")


def text_of(path: Path) -> str:
    """The file's text, unpacked."""
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")


def csv_rows(path: Path) -> list[list[str]]:
    """All rows of a CSV file, the header first."""
    return list(csv.reader(io.StringIO(text_of(path))))


def night_files(brand: Path, platform: str, name: str) -> list[Path]:
    """All files of an object, in order of night and name."""
    return sorted((brand / platform / name).glob("dt=*/*"))
