"""How people behave: stages, personas, transition probabilities, dwell times, planted effects.

The stages are the 15 of the stage taxonomy, with direct messages split into question and complaint, and two states
without a touchpoint: `dormant` (will come back) and `gone`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STATES: tuple[str, ...] = (
    "awareness", "first_view", "follow", "return_visit", "comment", "story", "question", "complaint",
    "choose", "order", "wait", "receive", "refund", "feedback", "recommend", "dormant", "gone",
)  # fmt: skip
S = {name: i for i, name in enumerate(STATES)}

# state → (stage, sub_stage) as the taxonomy codes them; `order` becomes `reorder` from a person's second order on.
STAGE_OF: dict[str, tuple[str, str | None]] = {
    name: (name, None) for name in STATES if name not in ("question", "complaint", "dormant", "gone")
} | {"question": ("direct_message", "question"), "complaint": ("direct_message", "complaint")}

PERSONAS: tuple[str, ...] = ("enthusiast", "deal_seeker", "practical", "onlooker")
PERSONA_WEIGHTS: tuple[float, ...] = (0.18, 0.27, 0.30, 0.25)

_BASE: dict[str, dict[str, float]] = {
    "awareness": {"first_view": 0.80, "follow": 0.06, "gone": 0.14},
    "first_view": {"follow": 0.14, "return_visit": 0.26, "choose": 0.22, "comment": 0.05, "story": 0.02,
                   "question": 0.02, "gone": 0.29},
    "follow": {"return_visit": 0.46, "comment": 0.14, "story": 0.12, "choose": 0.17, "dormant": 0.04, "gone": 0.07},
    "return_visit": {"return_visit": 0.12, "choose": 0.35, "comment": 0.10, "story": 0.07, "question": 0.05,
                     "follow": 0.06, "dormant": 0.07, "gone": 0.18},
    "comment": {"return_visit": 0.34, "choose": 0.24, "story": 0.08, "question": 0.08, "follow": 0.06,
                "comment": 0.06, "gone": 0.14},
    "story": {"return_visit": 0.35, "choose": 0.22, "comment": 0.10, "question": 0.10, "recommend": 0.03, "gone": 0.20},
    "question": {"choose": 0.52, "return_visit": 0.22, "order": 0.05, "gone": 0.21},
    "complaint": {"refund": 0.22, "feedback": 0.20, "dormant": 0.30, "return_visit": 0.10, "gone": 0.18},
    "choose": {"order": 0.34, "return_visit": 0.22, "question": 0.09, "comment": 0.05, "choose": 0.08, "gone": 0.22},
    "order": {"wait": 1.0},
    "wait": {"receive": 0.93, "complaint": 0.04, "question": 0.03},
    "receive": {"feedback": 0.16, "complaint": 0.06, "refund": 0.03, "recommend": 0.05, "return_visit": 0.15,
                "comment": 0.05, "dormant": 0.38, "gone": 0.12},
    "refund": {"feedback": 0.20, "dormant": 0.35, "return_visit": 0.10, "gone": 0.35},
    "feedback": {"recommend": 0.18, "dormant": 0.50, "return_visit": 0.17, "gone": 0.15},
    "recommend": {"return_visit": 0.30, "dormant": 0.50, "gone": 0.20},
    "dormant": {"return_visit": 0.48, "choose": 0.22, "story": 0.08, "comment": 0.08, "gone": 0.14},
    "gone": {"gone": 1.0},
}  # fmt: skip

# persona → target state → factor on the base probability, before rows are normalised again.
_TASTE: dict[str, dict[str, float]] = {
    "enthusiast": {"follow": 1.8, "comment": 1.9, "story": 2.2, "recommend": 2.4, "feedback": 1.5, "gone": 0.55},
    "deal_seeker": {"choose": 1.25, "return_visit": 1.2, "story": 0.6, "refund": 1.5, "recommend": 0.7},
    "practical": {"order": 1.35, "choose": 1.3, "comment": 0.3, "story": 0.2, "follow": 0.6, "question": 0.8},
    "onlooker": {"order": 0.35, "choose": 0.55, "comment": 1.2, "story": 1.3, "return_visit": 1.3, "gone": 1.1},
}

# (from, to) → median minutes when the step happens in the same sitting, and how often it does.
_SITTING: dict[tuple[str, str], tuple[float, float]] = {
    ("awareness", "first_view"): (0.5, 0.95),
    ("first_view", "follow"): (3.0, 0.85),
    ("first_view", "choose"): (6.0, 0.75),
    ("return_visit", "choose"): (5.0, 0.70),
    ("return_visit", "follow"): (4.0, 0.70),
    ("choose", "order"): (9.0, 0.72),
    ("choose", "question"): (6.0, 0.50),
    ("choose", "choose"): (8.0, 0.50),
    ("question", "order"): (90.0, 0.60),
    ("receive", "comment"): (120.0, 0.40),
    ("feedback", "recommend"): (10.0, 0.60),
}

# Median days until the next step when it is not in the same sitting, by the state left.
_DAYS: dict[str, float] = {
    "awareness": 1.0, "first_view": 4.0, "follow": 4.0, "return_visit": 5.0, "comment": 4.0, "story": 3.5,
    "question": 2.0, "complaint": 2.5, "choose": 3.0, "order": 1.0, "wait": 1.0, "receive": 4.0, "refund": 4.0,
    "feedback": 5.0, "recommend": 6.0, "dormant": 24.0, "gone": 1.0,
}  # fmt: skip
DAYS_SIGMA = 0.7
_PACE: dict[str, float] = {"enthusiast": 0.75, "deal_seeker": 1.2, "practical": 1.0, "onlooker": 1.1}

HOURS = np.array(
    [
        1.0,
        0.6,
        0.4,
        0.3,
        0.3,
        0.5,
        1.2,
        2.2,
        3.2,
        3.8,
        4.2,
        4.4,
        4.8,
        4.4,
        4.0,
        4.0,
        4.2,
        4.8,
        5.8,
        7.0,
        7.8,
        7.2,
        5.0,
        2.6,
    ]
)
WEEKDAYS = np.array([0.95, 0.85, 0.85, 0.90, 0.95, 1.15, 1.35])  # Monday first


@dataclass(frozen=True)
class Tables:
    """Numeric tables. Axes: persona, from-state, to-state."""

    transition: NDArray[np.float64]
    sitting_minutes: NDArray[np.float64]  # from × to
    sitting_chance: NDArray[np.float64]  # from × to
    days: NDArray[np.float64]  # persona × from


def tables() -> Tables:
    """Build the numeric tables from the readable ones above."""
    n = len(STATES)
    transition = np.zeros((len(PERSONAS), n, n))
    for p, persona in enumerate(PERSONAS):
        for source, row in _BASE.items():
            for target, probability in row.items():
                transition[p, S[source], S[target]] = probability * _TASTE[persona].get(target, 1.0)
    transition /= transition.sum(axis=2, keepdims=True)
    minutes, chance = np.full((n, n), 30.0), np.zeros((n, n))
    for (source, target), (median, share) in _SITTING.items():
        minutes[S[source], S[target]], chance[S[source], S[target]] = median, share
    days = np.array([[_DAYS[s] * _PACE[p] for s in STATES] for p in PERSONAS])
    return Tables(transition, minutes, chance, days)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One way in. Organic entries have no UTM parameters."""

    name: str | None
    source: str | None
    medium: str | None
    content: str | None
    weight: float


CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign(None, None, None, None, 0.38),
    Campaign("spring_drop", "instagram", "paid_social", "reel_apron", 0.16),
    Campaign("always_on_search", "google", "cpc", "brand_terms", 0.18),
    Campaign("lena_cooks", "instagram", "influencer", "story_lena", 0.10),
    Campaign("march_letter", "newsletter", "email", "hero", 0.08),
    Campaign("home_lookalikes", "facebook", "paid_social", "carousel_home", 0.10),
)


@dataclass(frozen=True, slots=True)
class Effects:
    """Planted effects and their sizes; written to the truth as they are."""

    lift_campaign: str = "spring_drop"
    lift_factor: float = 1.6  # on the probability of leaving `choose` with an order
    stock_question_share: float = 0.14  # of people who leave `choose` without an order for a question or comment
    stock_question_order_factor: float = 0.3  # on later orders of those who asked about stock in this cycle
    delayed_share: float = 0.08
    delay_days: tuple[float, float] = (6.0, 12.0)
    delayed_complaint: float = 0.45
    delayed_refund: float = 0.35
    delayed_bad_rating: float = 0.65
    usual_bad_rating: float = 0.10
    spike_factor: float = 6.0  # complaints on the spike date against the daily mean before
    spike_topic: str = "broken_on_arrival"
    intervention_factor: float = 1.44  # first visits from Instagram a day, after shopping was switched on there
    test_factor: float = 1.35  # on the probability of leaving `choose` with an order, for the test's treatment
    outcry_share: float = 0.012  # of all persons join the outcry, between the two numbers below
    outcry_people: tuple[int, int] = (40, 400)
    outcry_hours: float = 6.0  # most of it is written in so many hours, more and more of it
    outcry_answered_after: float = 5.0  # hours until the brand's first answer under the post
    outcry_reach: int = 48_000  # whom the one that told of it elsewhere may reach
    hashtag_before: float = 0.02  # share of praise that carries the campaign's hashtag, before it is made known
    hashtag_after: tuple[float, float] = (0.15, 0.55)  # when it is made known, and in the end
    company_share: float = 0.08  # of persons who buy for a company
    company_people: float = 5.0  # of one company, on average
    company_order_factor: float = 2.0  # on the probability of leaving `choose` with an order
    company_quantity: int = 3  # times as many of each product
    troubled_share: float = 0.35  # of companies with which things go wrong
    troubled_complaint: float = 0.40  # of what they receive is complained about, beside what others complain about
    offer_factor: float = 1.30  # on the probability of leaving `choose` with an order while an offer runs
    offer_used: tuple[float, float] = (0.75, 0.30)  # share of orders with the offer's code: deal seekers, others
    offer_entered: float = 0.30  # share of carts without an order in which the code was tried out
    apology_share: float = 0.5  # of next orders after a late parcel that carry the code given as an apology
    reopened_share: float = 0.12  # of solved tickets that are not rated
    survey_share: float = 0.2  # of solved tickets are rated, beside those whose complaint ends in feedback
    stock_alert_share: float = 0.10  # of choices after which somebody in the mailing tool waits for a product
    stock_alert_ordered: float = 0.45  # share of back-in-stock alerts that an order follows within 30 days
    pos_share: float = 0.12
    cancelled_share: float = 0.02


EFFECTS = Effects()
