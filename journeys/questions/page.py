"""`docs/questions.md`: every question with its marts, its SQL, how to read it, and an answer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from journeys.questions.asking import Answer
from journeys.questions.catalogue import Question

SHOWN_ROWS = 8
SHOWN_CHARACTERS = 48
_ANSWER = re.compile(r"<!-- answer -->\n.*?<!-- /answer -->\n", re.S)
_HEAD = """# Every question and where its answer stands

This page is generated from `journeys/questions/*.yml`: change an entry there, then run

    python -m journeys questions --write docs/questions.md

against a published warehouse. The SQL reads `marts` only and runs as it stands; tests run all of it. The answers shown
are the simulated brand's ({brand}), cut to {rows} rows: they show the shape, not a benchmark. Ids of customers are
opaque. What a word means is frozen in [definitions.md](definitions.md). A cell `–` is unknown or suppressed, never
zero.

"""


def render_page(answers: Sequence[Answer], brand: str) -> str:
    """The page as Markdown. brand: what the answers were asked of, in words."""
    parts = [_HEAD.format(brand=brand, rows=SHOWN_ROWS), _contents(answers)]
    for answer in answers:
        parts.append(_section(answer))
    return "".join(parts)


def without_answers(page: str) -> str:
    """The page without what depends on the data, to compare it with the catalogue."""
    return _ANSWER.sub("", re.sub(r"brand's \([^)]*\)", "brand's", page))


def _contents(answers: Sequence[Answer]) -> str:
    numbers = sorted({answer.question.number for answer in answers})
    unanswered = [a.question.number for a in answers if a.question.sql is None]
    line = f"{len(numbers)} questions"
    if unanswered:
        line += f"; no export holds what {', '.join(map(str, unanswered))} would need, which is said there"
    return f"{line}.\n"


def _section(answer: Answer) -> str:
    question = answer.question
    lines = [f"\n## {question.number}. {question.asks}\n"]
    if question.tables:
        lines.append("Marts: " + ", ".join(f"`{table}`" for table in question.tables) + "\n")
    if question.sql is not None:
        lines.append(f"```sql\n{question.sql}\n```\n")
        lines.append(f"<!-- answer -->\n{_table(answer)}\n<!-- /answer -->\n")
    if question.read:
        lines.append(question.read + "\n")
    if question.missing:
        lines.append(f"**What no export can tell:** {question.missing}\n")
    return "\n".join(lines)


def _table(answer: Answer) -> str:
    if not answer.rows:
        return "*No rows on the simulated brand.*"
    head = "| " + " | ".join(answer.columns) + " |\n|" + "---|" * len(answer.columns)
    rows = ["| " + " | ".join(show_cell(value) for value in row) + " |" for row in answer.rows[:SHOWN_ROWS]]
    more = f"\n\n*{len(answer.rows)} rows; the first {SHOWN_ROWS}.*" if len(answer.rows) > SHOWN_ROWS else ""
    return "\n".join([head, *rows]) + more


def show_cell(value: Any) -> str:
    """One value for a Markdown table: markup is made harmless, long text is cut."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | Decimal):
        text = f"{value:,.4f}".rstrip("0").rstrip(".") if value == value else "–"
    elif isinstance(value, int):
        text = str(value)
    elif isinstance(value, dt.datetime):
        text = value.strftime("%Y-%m-%d %H:%M")
    elif isinstance(value, list | tuple):
        text = ", ".join(map(str, value))
    else:
        text = str(value)
    text = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return re.sub(r"([|<>*_`\[\]\\])", r"\\\1", text).replace("\n", " ")


def page_questions(questions: Sequence[Question]) -> list[Answer]:
    """The questions as unasked answers, for comparing the page with the catalogue without a warehouse."""
    return [Answer(question, (), (), 0.0) for question in questions]
