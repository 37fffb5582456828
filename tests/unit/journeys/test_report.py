"""The report's page from made-up answers: complete, escaped, self-contained, and honest about what is missing."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys import charts, wording
from journeys.report import QUESTIONS, build_context, render
from tests.unit.journeys import night


def page(**changes: object) -> str:
    found = night.answers() | changes
    missing = night.complete(tuple(name for name, value in changes.items() if value is None))
    return render(build_context(night.NIGHT, found, missing, night.QUALITY))


class Outline(HTMLParser):
    """Elements, attributes and text of a page, and whether it nests properly."""

    VOID = frozenset({"meta", "link", "br", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    assert parser.open == []
    return parser


def test_made_up_answers_have_the_shape_of_the_questions() -> None:
    assert set(night.answers()) == set(QUESTIONS)


def test_the_page_says_what_was_made() -> None:
    text = " ".join(outline(page()).text)
    for words in (
        "14 March 2026",
        "56,650",
        "21,873",
        "64.8\N{NO-BREAK SPACE}%",
        "make rollback",
        "99.31\N{NO-BREAK SPACE}%",
    ):
        assert words in text
    assert "rolled back" in text and "tickets_have_requesters" in text and "fct_touchpoints" in text


def test_recall_says_which_pairs_it_is_of() -> None:
    quality = night.QUALITY | {"findable_pairwise_recall": 0.9987, "findable_bcubed_recall": 0.9991}
    shown = render(build_context(night.NIGHT, night.answers(), night.complete(), quality))
    text = " ".join(outline(shown).text)
    assert "pairs that the exports allow to be found" in text
    for figure in ("99.87", "99.91", "94.12"):
        assert f"{figure}\N{NO-BREAK SPACE}%" in text
    assert "allow to be found" not in page()


def test_markup_in_names_is_escaped() -> None:
    text = page()
    parsed = outline(text)
    assert "script" not in parsed.tags
    assert night.MARKUP in "".join(parsed.text)
    assert "<script" not in text


def test_nothing_is_loaded_from_outside() -> None:
    text = page()
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text)
    for name, value in outline(text).attributes:
        assert name not in {"src", "srcset", "action"} and not name.startswith("on")
        assert name != "href" or str(value).startswith("#")


def test_links_and_labels_point_at_something() -> None:
    attributes = outline(page()).attributes
    ids = [value for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = {str(value)[1:] for name, value in attributes if name == "href"}
    wanted |= {part for name, value in attributes if name == "aria-labelledby" for part in str(value).split()}
    assert wanted <= set(ids)


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_a_missing_table_is_said(question: str) -> None:
    text = page(**{question: None})
    outline(text)
    if question not in ("customers", "rejects", "sales_days"):
        assert "marts.nothing does not exist" in text


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_no_rows_are_no_error(question: str) -> None:
    outline(page(**{question: []}))


def test_an_empty_warehouse() -> None:
    empty: dict[str, list | None] = dict.fromkeys(night.answers(), None)
    text = render(build_context(night.NIGHT, empty, night.complete(tuple(empty)), None))
    assert "Nothing was published" in "".join(outline(text).text)


def test_rows_that_do_not_add_up_are_shown() -> None:
    assert "every row accounted for" in page()
    assert "rows do not add up" in page(batches=[night.batch("shopify", "orders_export", 10, 5, 1, rows_unchanged=1)])


def test_colour_is_never_the_only_carrier() -> None:
    text = page()
    for words in ("✓ passed", "✕ stopped", "! warning", "✓ live", "! rolled back"):
        assert words in text
    for family in ("acquire", "convert", "serve", "advocate"):
        assert f'<span class="family {family}">{family}</span>' in text


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)).map(lambda pair: (max(pair), min(pair))), max_size=8
    ),
    st.sampled_from([340, 960]),
)
def test_funnel_bars_stay_inside(steps: list[tuple[int, int]], width: int) -> None:
    drawn = charts.funnel([night.step(i + 1, "s", n, o, 1, 1) for i, (n, o) in enumerate(steps)], width)
    for bar in drawn.bars:
        assert bar.closed_width >= 0 and bar.open_width >= 0
        assert bar.closed_width + bar.open_width <= width + 0.2
        assert bar.y + drawn.bar_height <= drawn.height


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1e9), max_size=60))
def test_day_columns_stay_inside(values: list[float]) -> None:
    drawn = charts.days([(date(2026, 1, 1) + timedelta(days=i), value) for i, value in enumerate(values)], 340)
    assert len(drawn.bars) == len(values)
    for bar, value in zip(drawn.bars, values, strict=True):
        assert 0 <= bar.height <= drawn.height + 0.01
        assert (bar.height > 0) is (value > 0)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (wording.count(None), "–"),
        (wording.count(1234567), "1,234,567"),
        (wording.rate(0.0), "0.0\N{NO-BREAK SPACE}%"),
        (wording.rate(None), "–"),
        (wording.money(1234.5, "GBP"), "GBP 1,234.50"),
        (wording.money(123456.7), "123,457"),
        (wording.duration(0.2), "12 min"),
        (wording.duration(5.25), "5.2 h"),
        (wording.duration(100), "4.2 days"),
        (wording.seconds(75.2), "75 s"),
        (wording.share(1, 0), None),
        (wording.share(1, 4), 0.25),
    ],
)
def test_wording(made: object, text: object) -> None:
    assert made == text


def test_the_facade_is_light() -> None:
    heavy = ["psycopg", "pandas", "pyarrow", "jinja2", "great_expectations"]
    code = f"import sys, journeys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
