"""What must hold for any paths: credits sum to one, rounding loses nothing, Shapley's axioms, Markov's identities."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys import attribution
from journeys.attribution.shapley import subset_sums

CHANNELS = "ABCDE"
paths = st.lists(
    st.tuples(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=8), st.integers(0, 5), st.integers(0, 5)),
    min_size=1,
    max_size=12,
)
Drawn = list[tuple[list[str], int, int]]
lengths = st.lists(st.integers(1, 9), min_size=1, max_size=20)


def moves_of(drawn: Drawn) -> attribution.Transitions:
    return attribution.transitions_of_paths(
        [p for p, _, _ in drawn], [w for _, w, _ in drawn], [n for _, _, n in drawn]
    )


@settings(max_examples=60, deadline=None)
@given(lengths, st.randoms(use_true_random=False), st.integers(-10_000, 10_000_000))
def test_credits_sum_to_one_and_cents_to_the_value(sizes: list[int], random: object, value: int) -> None:
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    days = np.array([random.uniform(0, 4000) for _ in range(offsets[-1])])  # type: ignore[attr-defined]
    channels = np.array([random.choice(["direct", *CHANNELS]) for _ in range(offsets[-1])])  # type: ignore[attr-defined]
    every = [attribution.rule_credits(model, offsets, days) for model in attribution.RULE_MODELS]
    every.append(attribution.last_non_direct(channels, offsets))
    for credits in every:
        assert np.add.reduceat(credits, offsets[:-1]) == pytest.approx(1, abs=1e-12)
        assert (credits >= 0).all()
        cents = attribution.allocate(credits, np.full(len(sizes), value), offsets)
        assert (np.add.reduceat(cents, offsets[:-1]) == value).all()
        assert np.abs(cents - value * credits).max() < 1 + 1e-6
    winners = channels[every[-1] == 1]
    alone = np.array([(channels[a:b] == "direct").all() for a, b in pairwise(offsets)])
    assert ((winners == "direct") == alone).all()


@settings(max_examples=60, deadline=None)
@given(paths, st.randoms(use_true_random=False))
def test_markov_identities(drawn: Drawn, random: object) -> None:
    moves = moves_of(drawn)
    found = attribution.removal_effects(moves)
    total = moves.conversions + moves.non_conversions
    assert found.probability == pytest.approx(moves.conversions / total if total else 0, abs=1e-9)
    assert ((found.effects >= 0) & (found.effects <= 1)).all()
    assert found.shares.sum() == pytest.approx(1 if found.effects.any() else 0)
    collapsed = [
        ([c for i, c in enumerate(path) if i == 0 or path[i - 1] != c], won, lost) for path, won, lost in drawn
    ]
    random.shuffle(collapsed)  # type: ignore[attr-defined]
    again = attribution.removal_effects(moves_of(collapsed))
    assert again.channels == found.channels
    assert again.effects == pytest.approx(found.effects, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(paths)
def test_shapley_axioms(drawn: Drawn) -> None:
    masks = np.array([sum(1 << CHANNELS.index(c) for c in set(path)) for path, _, _ in drawn])
    won = np.array([w for _, w, _ in drawn], dtype=float)
    seen = won + np.array([n for _, _, n in drawn])
    count = len(CHANNELS)
    closed = attribution.shapley_volume(masks, won, count)
    assert attribution.shapley_exact(subset_sums(masks, won, count)) == pytest.approx(closed, abs=1e-9)  # the oracle
    assert closed.sum() == pytest.approx(won.sum())
    split = len(drawn) // 2  # additive over disjoint path sets
    parts = [attribution.shapley_volume(masks[half], won[half], count) for half in (slice(split), slice(split, None))]
    assert sum(parts) == pytest.approx(closed)
    rate = attribution.shapley_rate(masks, won, seen, count)
    assert rate.is_exact
    assert rate.values.sum() == pytest.approx(won.sum() / seen.sum() if seen.sum() else 0)
    for channel in range(count):
        if not (masks >> channel & 1).any():  # a channel that nobody touched adds nothing
            assert rate.values[channel] == pytest.approx(0, abs=1e-12) and closed[channel] == 0
    swapped = np.where((masks & 3) % 3 == 0, masks, masks ^ 3)  # A and B change places
    mirrored = attribution.shapley_rate(swapped, won, seen, count).values
    assert mirrored[[1, 0, 2, 3, 4]] == pytest.approx(rate.values, abs=1e-12)


def test_many_channels_are_sampled_and_say_how_well() -> None:
    generator = np.random.default_rng(5)
    count = 15
    masks = generator.integers(1, 1 << count, 400)
    seen = generator.integers(1, 50, 400)
    won = generator.binomial(seen, 0.2)
    exact = attribution.shapley_rate(masks, won, seen, count)
    wider = attribution.shapley_rate(
        masks, won, seen, count + 3, permutations=600
    )  # three channels that nobody touched
    assert not wider.is_exact and wider.values.sum() == pytest.approx(won.sum() / seen.sum())
    assert np.abs(wider.values[:count] - exact.values).max() < 5 * wider.standard_errors.max()
    assert wider.values[count:] == pytest.approx(0, abs=1e-12)
    again = attribution.shapley_rate(masks, won, seen, count + 3, permutations=600)
    assert (again.values == wider.values).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30), st.sampled_from([1, 100, 10**9, 10**12]))
def test_whole_units_add_up_however_many_there_are(weights: list[float], units: int) -> None:
    parts = attribution.allocate(np.array(weights), units)
    assert parts.sum() == units and (parts >= 0).all()
