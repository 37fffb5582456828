"""The brand's own plan: when something was switched on, when a split test ran, what happened when, what campaigns cost.

All dates follow from the settings, so that any length of history has its intervention and its test. Moments are unix
seconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import CAMPAIGNS, EFFECTS
from simulator.draws import Draws
from simulator.settings import SimulationSettings

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
DAY = 86_400
INTERVENTION_AT, TEST_FROM, TEST_UNTIL = 0.55, 0.60, 0.90  # shares of the history
TEST_ID, TEST_TITLE = "checkout-1", "Checkout on one page"
VARIANTS = ("control", "one_page")
OFFERS = ((0.30, "WARM15", 15), (0.75, "LAST20", 20))  # share of the history when it begins, code, per cent off
OFFER_DAYS = 7
HASHTAG, HOUSE_HASHTAG, HASHTAG_FROM = "slowtables", "journeylinehome", 0.70
OUTCRY_DAYS_BEFORE, OUTCRY_HOUR = 9, 15  # before the first night; UTC


@dataclass(frozen=True, slots=True)
class Plan:
    """Moments of the plan: midnights."""

    start: int
    end: int
    intervention_at: int
    test_from: int
    test_until: int
    offers: tuple[tuple[int, int], ...]  # begin and end of each of OFFERS
    hashtag_from: int
    outcry_at: int  # a moment, no midnight

    def in_test(self, at: I64) -> Bool:
        """Which moments fall into the split test."""
        return (at >= self.test_from) & (at < self.test_until)

    def offer_at(self, at: I64) -> I64:
        """Which of OFFERS runs at each moment, -1 = none."""
        running = np.full(len(at), -1, dtype=np.int64)
        for place, (begins, ends) in enumerate(self.offers):
            running[(at >= begins) & (at < ends)] = place
        return running


def plan_of(settings: SimulationSettings) -> Plan:
    """The plan of a simulated brand."""
    epoch = date(1970, 1, 1)
    start, first, last = (
        (day - epoch).days * DAY for day in (settings.start_date, settings.first_date, settings.last_date)
    )
    days = (first - start) // DAY

    def midnight(share: float) -> int:
        return start + round(days * share) * DAY

    begun = [midnight(share) for share, _, _ in OFFERS]
    outcry = max(start, first - OUTCRY_DAYS_BEFORE * DAY) + OUTCRY_HOUR * 3600
    return Plan(
        start,
        last + DAY,
        midnight(INTERVENTION_AT),
        midnight(TEST_FROM),
        midnight(TEST_UNTIL),
        tuple((at, at + OFFER_DAYS * DAY) for at in begun),
        midnight(HASHTAG_FROM),
        outcry,
    )


def variant_of(draws: Draws, person: I64) -> I64:
    """0 control, 1 treatment: half of all persons each, whether or not they are ever exposed."""
    return draws.below("plan/variant", person, 2)


def shopping_switched_on(draws: Draws, at: I64, campaign: I64, plan: Plan) -> I64:
    """First contacts of those who come from Instagram, moved so that from the intervention on there are
    EFFECTS.intervention_factor times as many a day as before; their number stays.

    With a share `a` of an even window before the intervention, moving each early one with probability
    m = (f - 1) / (f + a / (1 - a)) makes the rates differ by the factor f.
    """
    before, span = plan.intervention_at - plan.start, plan.end - plan.intervention_at
    if before <= 0 or span <= DAY:
        return at
    sources = np.array([c.source == "instagram" for c in CAMPAIGNS])
    index = np.arange(len(at), dtype=np.int64)
    factor = EFFECTS.intervention_factor
    share = (factor - 1) / (factor + before / span)
    moved = sources[campaign] & (at < plan.intervention_at) & draws.chance("plan/moved", index, share)
    days = draws.below("plan/moved_to", index, span // DAY)
    # the time of day and the day of the week stay as they were drawn: whole weeks, where the window has room for them
    later = at + ((plan.intervention_at - at) // DAY + days) * DAY
    week = (later - at) // DAY % 7
    aligned = np.where(later - week * DAY >= plan.intervention_at, later - week * DAY, later + (7 - week) * DAY)
    return np.where(moved, np.where(aligned < plan.end, aligned, later), at)
