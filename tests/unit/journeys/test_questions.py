"""The catalogue of questions: entries that cannot be asked are refused with a reason; the page shows data safely."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeys.errors import QuestionError
from journeys.questions import Answer, load_questions, render_page
from journeys.questions.page import page_questions, without_answers

GOOD = """
- number: 40
  asks: Is support quicker?
  tables: [social_support]
  sql: select week from marts.social_support order by week
  read: Weeks.
"""


def _load(folder: Path, text: str) -> list:
    (folder / "service.yml").write_text(text, encoding="utf-8")
    return load_questions(folder)


def test_an_entry_is_read_as_written(tmp_path: Path) -> None:
    (question,) = _load(tmp_path, GOOD)
    assert (question.number, question.tables, question.room) == (40, ("social_support",), "service")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("number: 40", "number: 87"), "write 1 to 86"),
        (("select week", "delete from marts.social_support; select week"), "one SELECT"),
        (("order by week", "order by week; select 1"), "one SELECT"),
        (("marts.social_support", "intermediate.social_support"), "marts only"),
        (("[social_support]", "[fct_tickets]"), "the SQL reads"),
        (("read: Weeks.", "reads: Weeks."), "unknown field reads"),
        (("sql: select week from marts.social_support order by week", ""), "no export holds"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_asked_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    with pytest.raises(QuestionError, match=says) as caught:
        _load(tmp_path, GOOD.replace(*change))
    assert "service.yml" in str(caught.value)


def test_markup_in_answers_is_harmless_and_unknown_is_a_dash(tmp_path: Path) -> None:
    (question,) = _load(tmp_path, GOOD)
    page = render_page([Answer(question, ("campaign", "n"), (("a|b <script>", None),), 0.1)], "test")
    assert "a\\|b \\<script\\>" in page
    assert "| – |" in page


def test_the_page_without_answers_depends_on_the_catalogue_only(tmp_path: Path) -> None:
    (question,) = _load(tmp_path, GOOD)
    asked = render_page([Answer(question, ("week",), ((1,), (2,)), 0.1)], "one brand")
    unasked = render_page(page_questions([question]), "another")
    assert without_answers(asked) == without_answers(unasked)
    assert "| 2 |" not in without_answers(asked)
