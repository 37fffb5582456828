"""The compiled kernel of clustering equals the plain reference, interpreted and compiled alike."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from resolution import forest
from resolution.careful import CarefulInput, careful_merges
from resolution.components import components, link_labels, lowest_member
from resolution.hints import NameHints
from tests.unit.resolution_registry.clustering_reference import reference_merges

N = 14
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing input is small enough to read as it comes; shrinking it takes minutes."""
BIRTHS = [0, 0, 19800101, 19800102, 19810101, 19801001, 19950607, 19950706]


@st.composite
def inputs(draw: st.DrawFn, n: int = N) -> CarefulInput:
    """Linked pairs with everything that a cluster may have to respect."""
    node = st.integers(0, n - 1)
    pair = st.tuples(node, node).filter(lambda p: p[0] < p[1])
    linked = sorted(draw(st.sets(pair, min_size=1, max_size=4 * n)))
    weights = st.sampled_from([1000, 1500, 2000, 5000, 15000, 17000, 25000])
    kinds = st.sampled_from([False, False, False, True])
    left, right = np.array(linked, dtype=np.int64).T
    weight = np.array([draw(weights) for _ in linked], dtype=np.int64)
    certain = np.array([draw(kinds) for _ in linked])
    must = np.array(sorted(draw(st.sets(pair, max_size=2))), dtype=np.int64).reshape(-1, 2)
    joined = components(n, must[:, 0], must[:, 1])
    apart = [p for p in draw(st.sets(pair, max_size=3)) if joined[p[0]] != joined[p[1]]]

    def column(values: list[int]) -> np.ndarray:
        return np.array(draw(st.lists(st.sampled_from(values), min_size=n, max_size=n)), np.int64)

    held = draw(st.lists(st.tuples(node, st.integers(3, 4), st.integers(5, 7)), max_size=n))
    names = column([-1, -1, 10, 11, 12, 20])
    return CarefulInput(
        left=left,
        right=right,
        weight=weight,
        is_certain=certain,
        must=must,
        cannot=np.array(sorted(apart), dtype=np.int64).reshape(-1, 2),
        accounts=pd.DataFrame(held, columns=["position", "namespace", "value"], dtype=np.int64)
        if draw(st.booleans())
        else None,
        birth_day=column(BIRTHS) if draw(st.booleans()) else None,
        source=column([-1, 0, 1, 2, 3]) if draw(st.booleans()) else None,
        # Names of one ten may be spellings of each other, others cannot be one person's.
        names=NameHints(
            names // 10, np.zeros(n, bool), lambda a, b: names[a] == names[b],
            lambda a, b: names[a] // 10 != names[b] // 10, names,
        )
        if draw(st.booleans())
        else None,
        across_names=draw(st.sampled_from([16.0, 24.0])),
        max_size=draw(st.sampled_from([3, 6, 500])),
        min_density=draw(st.sampled_from([0.3, 0.6])),
        strong_weight=16.0,
    )  # fmt: skip


def labels(merges: np.ndarray, n: int = N) -> list[int]:
    return link_labels(n, merges[:, 0], merges[:, 1]).tolist()


@settings(max_examples=200, deadline=None, phases=NO_SHRINKING)
@given(given_input=inputs())
def test_the_kernel_equals_the_reference(given_input: CarefulInput) -> None:
    assert labels(careful_merges(given_input).merges) == labels(reference_merges(given_input))


@settings(max_examples=60, deadline=None, phases=NO_SHRINKING)
@given(given_input=inputs())
def test_compiled_and_interpreted_give_the_same(given_input: CarefulInput) -> None:
    results = []
    for few, loaded in ((10**9, 0), (-1, 1)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(forest, "FEW", few)
            patch.setattr(forest._compiled, "cache_info", lambda loaded=loaded: SimpleNamespace(currsize=loaded))
            results.append(careful_merges(given_input))
    interpreted, compiled = results
    assert np.array_equal(interpreted.merges, compiled.merges)
    assert np.array_equal(interpreted.outcome, compiled.outcome)


@settings(max_examples=60, deadline=None, phases=NO_SHRINKING)
@given(given_input=inputs())
def test_every_refusal_has_a_reason_that_holds(given_input: CarefulInput) -> None:
    grown = careful_merges(given_input)
    label = np.array(labels(grown.merges))
    tried = given_input.left[grown.tried], given_input.right[grown.tried]
    assert (label[tried[0]] == label[tried[1]])[grown.outcome <= forest.INSIDE].all()
    if given_input.source is None:
        assert not (grown.outcome == forest.SOURCE).any()
    # Without any limit nothing is refused: clusters are connected components.
    free = careful_merges(
        replace(
            given_input, cannot=given_input.cannot[:0], accounts=None, birth_day=None, source=None, names=None,
            max_size=N, min_density=0.0,
        )
    )  # fmt: skip
    assert (free.outcome <= forest.INSIDE).all()
    a, b = (np.r_[side, given_input.must[:, i]] for i, side in enumerate((given_input.left, given_input.right)))
    assert labels(free.merges) == link_labels(N, a, b).tolist()


def test_lowest_members() -> None:
    assert lowest_member(np.array([2, 0, 2, 1, 0])).tolist() == [0, 1, 0, 3, 1]
    assert lowest_member(np.empty(0, np.int64)).tolist() == []
