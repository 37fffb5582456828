"""The night's new and changed texts → intermediate.int_message_scores. A text is scored once per version."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from journeys.errors import TextError

if TYPE_CHECKING:
    import polars as pl
    import psycopg

    from journeys.text.scorer import Scorer

log = logging.getLogger(__name__)

PAGE = 40_000  # texts in memory at once: some 100 MB with all that is made of them
ALONE = 15_000  # fewer texts than this are scored here: starting processes costs a second each
CONSUMER = "journeys:messages"

_TO_SCORE = """
    select m.touchpoint_id::text as touchpoint_id, m.source_record_key::text as source_record_key,
           h.text_hash::text as text_hash, h.written
    from intermediate.int_messages as m
    cross join lateral (
        select concat_ws('. ', m.message_title, m.message_text) as written,
               md5(concat_ws('. ', m.message_title, m.message_text))::uuid as text_hash
    ) as h
    left join intermediate.int_message_scores as s on m.touchpoint_id = s.touchpoint_id
    where m._changed_seq > $1 and m.touchpoint_id > $2::uuid and not m.is_deleted and m.message_text is not null
      and (s.touchpoint_id is null or s.text_hash <> h.text_hash or s.scorer_version <> $3
           or s.source_record_key <> m.source_record_key)
    order by m.touchpoint_id limit $4
"""
_COLUMNS = (
    "touchpoint_id", "source_record_key", "text_hash", "scorer_version", "language", "language_confidence", "sentiment",
    "sentiment_class", "unscored_reason", "intent", "topic", "topics", "is_question",
)  # fmt: skip


def score_texts(export_date: dt.date | str) -> int:
    """Score what is new, changed, or scored by an earlier version; returns how many texts.

    Every page is committed by itself: a night that is stopped goes on where it was. Results that a new version replaces
    are kept in int_message_scores_history. Raises TextError when the messages have not been built.
    """
    import warehouse
    from journeys.text.scorer import Scorer
    from warehouse.connection import one
    from warehouse.watermarks import newest, read_watermarks, write_watermarks

    scorer = Scorer()
    with warehouse.night_lock(CONSUMER, wait_seconds=600), warehouse.connect(name="journeyline messages") as connection:
        there = newest(connection, "intermediate", ["int_messages"])
        if not there:
            raise TextError("intermediate.int_messages does not exist: run the dbt layer touchpoints first.")
        marks = read_watermarks(connection, CONSUMER)
        version = int(scorer.fingerprint, 16)
        after = marks.get("int_messages", 0) if marks.get("scorer") == version else 0
        connection.commit()
        scored = 0
        if there["int_messages"] > after:
            seq = int(one(connection, "select nextval('ops.build_seq')"))
            _forget_deleted(connection, after)
            scored = _score_pages(connection, scorer, after, seq)
            _note_version(connection, scorer.version, export_date, scored)
        write_watermarks(connection, CONSUMER, {"int_messages": there["int_messages"], "scorer": version})
        connection.commit()
    log.info("messages: %d texts scored by %s", scored, scorer.version)
    return scored


def _score_pages(connection: psycopg.Connection[Any], scorer: Scorer, after: int, seq: int) -> int:
    """Pages are read and written here while the next one is scored beside."""
    scored = 0
    with _workers() as workers:
        waiting: list[tuple[pl.DataFrame, Future[pl.DataFrame]]] = []
        for page in _pages(after, scorer.version):
            if page.height < ALONE:
                _store(connection, page, scorer.score(page["written"]), scorer.version, seq)
            else:
                waiting.append((page, workers().submit(_score, page["written"])))
                if len(waiting) > 2:
                    _store(connection, waiting[0][0], waiting.pop(0)[1].result(), scorer.version, seq)
            scored += page.height
        for texts, result in waiting:
            _store(connection, texts, result.result(), scorer.version, seq)
    return scored


def _pages(after: int, version: str) -> Iterator[pl.DataFrame]:
    import polars as pl

    import warehouse

    last = "00000000-0000-0000-0000-000000000000"
    while True:
        page = pl.from_arrow(warehouse.read_arrow(_TO_SCORE, (after, last, version, PAGE)))
        assert isinstance(page, pl.DataFrame)
        if page.is_empty():
            return
        last = page["touchpoint_id"][-1]
        yield page
        if page.height < PAGE:
            return


@contextmanager
def _workers() -> Iterator[Any]:
    """A function that gives the pool of processes, started when it is first needed."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    pool: list[Executor] = []

    def start() -> Executor:
        if not pool:
            pool.append(ProcessPoolExecutor(_cores(), get_context("spawn")))
        return pool[0]

    try:
        yield start
    finally:
        for started in pool:
            started.shutdown(cancel_futures=True)


def _cores() -> int:
    import os

    return max(1, min(len(os.sched_getaffinity(0)), 8))


def _score(texts: pl.Series) -> pl.DataFrame:
    """In a process of its own, which keeps its scorer."""
    return _scorer().score(texts)


@cache
def _scorer() -> Scorer:
    from journeys.text.scorer import Scorer

    return Scorer()


def _store(
    connection: psycopg.Connection[Any], page: pl.DataFrame, scores: pl.DataFrame, version: str, seq: int
) -> None:
    """One page in one transaction; rows whose result is the same keep their _changed_seq."""
    import polars as pl
    from psycopg import sql

    from warehouse.bulk import copy_in

    rows = pl.concat([page.drop("written"), scores], how="horizontal").with_columns(
        pl.lit(version).alias("scorer_version"),
        pl.col("sentiment").round(4),
        pl.col("language_confidence").round(3),
    )
    connection.execute("create temporary table scored (like intermediate.int_message_scores) on commit drop")
    connection.execute("alter table scored drop column _changed_seq")  # not null, and not known to the scorer
    copy_in(connection, "scored", rows.select(_COLUMNS).to_arrow())
    connection.execute(
        "insert into intermediate.int_message_scores_history (touchpoint_id, source_record_key, text_hash,"
        " scorer_version, language, sentiment, sentiment_class, intent, topic)"
        " select o.touchpoint_id, o.source_record_key, o.text_hash, o.scorer_version, o.language, o.sentiment,"
        " o.sentiment_class, o.intent, o.topic from scored as n"
        " join intermediate.int_message_scores as o using (touchpoint_id)"
        " where o.scorer_version <> n.scorer_version on conflict do nothing"
    )
    connection.execute(
        sql.SQL(
            "insert into intermediate.int_message_scores ({columns}, _changed_seq)"
            " select {columns}, %(seq)s from scored"
            " on conflict (touchpoint_id) do update set ({columns}, _changed_seq) ="
            " ({excluded}, excluded._changed_seq)"
        ).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
            excluded=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in _COLUMNS),
        ),
        {"seq": seq},
    )
    connection.commit()


def _forget_deleted(connection: psycopg.Connection[Any], after: int) -> None:
    connection.execute(
        "delete from intermediate.int_message_scores as s using intermediate.int_messages as m"
        " where m.touchpoint_id = s.touchpoint_id and m._changed_seq > %s and (m.is_deleted or m.message_text is null)",
        (after,),
    )
    connection.commit()


def _note_version(connection: psycopg.Connection[Any], version: str, export_date: dt.date | str, texts: int) -> None:
    connection.execute(
        "insert into ops.scorer_versions (scorer_version, first_export_date, texts) values (%s, %s, %s)"
        " on conflict (scorer_version) do update set texts = ops.scorer_versions.texts + excluded.texts",
        (version, str(export_date), texts),
    )
