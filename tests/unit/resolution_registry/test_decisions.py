"""Decisions as data, and the path that explains."""

from __future__ import annotations

from pathlib import Path

import pytest

from resolution.decisions import (
    ContradictoryDecisionsError,
    Decision,
    DecisionError,
    check_decisions,
    make_decision,
    read_decisions,
    record_key,
)
from resolution.explanation import Explanation, best_path, strongest_tree


def test_records_are_named_readably_or_by_key() -> None:
    assert record_key("shopify|account|7") == record_key("shopify|account|7 ")
    assert record_key("8F14E45F-CEEA-467F-AB5C-7E8B1C2D3E4F") == "8f14e45f-ceea-467f-ab5c-7e8b1c2d3e4f"
    with pytest.raises(DecisionError, match="platform"):
        record_key("shopify-7")


def test_a_decision_is_checked_and_put_in_order() -> None:
    one = make_decision("web|cookie|b", "shop|account|a", "same", "ann", "she said so")
    assert one.left_key < one.right_key
    for wrong in (("maybe", "ann", "why"), ("same", " ", "why"), ("same", "ann", "")):
        with pytest.raises(DecisionError):
            make_decision("web|cookie|b", "shop|account|a", *wrong)
    with pytest.raises(DecisionError, match="two different"):
        make_decision("web|cookie|b", "web|cookie|b", "same", "ann", "why")


def test_contradictions_list_the_whole_cycle() -> None:
    rows = [
        Decision("a", "b", "same", "ann", "x"),
        Decision("b", "c", "same", "ann", "x"),
        Decision("c", "d", "same", "ann", "x"),
        Decision("a", "d", "different", "bob", "twins"),
    ]
    check_decisions(rows[:3])
    with pytest.raises(ContradictoryDecisionsError, match="a = b = c = d, yet a ≠ d") as error:
        check_decisions(rows)
    assert "bob: twins" in str(error.value)


def test_a_file_names_its_wrong_line(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text("left,right,verdict,author,reason\na|b|1,a|b|2,same,ann,seen\na|b|1,a|b|3,perhaps,ann,seen\n")
    with pytest.raises(DecisionError, match=r"decisions.csv, line 3: verdict 'perhaps'"):
        read_decisions(path)
    path.write_text("left,right\n")
    with pytest.raises(DecisionError, match="author"):
        read_decisions(path)
    path.write_text("left,right,verdict,author,reason\na|b|1,a|b|2,same,ann,seen\n")
    assert len(read_decisions(path)) == 1


EDGES = [
    ("a", "b", "certain", "email", 18.0, 0.999),
    ("b", "c", "certain", "phone", 13.0, 0.99),
    ("a", "c", "probable", "name=same", 3.0, 0.89),
    ("c", "d", "decision", "different", -99.0, 0.0),
]


def test_the_path_is_the_one_whose_weakest_link_is_strongest() -> None:
    assert [e[3] for e in best_path(EDGES, "a", "c")] == ["email", "phone"]
    assert [e[3] for e in best_path(EDGES, "c", "a")] == ["phone", "email"]
    assert best_path(EDGES, "a", "d") == []


def test_the_tree_holds_everything_with_the_strongest_links() -> None:
    assert [e[3] for e in strongest_tree(EDGES)] == ["email", "phone"]


def test_html_is_escaped() -> None:
    page = Explanation("<b>", ("a & b",)).html
    assert "&lt;b&gt;" in page and "a &amp; b" in page
