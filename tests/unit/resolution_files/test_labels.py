"""Labels set a model right that goes wrong without them, and force nothing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from resolution.config import MatchConfig, config_from_dict
from resolution.errors import InputError
from resolution.evaluation import evaluate
from resolution.pipeline import LinkResult, link


@cache
def colleagues() -> pd.DataFrame:
    """People of teams of six who share desk, badge and town; names are common, most birth dates are missing. Without
    labels the strongest pattern in the records is the team, not the person.
    """
    draw = np.random.default_rng(1)
    given = np.array(["anna", "bob", "carl", "dora", "emil", "fred", "gina", "hans"])
    rows = []
    for person in range(210):
        team, name = person // 6, str(given[draw.integers(8)])
        family = f"fam{draw.integers(60)}x"
        born = f"19{draw.integers(40, 99)}-{draw.integers(1, 13):02d}-{draw.integers(1, 29):02d}"
        for _ in range(draw.integers(1, 4)):
            rows.append(
                {
                    "person": f"p{person}",
                    "desk": f"d{team}",
                    "badge": f"b{team}k",
                    "first": name if draw.random() > 0.15 else name[0],
                    "last": family if draw.random() > 0.5 else None,
                    "born": born if draw.random() > 0.6 else None,
                    "town": f"town{team}",
                }
            )
    frame = pd.DataFrame(rows).sample(frac=1, random_state=1).reset_index(drop=True)
    frame.insert(0, "id", [f"r{i:04d}" for i in range(len(frame))])
    return frame


def settings() -> MatchConfig:
    types = {"first": "given_name", "last": "family_name", "born": "birth_date", "desk": "string", "badge": "id"}
    return config_from_dict({"record_id": "id", "attributes": types | {"town": "city"}})


@cache
def without_labels() -> LinkResult:
    return link(colleagues(), config=settings())


def f1(result: LinkResult, mask: np.ndarray) -> float:
    return evaluate(result.labels[mask], colleagues()["person"].to_numpy()[mask]).pairwise_f1


def test_true_persons_of_some_records_help_the_others() -> None:
    frame = colleagues()
    seen = frame["person"].str[1:].astype(int).to_numpy() % 5 < 2
    taught = link(
        frame, config=settings(), labels=frame[seen].rename(columns={"id": "record_id"})[["record_id", "person"]]
    )
    assert taught.report["threshold_by"] == "labels"
    before, after = f1(without_labels(), ~seen), f1(taught, ~seen)
    assert before < 0.4 and after > before + 0.2, (before, after)


def test_labelled_pairs_help_and_force_nothing() -> None:
    frame = colleagues()
    edges = without_labels().edges.sample(200, random_state=1)
    left, right = (edges[side].to_numpy() for side in ("left", "right"))
    ids, person = frame["id"].to_numpy(), frame["person"].to_numpy()
    same = person[left] == person[right]
    labels = pd.DataFrame({"left": ids[left], "right": ids[right], "verdict": np.where(same, "same", "different")})
    taught = link(frame, config=settings(), labels=labels)
    everyone = np.ones(len(frame), bool)
    assert f1(taught, everyone) > f1(without_labels(), everyone) + 0.2
    # One absurd label is outvoted by what the records say; a decision is not.
    far = int(np.flatnonzero((frame["town"] != frame["town"][0]) & (frame["first"].str[0] != frame["first"][0][0]))[0])
    wrong = pd.DataFrame({"left": [ids[0]], "right": [ids[far]], "verdict": ["same"]})
    lied = link(frame, config=settings(), labels=pd.concat([labels, wrong]))
    assert lied.labels[0] != lied.labels[far]
    decided = link(frame, config=settings(), decisions=wrong)
    assert decided.labels[0] == decided.labels[far]
    assert "decision" in set(decided.edges["kind"])


def test_labels_of_other_columns_or_records_are_refused() -> None:
    frame = colleagues().head(50)
    for labels, message in (
        ({"a": ["r0000"]}, "labels need the columns left, right and verdict"),
        ({"left": ["r0000"], "right": ["r0001"], "verdict": ["maybe"]}, "line 2: the verdict must be"),
        ({"left": ["r0000"], "right": ["none"], "verdict": ["same"]}, "1 record ids that are not among"),
    ):
        with pytest.raises(InputError, match=message):
            link(frame, config=settings(), labels=pd.DataFrame(labels))
