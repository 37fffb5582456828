"""Explanations: parts are what the score is made of, paths lead where they say, values appear only when asked for."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.identity_data import hard
from resolution.errors import InputError
from resolution.explanation_files import explain_customer, explain_pair
from resolution.file_command import LinkOptions, run_link
from resolution.linkage import Linkage, load_linkage
from resolution.review_files import review_table
from resolution.scoring import score_pairs
from resolution.standardise import standardise
from resolution.waterfall import as_text, pair_weights


@pytest.fixture(scope="module")
def linkage(tmp_path_factory: pytest.TempPathFactory) -> Linkage:
    folder = tmp_path_factory.mktemp("explain")
    hard(400, seed=5).drop(columns=["source", "person"]).to_csv(folder / "people.csv", index=False)
    run_link(LinkOptions(files=(folder / "people.csv",), output=folder / "clusters.parquet"))
    return load_linkage(folder / "clusters.parquet")


def test_parts_add_up_to_the_score(linkage: Linkage) -> None:
    std = standardise(pl.read_csv(linkage.files[0], infer_schema=False), linkage.config)
    draw = np.random.default_rng(3)
    left, right = draw.integers(0, 200, 60).astype(np.int32), draw.integers(200, 400, 60).astype(np.int32)
    likely = linkage.edges.filter(pl.col("match_probability") > 0.3).head(60)
    place = {str(record): i for i, record in enumerate(std.record_ids)}
    pairs = [*zip(left.tolist(), right.tolist(), strict=True)]
    pairs += [(place[a], place[b]) for a, b in likely.select("left", "right").iter_rows()]
    a, b = (np.array(side, np.int32) for side in zip(*pairs, strict=True))
    scored = score_pairs(std, linkage.model, a, b, linkage.config)
    for pair, weight in zip(
        pair_weights(std, linkage.model, linkage.config, pairs), scored["match_weight"], strict=True
    ):
        total = pair.start + sum(part.bits for part in pair.parts) + pair.relatives + pair.alone
        assert pair.weight == pytest.approx(total, abs=1e-6)
        assert pair.weight == pytest.approx(weight, abs=1e-3)
        assert all(part.bits == 0 for part in pair.parts if part.level == "missing")
        assert f"{pair.weight:+.1f} bits in all" in "\n".join(as_text(pair))


def test_a_customer_and_the_path_between_its_records(linkage: Linkage) -> None:
    largest = linkage.clusters.sort("cluster_size", "golden_customer_id", descending=True)
    customer = str(largest["golden_customer_id"][0])
    records = linkage.clusters.filter(pl.col("golden_customer_id") == customer)["record_id"].to_list()
    told = explain_customer(linkage, customer)
    assert len(told.links) == len(records) - 1 and all(record in told.text for record in records)
    linked = {frozenset(pair) for pair in linkage.edges.select("left", "right").iter_rows()}
    for other in records[1:]:
        path = explain_pair(linkage, records[0], other).path
        hops = [link.left.removeprefix("record ") for link in path] + [path[-1].right.removeprefix("record ")]
        assert hops[0] == records[0] and hops[-1] == other
        assert all(frozenset(hop) in linked for hop in itertools.pairwise(hops))
    emails = [
        v for v in pl.read_csv(linkage.files[0], infer_schema=False)["email"].drop_nulls().to_list() if len(v) > 6
    ]
    assert not any(email in words for email in emails for words in (told.text, told.html))
    shown = explain_customer(linkage, customer, show_values=True)
    assert any(email in shown.html for email in emails)


def test_why_two_records_are_apart(linkage: Linkage) -> None:
    owner = dict(linkage.clusters.select("record_id", "golden_customer_id").iter_rows())
    first, stranger = next((a, b) for a in owner for b in owner if owner[a] != owner[b])
    told = explain_pair(linkage, first, stranger)
    assert "are two customers" in told.title and told.lines and "below the threshold" in told.lines[0]
    with pytest.raises(InputError, match="no record 'nobody'"):
        explain_pair(linkage, first, "nobody")


def test_answers_of_a_review_hold_and_are_not_asked_again(linkage: Linkage, tmp_path: Path) -> None:
    asked = review_table(linkage, limit=6, show_values=True)
    assert asked["value"].is_sorted(descending=True) and "left_email" in asked.columns
    # The answers that change most: what is linked is not, what is apart is.
    answers = asked.with_columns(verdict=pl.when("linked").then(pl.lit("different")).otherwise(pl.lit("same")))
    answers.write_csv(tmp_path / "review.csv")
    output = tmp_path / "again.csv"
    (tmp_path / "before").mkdir()
    previous = tmp_path / "before" / "clusters.csv"
    run_link(LinkOptions(files=linkage.files, output=previous))
    done, _ = run_link(
        LinkOptions(files=linkage.files, output=output, previous=previous, decisions=(tmp_path / "review.csv",))
    )
    owner = dict(pl.read_csv(output).select("record_id", "golden_customer_id").iter_rows())
    for left, right, verdict in answers.select("left", "right", "verdict").iter_rows():
        assert (owner[left] == owner[right]) == (verdict == "same")
    assert done.changes is not None and done.changes.height
    again = review_table(load_linkage(output), limit=6)
    assert not set(again.select("left", "right").iter_rows()) & set(asked.select("left", "right").iter_rows())
