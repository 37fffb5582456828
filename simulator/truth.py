"""The truth beside the exports, as Parquet and JSON."""

from __future__ import annotations

import polars as pl

from simulator.world import World
from simulator.writing import Ledger


def write_truth(world: World, ledger: Ledger) -> None:
    """Write all truth files."""
    folder = world.settings.output / "_truth"
    folder.mkdir()
    counts = pl.DataFrame(
        [(world.settings.night_date(f.night), f.platform, f.object, f.rows) for f in ledger.files],
        schema={"night": pl.Date, "platform": pl.String, "object": pl.String, "rows": pl.Int64}, orient="row",
    )  # fmt: skip
    counts.group_by("night", "platform", "object", maintain_order=True).agg(pl.col("rows").sum()).write_parquet(folder / "expected_counts.parquet")
