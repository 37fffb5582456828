"""Accelerated learning ends where plain EM ends, in fewer rounds, and its likelihood does not fall."""

from typing import Any

import numpy as np
import pytest

from benchmarks.identity_data import easy, hard
from resolution.classify import em
from resolution.classify.em import Learned, expectation_maximisation
from resolution.classify.squarem import Accelerator
from resolution.config import config_from_dict
from resolution.pipeline import train
from resolution.standardise import standardise

PERSON = {"given_name": "given_name", "surname": "family_name", "birth_date": "birth_date", "city": "city"}
MORE = {"email": "email", "phone": "phone", "address": "address", "postcode": "postcode"}
SETS = {
    "easy": (easy, {**PERSON, "email": "email", "phone": "phone"}, {}),
    "hard": (hard, {**PERSON, **MORE}, {}),
    "little known": (hard, PERSON, {}),
    "given prior": (hard, {**PERSON, **MORE}, {"prior": 0.002}),
}


@pytest.fixture(scope="module", params=SETS)
def arguments(request: pytest.FixtureRequest) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What learning is given for a made-up set."""
    make, attributes, more = SETS[request.param]
    blocking = [["given", "family"], ["family", "birth_date:year"], ["given:prefix3", "birth_date:yearmonth"]]
    config = config_from_dict({"record_id": "record_id", "attributes": attributes, "blocking": blocking, **more})
    taken: dict[str, Any] = {}

    def take(*given: Any, **named: Any) -> Learned:
        taken["all"] = given, named
        return expectation_maximisation(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resolution.pipeline.expectation_maximisation", take)
        train(standardise(make(3000), config), config)
    return taken["all"]


def test_longer_steps_end_where_plain_steps_end(
    arguments: tuple[tuple[Any, ...], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given, named = arguments
    plain = expectation_maximisation(*given, **named, rounds=5000, tolerance=1e-8, accelerate=False)
    trace: list[float] = []
    fast = expectation_maximisation(*given, **named, rounds=5000, tolerance=1e-8, trace=trace)
    assert fast.rounds <= plain.rounds + 10, "guesses cost a few rounds where plain steps are fast already"
    assert np.abs(fast.posterior - plain.posterior).max() < 1e-4
    assert fast.prior == pytest.approx(plain.prior, rel=1e-4)
    for one, other in zip([*fast.m, *fast.u, *fast.r], [*plain.m, *plain.u, *plain.r], strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-9)
    assert np.diff(trace).min() > -1e-6 * abs(trace[-1])
    # Beginning with part of many patterns changes nothing of where it ends.
    monkeypatch.setattr(em, "MANY", 10)
    monkeypatch.setattr(em, "FEW", 50)
    begun = expectation_maximisation(*given, **named, rounds=5000, tolerance=1e-8)
    assert np.abs(begun.posterior - plain.posterior).max() < 1e-4


def test_guesses_that_lead_away_are_taken_back() -> None:
    """A slow linear iteration is fast; one whose steps mislead still ends at its fixed point."""
    slow = np.diag([0.99, 0.9, 0.4])
    point, used, kinds = np.array([5.0, -3.0, 2.0]), 0, set()
    accelerator = Accelerator()
    while np.linalg.norm(point) > 1e-6 and used < 2000:
        point, used = accelerator.next(point, slow @ point, -float(point @ point)), used + 1
    assert used < 500  # plain steps: 1,535
    twisted = 0.98 * np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    point, accelerator = np.array([1.0, 1.0]), Accelerator()
    for _ in range(3000):
        point = accelerator.next(point, twisted @ point, -float(point @ point))
        kinds.add(accelerator.kind)
    assert np.linalg.norm(point) < 1e-6
    merits = iter([0.0, 1.0, -5.0, 0.0])
    accelerator = Accelerator()
    points = [np.array([1.0]), np.array([0.9])]
    for here, there in zip(points, [0.9, 0.82], strict=True):
        guess = accelerator.next(here, np.array([there]), next(merits))
    assert guess[0] < 0.82
    assert accelerator.next(guess, guess, next(merits))[0] == 0.82, "a guess of lower merit is taken back"
    assert accelerator.kind == "rejected"
