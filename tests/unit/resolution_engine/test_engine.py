"""The engine's settings for speed change no answer: threads, sizes of chunks, the order of the records."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.identity import MORE, PERSON, WIDE
from benchmarks.identity_data import hard
from resolution import LinkResult, link
from resolution.compare import kernels
from resolution.config import MatchConfig, config_from_dict
from resolution.standardise.columns import Column

RECORDS = hard(900, seed=4)


def config_for(**more: object) -> MatchConfig:
    return config_from_dict(
        {"record_id": "record_id", "attributes": {**PERSON, **MORE}, "blocking": WIDE, "train_pairs": 3000, **more}
    )


def answer(result: LinkResult, ids: pd.Series) -> tuple[pd.DataFrame, set[frozenset]]:
    """Edges by record id, and who is together with whom: the same for every order of the records."""
    edges = result.edges.assign(**{side: ids.to_numpy()[result.edges[side]] for side in ("left", "right")})
    pair = np.sort(edges[["left", "right"]].to_numpy(str), axis=1)
    edges = edges.assign(left=pair[:, 0], right=pair[:, 1], evidence=edges["evidence"].astype(str))
    people = pd.Series(ids.to_numpy()).groupby(result.labels).agg(frozenset)
    return edges.sort_values(["left", "right"], ignore_index=True), set(people)


EXPECTED = answer(link(RECORDS, config=config_for(jobs=1)), RECORDS["record_id"])


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 4),
    st.sampled_from([1000, 5000, 10**7]),
    st.sampled_from([0, 10**9]),
    st.sampled_from([1, 10**9]),
)
def test_threads_chunks_memory_sifting_and_order_change_no_answer(
    seed: int, jobs: int, chunk_pairs: int, kept: int, sifted: int
) -> None:
    records = RECORDS.sample(frac=1, random_state=seed).reset_index(drop=True)
    patch = pytest.MonkeyPatch()
    with patch.context() as changed:
        changed.setattr("resolution.candidates.KEPT_BYTES", kept)  # below the bytes of all pairs they are made again
        changed.setattr("resolution.sifting.FEWEST", sifted)
        changed.setattr("resolution.compare.fast.MANY", sifted)
        changed.setattr("resolution.compare.FEW_PAIRS", 1)
        result = link(records, config=config_for(jobs=jobs, chunk_pairs=chunk_pairs))
    edges, people = answer(result, records["record_id"])
    pd.testing.assert_frame_equal(edges, EXPECTED[0], check_exact=True)
    assert people == EXPECTED[1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), max_size=40))
def test_a_column_gives_back_its_values_in_an_order_of_their_own(values: list) -> None:
    import polars as pl

    column = Column.encode(pl.Series(values, dtype=pl.String))
    assert column.spread(column.codes).to_list() == values
    assert column.size == len({v for v in values if v is not None})
    again = Column.encode(pl.Series([*values, "more"][::-1], dtype=pl.String))
    assert [v for v in again.text if v in set(column.text)] == column.text.to_list()


def test_two_values_with_one_hash_stay_two(monkeypatch: pytest.MonkeyPatch) -> None:
    import polars as pl

    monkeypatch.setattr(pl.Series, "hash", lambda self, *_: self.str.len_chars().cast(pl.UInt64))
    column = Column.encode(pl.Series(["ab", None, "cd", "ab", "x"]))
    assert column.spread(column.codes).to_list() == ["ab", None, "cd", "ab", "x"]
    assert column.size == 3


def test_kernels_see_only_the_values_that_are_compared() -> None:
    import polars as pl

    column = Column.encode(pl.Series([f"name{i}" for i in range(1000)]))
    seen = []

    def kernel(part: Column, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        seen.append(part.size)
        return (kernels.edits_where(part, a, b, np.ones(len(a), bool)) <= 1).astype(np.uint8)

    code = {value: i for i, value in enumerate(column.text)}
    left = np.array([code["name1"], code["name2"], code["name1"]], np.int32)
    right = np.array([code["name5"], code["name777"], code["name5"]], np.int32)
    index, level = kernels.distinct_levels(column, left, right, np.ones(3, bool), kernel)
    assert seen == [4] and index.tolist() == [0, 1, 2] and level.tolist() == [1, 0, 1]
