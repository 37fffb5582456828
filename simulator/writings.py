"""The truth's table of what people wrote: one shape for every platform."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.persons import NEVER
from simulator.text import lookup
from simulator.texts import TOPIC_NAMES, TOPICS

I64 = NDArray[np.int64]


def moments(seconds: I64) -> pl.Series:
    """Unix seconds as UTC moments; negative and never are null."""
    valid = (seconds >= 0) & (seconds < NEVER)
    frame = pl.DataFrame({"s": np.where(valid, seconds, 0) * 1000, "v": valid})
    return frame.select(pl.when("v").then(pl.col("s").cast(pl.Datetime("ms", "UTC")))).to_series()


def writings(
    platform: str, kind: str, ids: pl.Series, person: NDArray[np.int32] | I64, topic: NDArray[np.int8], at: I64
) -> pl.DataFrame:
    """One row per text: where it stands, who wrote it when, and what it is about."""
    return pl.DataFrame(
        {
            "source_id": ids,
            "person_id": person,
            "topic": lookup(TOPIC_NAMES, topic.astype(np.int64)),
            "written_at": moments(at),
            "intent": lookup([x.intent for x in TOPICS.values()], topic.astype(np.int64)),
            "sentiment": np.array([x.sentiment for x in TOPICS.values()], dtype=np.int8)[topic],
        }
    ).select(pl.lit(platform).alias("source_platform"), pl.lit(kind).alias("kind"), pl.all())
