"""How passes are found: what seeds are compared with, and what looser passes add."""

import itertools

import numpy as np
import pytest

from benchmarks.identity_data import hard
from resolution import passes
from resolution.blocking import AtomTable, attribute_atoms, implies, overlap
from resolution.config import MatchConfig, config_from_dict
from resolution.standardise import standardise
from resolution.standardise.columns import Standardised

CAP = 10


@pytest.fixture(scope="module")
def people() -> tuple[Standardised, MatchConfig, AtomTable]:
    config = config_from_dict(
        {
            "record_id": "record_id",
            "attributes": {
                "given_name": {"type": "given_name"},
                "family_name": {"column": "surname", "type": "family_name"},
                "birth_date": {"type": "birth_date"},
                "postcode": {"type": "postcode"},
                "city": {"type": "city"},
            },
            "max_block_size": CAP,
        }
    )
    std = standardise(hard(4000, 3, typo=0.04, missing=0.2), config)
    return std, config, AtomTable.make(std, config, attribute_atoms(std, config))


def test_seeds_meet_no_more_records_than_allowed_however_large_blocks_are(
    people: tuple[Standardised, MatchConfig, AtomTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks above the cap cost a pass nothing, but a seed in one is compared with all of it."""
    std, _, table = people
    seeds = np.argsort(std.identity, kind="stable")[:400]
    monkeypatch.setattr(passes, "SEED_PAIRS", 300)
    left, right = passes.seed_pairs(std, table, seeds)
    combinations = [p for p in itertools.combinations(table.groups, 2) if not overlap(set(p))]
    assert 0 < len(left) <= 300 * len(combinations)  # the allowance is kept on average over the records
    assert (left < right).all()
    assert (np.isin(left, seeds) | np.isin(right, seeds)).all()


def test_seed_pairs_are_all_that_share_a_combination(people: tuple[Standardised, MatchConfig, AtomTable]) -> None:
    """Records are sifted by a part of their keys first: none that shares a key may be lost by it."""
    std, _, table = people
    only = AtomTable(std, {"given": ["given:root"], "city": ["city:value"]}, CAP, table.sample, table._codes)
    seeds = np.argsort(std.identity, kind="stable")[:400]
    left, right = passes.seed_pairs(std, only, seeds)
    key, known = only.combined(("given:root", "city:value"))
    is_seed = np.isin(np.arange(std.n), seeds)
    wanted = {
        (a, b)
        for a, b in itertools.combinations(np.flatnonzero(known).tolist(), 2)
        if key[a] == key[b] and (is_seed[a] or is_seed[b])
    }
    assert wanted and set(zip(left.tolist(), right.tolist(), strict=True)) == wanted


def test_no_pass_is_chosen_that_leaves_most_records_out(
    people: tuple[Standardised, MatchConfig, AtomTable],
) -> None:
    """Its few small blocks seem to cost nothing, but every record would get a key."""
    std, config, _ = people
    chosen = passes.propose_passes(std, config)
    table = AtomTable.make(std, config, attribute_atoms(std, config))
    assert chosen and all(table.lost(one.atoms) <= 0.5 for one in chosen)


def test_looser_passes_keep_what_others_find_and_the_budget(
    people: tuple[Standardised, MatchConfig, AtomTable],
) -> None:
    _, _, table = people
    likely = passes.Likely({}, np.ones(1), doubtful=1.0)
    kept = {atoms: table.pairs(atoms) for atoms in [("given:root", "family"), ("birth_date", "city:value")]}
    spent = sum(kept.values())
    assert passes.with_looser(table, likely, kept, spent) == kept
    both = passes.with_looser(table, likely, kept, spent + 50_000)
    assert spent < sum(both.values()) <= spent + 50_000
    assert all(any(implies(old, new) for new in both) for old in kept)
    assert not any(a != b and implies(a, b) for a, b in itertools.permutations(both, 2))
