"""A sample of what customers wrote in the last eight weeks, with weights, and without what names a person."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import polars as pl

WEEKS = 8
PER_STRATUM = 3
COLUMNS = """
    touchpoint_id uuid primary key,
    stage_code text not null,
    sentiment_class text not null,
    channel text not null,
    week_start date not null,
    intent text,
    topic text,
    sentiment numeric(5, 4),
    language text,
    stratum_messages integer not null,
    stratum_sampled integer not null,
    cell_customers integer not null,
    redacted_text text
"""
_CELL = ("stage_code", "sentiment_class", "channel")
_SAMPLE = """
    select m.touchpoint_id::text as touchpoint_id, concat_ws('. ', m.message_title, m.message_text) as written,
           array_to_string(array[g.full_name, g.given_name, g.family_name, g.city, g.company], ' ') as names
    from unnest(string_to_array($1, ' ')::uuid[]) as wanted (touchpoint_id)
    join intermediate.int_messages as m on m.touchpoint_id = wanted.touchpoint_id
    left join identity.record_links as l on l.source_record_key = m.source_record_key and l.valid_to_run_id is null
    left join identity.golden_records as g on g.golden_customer_id = l.golden_customer_id
"""


def choose(messages: pl.DataFrame) -> pl.DataFrame:
    """Up to three messages of every stratum (stage × sentiment × channel × week), the same ones whatever the order.

    messages: touchpoint_id (hexadecimal digits), golden_customer_id, stage_code, sentiment_class, channel, week_start …
    Adds stratum_messages and stratum_sampled, whose ratio is the weight, and cell_customers: customers of the stage,
    sentiment and channel in all weeks, by which small cells are suppressed. Chance is the md5 of the message's id.
    """
    import hashlib

    import polars as pl

    stratum = [*_CELL, "week_start"]
    lots = [hashlib.md5(key.encode(), usedforsecurity=False).hexdigest() for key in messages["touchpoint_id"].to_list()]
    return (
        messages.with_columns(pl.Series("lot", lots, dtype=pl.String))
        .with_columns(
            pl.len().over(stratum).cast(pl.Int32).alias("stratum_messages"),
            pl.col("golden_customer_id").n_unique().over(_CELL).cast(pl.Int32).alias("cell_customers"),
            pl.col("lot").rank("ordinal").over(stratum).alias("place"),
        )
        .filter(pl.col("place") <= PER_STRATUM)
        .with_columns(pl.len().over(stratum).cast(pl.Int32).alias("stratum_sampled"))
        .sort("touchpoint_id")
        .drop("lot", "place")
    )


def apply(context: Context, fitted: Fit | None) -> None:
    """Writes stat_quotes: the whole sample, every night."""
    import polars as pl

    from journeys.text.redacting import redact

    since = context.export_date - dt.timedelta(weeks=WEEKS)
    columns = [
        "touchpoint_id::text as touchpoint_id", "golden_customer_id::text as golden_customer_id", "stage_code",
        "coalesce(sentiment_class, '(unscored)') as sentiment_class", "coalesce(channel, '(unknown)') as channel",
        "occurred_week as week_start", "intent", "topic", "sentiment", "language",
    ]  # fmt: skip
    where = (
        f"not is_bot and stage_code is not null and unscored_reason is distinct from 'no_words'"
        f" and occurred_date > date '{since.isoformat()}' and occurred_date <= date '{context.export_date.isoformat()}'"
    )
    chosen = choose(context.fact("fct_messages", columns, everybody=True, where=where))
    texts = context.read(_SAMPLE, (" ".join(chosen["touchpoint_id"].to_list()),))
    recent = f"ordered_date > date '{since.isoformat()}'"
    products = context.fact(
        "fct_order_lines", ["distinct lower(product_name) as product_name"], everybody=True, where=recent
    )
    known = frozenset(word for name in products["product_name"].drop_nulls().to_list() for word in name.split())
    redacted = [
        redact(text, (names or "",), known)
        for text, names in zip(texts["written"].to_list(), texts["names"].to_list(), strict=True)
    ]
    sample = chosen.drop("golden_customer_id").join(
        texts.select("touchpoint_id", pl.Series("redacted_text", redacted, dtype=pl.String)),
        on="touchpoint_id",
        how="left",
    )
    context.write("stat_quotes", sample)


STEP = Step("quotes", fit=None, apply=apply, tables={"stat_quotes": COLUMNS})
