"""Asking the questions: each SQL once, read only, timed, in one snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from journeys.errors import QuestionError
from journeys.questions.catalogue import Question

TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What the warehouse said. rows: tuples in the order of `columns`; seconds: of the statement and its transfer."""

    question: Question
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    seconds: float


def ask(connection: Any, question: Question) -> Answer:
    """Ask one question. Raises QuestionError naming it when its SQL fails; the text never shows a value."""
    import psycopg

    if question.sql is None:
        return Answer(question, (), (), 0.0)
    began = time.perf_counter()
    try:
        with connection.transaction(force_rollback=True):
            cursor = connection.execute(question.sql.encode())
            rows = tuple(cursor.fetchall())
            columns = tuple(column.name for column in cursor.description or ())
    except psycopg.Error as error:
        text = (error.diag.message_primary or type(error).__name__).splitlines()[0]
        raise QuestionError(f"{question.room}.yml, question {question.number}: {text}") from None
    return Answer(question, columns, rows, time.perf_counter() - began)


def ask_all(questions: Iterable[Question], progress: Callable[[Answer], None] | None = None) -> list[Answer]:
    """Ask all of them in one read-only snapshot; nothing can be changed, and none takes longer than a minute."""
    import psycopg

    import warehouse

    answers = []
    with warehouse.connect(name="journeyline questions") as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(f"set local statement_timeout = {TIMEOUT_SECONDS * 1000}")
        for question in questions:
            answers.append(ask(connection, question))
            if progress is not None:
                progress(answers[-1])
    return answers
