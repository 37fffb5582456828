"""Blocking: every wanted pair once, caps reported, nothing depends on the order of the records."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolution.blocking import Pass, atom_hashes, implies
from resolution.config import config_from_dict
from resolution.errors import ConfigError
from resolution.index import block_keys, candidate_pairs, lay_blocks, make_blocks
from resolution.passes import propose_passes
from resolution.standardise import standardise

CONFIG = config_from_dict({"record_id": "id", "attributes": {"a": "exact", "b": "exact"}, "chunk_pairs": 1000})
PASSES = [Pass(0, ("a",)), Pass(1, ("b",))]


def keys_of(rows: list[tuple]) -> tuple[pd.DataFrame, int]:
    frame = pd.DataFrame(rows, columns=["a", "b"]).astype("string").assign(id=range(len(rows)))
    return block_keys(standardise(frame, CONFIG), PASSES), len(rows)


values = st.sampled_from(["p", "q", "r", None])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(values, values), min_size=1, max_size=25), st.data())
def test_pairs_are_exactly_those_that_share_a_key(rows: list[tuple], data: st.DataObject) -> None:
    keys, n = keys_of(rows)
    focus = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    expected = [
        (i, j)
        for i, j in itertools.combinations(range(n), 2)
        if any(x is not None and x == y for x, y in zip(rows[i], rows[j], strict=True))
    ]
    found = [
        p for left, right in candidate_pairs(keys, CONFIG, n=n) for p in zip(left.tolist(), right.tolist(), strict=True)
    ]
    assert found == expected
    near = [
        p
        for left, right in candidate_pairs(keys, CONFIG, focus, n)
        for p in zip(left.tolist(), right.tolist(), strict=True)
    ]
    assert near == [(i, j) for i, j in expected if focus[i] or focus[j]]


def test_small_chunks_lose_and_repeat_nothing() -> None:
    rows = [(str(i % 7), str(i % 11)) for i in range(300)]
    keys, n = keys_of(rows)
    blocks = make_blocks(keys, n, CONFIG)
    whole = np.concatenate([left.astype(np.int64) << 32 | right for left, right in blocks.chunks(10**9)])
    parts = [left.astype(np.int64) << 32 | right for left, right in blocks.chunks(500)]
    assert len(parts) > 10
    assert np.array_equal(np.concatenate(parts), whole)


def test_oversized_blocks_are_left_out_and_reported() -> None:
    config = CONFIG.model_copy(update={"max_block_size": 50})
    keys, n = keys_of([("same", str(i // 2)) for i in range(1000)])
    blocks = make_blocks(keys, n, config)
    assert (blocks.reports[0].oversized_blocks, blocks.reports[0].oversized_records) == (1, 1000)
    assert blocks.reports[0].lost_pairs == 1000 * 999 // 2
    assert blocks.reports[1].pairs == 500


def test_sifting_records_that_are_alone_loses_no_block_and_no_report() -> None:
    rng = np.random.default_rng(3)
    rows = [(str(v), None) for v in rng.integers(0, 150_000, 200_000)] + [("big", None)] * 60
    config = CONFIG.model_copy(update={"max_block_size": 50})
    std = standardise(pd.DataFrame(rows, columns=["a", "b"]).astype("string").assign(id=range(len(rows))), config)
    size = pd.Series([a for a, _ in rows]).value_counts()
    for blocks in (lay_blocks(std, PASSES, config), make_blocks(block_keys(std, PASSES), std.n, config)):
        report = blocks.reports[0]
        assert (report.oversized_blocks, report.oversized_records, report.lost_pairs) == (1, 60, 60 * 59 // 2)
        assert report.blocks == int(((size > 1) & (size <= 50)).sum())
        left, right = (np.concatenate(side) for side in zip(*blocks.chunks(40_000), strict=True))
        assert len(left) == report.pairs == int((size[size <= 50] * (size[size <= 50] - 1) // 2).sum())
        codes = std.columns["a"].codes
        assert (codes[left] == codes[right]).all() and (left < right).all()


def test_blanks_never_form_a_block() -> None:
    keys, n = keys_of([(None, None)] * 5000)
    assert len(keys) == 0
    assert list(candidate_pairs(keys, CONFIG, n=n)) == []


def test_keys_do_not_depend_on_the_other_records() -> None:
    alone, _ = keys_of([("p", "q")])
    among, _ = keys_of([("z", "z"), ("p", "q"), ("a", None)])
    assert set(alone["key"]) == set(among[among["position"] == 1]["key"])


def test_swapped_names_share_a_key() -> None:
    config = config_from_dict({"record_id": "id", "attributes": {"f": "given_name", "l": "family_name"}})
    std = standardise(pd.DataFrame({"id": [1, 2], "f": ["Dean", "Evie"], "l": ["Evie", "Dean"]}), config)
    hashes, known = atom_hashes(std, "names")
    assert known.all() and hashes[0] == hashes[1]


def test_an_unknown_atom_is_named() -> None:
    config = config_from_dict({"record_id": "id", "attributes": {"a": "exact"}})
    std = standardise(pd.DataFrame({"id": [1], "a": ["x"]}), config)
    with pytest.raises(ConfigError, match="no column 'b'"):
        atom_hashes(std, "b")
    with pytest.raises(ConfigError, match="no function 'half'"):
        atom_hashes(std, "a:half")


def test_a_finer_pass_is_known_to_add_nothing() -> None:
    assert implies(("family", "dob:yearmonth"), ("dob:year",))
    assert not implies(("dob:year",), ("family", "dob:year"))


def test_proposed_passes_stay_within_the_budget_and_find_pairs() -> None:
    rng = np.random.default_rng(0)
    n = 3000
    frame = pd.DataFrame(
        {
            "id": range(n),
            "first": rng.choice(["anna", "bob", "carl", "dora"], n),
            "last": rng.integers(0, 400, n).astype(str),
            "dob": pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 20000, n), "D"),
        }
    )
    config = config_from_dict(
        {
            "record_id": "id",
            "pair_budget": 60_000,
            "attributes": {"first": "given_name", "last": "family_name", "dob": "birth_date"},
        }
    )
    std = standardise(frame, config)
    passes = propose_passes(std, config)
    blocks = make_blocks(block_keys(std, passes), n, config)
    total = sum(report.pairs for report in blocks.reports.values())
    assert 10_000 < total <= 60_000


def test_recordlinkage_index_interface() -> None:
    from resolution.toolkit import CappedBlock

    frame = pd.DataFrame({"s": ["x", "x", "y", None], "d": [1, 2, 2, None]}, index=["k1", "k2", "k3", "k4"])
    pairs = CappedBlock([["s"], ["d"]]).index(frame)
    assert {frozenset(p) for p in pairs} == {frozenset({"k1", "k2"}), frozenset({"k2", "k3"})}
    other = frame.rename(index=lambda k: f"o{k}")
    linked = CappedBlock([["s", "d"]]).index(frame, other)
    assert set(linked) == {("k1", "ok1"), ("k2", "ok2"), ("k3", "ok3")}
