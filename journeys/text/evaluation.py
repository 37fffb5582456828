"""How often the scorer is right: its results against texts whose intent, topic and sentiment are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from journeys.errors import TextError

if TYPE_CHECKING:
    import polars as pl

SIGNS = {"negative": -1, "neutral": 0, "positive": 1}
# The lists tell questions and recommendations more finely than the truth does.
SAME_INTENT = {"order_question": "question", "product_question": "question", "recommendation": "praise"}
# What the simulated brand's people write about → topics that are right. Praise and plain questions are about anything.
SAME_TOPIC = {
    "stock_question": ("availability",),
    "late_order": ("delivery",),
    "where_is_my_order": ("delivery",),
    "broken_on_arrival": ("damaged",),
    "wrong_item": ("wrong_item", "product_quality"),
}


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of right answers in one channel; a text that was not scored, or has no topic, is a wrong answer."""

    channel: str
    aspect: str
    texts: int
    right: float
    answered: float


def evaluate_text(truth: Path) -> list[Accuracy]:
    """Accuracy per channel and aspect (sentiment, intent, topic), and over all channels (`all`).

    truth: Parquet with source_platform, source_id, topic, intent, sentiment (-1, 0, 1); null: not asked.
    Raises TextError when the file lacks a column or no text of it is in the warehouse.
    """
    import polars as pl

    import warehouse

    known = pl.read_parquet(truth)
    missing = {"source_platform", "source_id", "topic", "intent", "sentiment"} - set(known.columns)
    if missing:
        raise TextError(f"{truth}: column {min(missing)} is missing.")
    scores = pl.from_arrow(
        warehouse.read_arrow(
            """select m.source_platform, m.source_event_id as source_id, t.channel, s.sentiment_class,
                      s.intent as said_intent, s.topic as said_topic
               from intermediate.int_message_scores as s
               join intermediate.int_messages as m using (touchpoint_id)
               join intermediate.int_touchpoints as t using (touchpoint_id)
               where not m.is_deleted"""
        )
    )
    assert isinstance(scores, pl.DataFrame)
    return accuracies(known.join(scores, on=["source_platform", "source_id"], how="inner"), truth)


def accuracies(texts: pl.DataFrame, truth: Path | str = "the truth") -> list[Accuracy]:
    """The same for texts beside their truth.

    Columns: channel, sentiment_class, said_intent, said_topic; topic, intent, sentiment.
    """
    import polars as pl

    if texts.is_empty():
        raise TextError(
            f"No text of {truth} is in the warehouse: build the layer touchpoints and score the messages first."
        )
    right_topics = pl.DataFrame(
        [(name, list(topics)) for name, topics in SAME_TOPIC.items()],
        schema={"topic": pl.String, "right_topics": pl.List(pl.String)},
        orient="row",
    )
    judged = texts.join(right_topics, on="topic", how="left").with_columns(
        pl.col("sentiment_class").replace_strict(SIGNS, default=None, return_dtype=pl.Int8).alias("said_sentiment"),
        pl.col("said_intent").replace(SAME_INTENT),
    )
    return _shares(
        judged,
        {
            "sentiment": pl.col("said_sentiment") == pl.col("sentiment"),
            "intent": pl.col("said_intent") == pl.col("intent"),
            "topic": pl.col("said_topic").is_in(pl.col("right_topics")),
        },
        {"topic": "right_topics"},
    )


def evaluate_labels() -> list[Accuracy]:
    """The same against what people coded (ops.message_labels); of several codes the commonest."""
    import polars as pl

    import warehouse

    labelled = pl.from_arrow(
        warehouse.read_arrow(
            """select coalesce(m.channel, '(unknown)') as channel, m.sentiment_class as said_sentiment,
                      m.intent as said_intent, m.topic as said_topic, l.sentiment_class as sentiment, l.intent, l.topic
               from (select touchpoint_id, mode() within group (order by sentiment_class) as sentiment_class,
                            mode() within group (order by intent) as intent,
                            mode() within group (order by topic) as topic
                     from ops.message_labels group by 1) as l
               join marts.fct_messages as m using (touchpoint_id)"""
        )
    )
    assert isinstance(labelled, pl.DataFrame)
    if labelled.is_empty():
        raise TextError("Nobody has coded messages yet: `python -m journeys coding-sheet export`, then `import`.")
    return _shares(
        labelled, {name: pl.col(f"said_{name}") == pl.col(name) for name in ("sentiment", "intent", "topic")}
    )


def _shares(judged: pl.DataFrame, right: dict[str, pl.Expr], asked: dict[str, str] | None = None) -> list[Accuracy]:
    """Accuracy per aspect and channel, then over all. asked: aspect → column that is null where nothing was asked."""
    import polars as pl

    found: list[Accuracy] = []
    for aspect, is_right in right.items():
        of_aspect = judged.filter(pl.col((asked or {}).get(aspect, aspect)).is_not_null())
        for rows in (of_aspect, of_aspect.with_columns(pl.lit("all").alias("channel"))):
            shares = rows.group_by("channel").agg(
                pl.len().alias("texts"),
                is_right.fill_null(False).mean().alias("right"),
                pl.col(f"said_{aspect}").is_not_null().mean().alias("answered"),
            )
            found += [
                Accuracy(row["channel"], aspect, row["texts"], row["right"], row["answered"])
                for row in shares.sort("channel").iter_rows(named=True)
            ]
    return found
