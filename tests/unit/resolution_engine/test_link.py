"""Linking in memory: quality without labels, determinism, bad input."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.identity_data import hard
from resolution import evaluate, link
from resolution.classify.model import MatchModel
from resolution.config import config_from_dict
from resolution.errors import ModelError

PERSON = {
    "given_name": "given_name",
    "surname": "family_name",
    "birth_date": "birth_date",
    "postcode": "postcode",
    "address": "address",
    "city": "city",
    "email": "email",
}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return hard(900, seed=5)


CONFIG = config_from_dict({"record_id": "record_id", "attributes": PERSON})


def partition(ids: pd.Series, labels: np.ndarray) -> set[frozenset]:
    return {frozenset(group) for _, group in pd.Series(ids.to_numpy()).groupby(labels)}


def test_hard_records_are_linked_without_labels(people: pd.DataFrame) -> None:
    result = link(people, config=CONFIG)
    measured = evaluate(result.labels, people["person"])
    assert measured.pairwise_precision > 0.97
    assert measured.pairwise_f1 > 0.93
    assert {"left", "right", "match_weight", "match_probability", "kind", "evidence"} <= set(result.edges.columns)
    assert (result.edges["left"] < result.edges["right"]).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_records_changes_nothing(people: pd.DataFrame, seed: int) -> None:
    part = people.head(400)
    shuffled = part.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    first, second = link(part, config=CONFIG), link(shuffled, config=CONFIG)
    assert partition(part["record_id"], first.labels) == partition(shuffled["record_id"], second.labels)
    assert first.model == second.model


def test_a_model_survives_json_and_scores_alike(people: pd.DataFrame) -> None:
    part = people.head(400)
    first = link(part, config=CONFIG)
    stored = json.dumps(first.model.to_dict())
    again = link(part, config=CONFIG, model=MatchModel.from_dict(json.loads(stored)))
    assert np.array_equal(first.labels, again.labels)
    assert not any(str(name) in stored for name in part["email"].dropna().head(20)), "a model holds no personal data"
    with pytest.raises(ModelError, match="version"):
        MatchModel.from_dict({"version": 0})


def test_decisions_and_duplicate_free_sources_hold(people: pd.DataFrame) -> None:
    part = people.head(300)
    ids = part["record_id"].tolist()
    free = link(part, config=CONFIG)
    together = next(g for _, g in part.groupby(free.labels) if len(g) > 1)["record_id"].tolist()[:2]
    apart = next(i for i in ids if free.labels[ids.index(i)] != free.labels[ids.index(together[0])])
    decisions = pd.DataFrame(
        {"left": [together[0], together[0]], "right": [together[1], apart], "verdict": ["different", "same"]}
    )
    decided = dict(zip(ids, link(part, config=CONFIG, decisions=decisions).labels, strict=True))
    assert decided[together[0]] != decided[together[1]]
    assert decided[together[0]] == decided[apart]

    sources = hard(600, seed=6, sources=5)
    config = config_from_dict(
        {"record_id": "record_id", "source": "source", "duplicate_free_sources": "all", "attributes": PERSON}
    )
    labels = link(sources, config=config).labels
    assert not pd.DataFrame({"l": labels, "s": sources["source"]}).duplicated().any()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"id": range(50), "first": [None] * 50, "last": [None] * 50}),
        pd.DataFrame({"id": range(3000), "first": ["Ann"] * 3000, "last": ["Smith"] * 3000}),
        pd.DataFrame({"id": range(20_000), "first": [""] * 20_000, "last": [" "] * 20_000}),
        pd.DataFrame({"id": [1], "first": ["Ann"], "last": ["Smith"]}),
        pd.DataFrame({"id": [], "first": [], "last": []}, dtype=object),
        pd.DataFrame(
            {"id": range(4), "first": ["😀", "😀😀", "ب", "x" * 10_000], "last": ["🎉", None, "ب", "y" * 10_000]}
        ),
    ],
    ids=["all missing", "one value everywhere", "blanks", "one record", "no record", "odd scripts"],
)
def test_odd_tables_end_without_a_giant_cluster(frame: pd.DataFrame) -> None:
    config = config_from_dict({"record_id": "id", "attributes": {"first": "given_name", "last": "family_name"}})
    result = link(frame, config=config)
    assert len(result.labels) == len(frame)
    if len(frame):
        assert np.unique(result.labels, return_counts=True)[1].max() <= 1


def test_evaluation_counts_pairs_and_records() -> None:
    measured = evaluate(["a", "a", "b", "b", None], [1, 1, 1, 2, 3])
    assert (measured.true_pairs, measured.predicted_pairs, measured.correct_pairs) == (3, 2, 1)
    assert measured.pairwise_precision == 0.5
    assert measured.bcubed_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
