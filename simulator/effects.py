"""The planted effects as configured and as they came out in this world."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import CAMPAIGNS, EFFECTS, PERSONAS, S
from simulator.effects_trade import measured_trade
from simulator.effects_voices import measured_voices
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.plan import TEST_ID, VARIANTS, variant_of
from simulator.touches import K
from simulator.world import World, day_number, spike_date


def measured_effects(world: World) -> dict[str, Any]:
    """JSON-ready description. Rates are shares; `n` the number of cases they stand on."""
    return {
        "campaign_lift": _campaign(world),
        "complaint_spike": _spike(world),
        "instagram_shopping": _shopping(world),
        "split_test": _test(world),
        "personas": _personas(world),
        "stock_questions": _stock(world),
        "delayed_deliveries": _delays(world),
        **measured_voices(world),
        **measured_trade(world),
        "seasons": {"weekday_weights_monday_first": [0.95, 0.85, 0.85, 0.90, 0.95, 1.15, 1.35], "peak_hour_utc": 20},
    }


def _rate(hits: NDArray[np.bool_]) -> dict[str, float | int | None]:
    return {"rate": round(float(hits.mean()), 4) if len(hits) else None, "n": len(hits)}


def _campaign(world: World) -> dict[str, Any]:
    steps = world.steps
    leaves = np.flatnonzero((steps.state[:-1] == S["choose"]) & (steps.person[1:] == steps.person[:-1]))
    ordered = steps.state[leaves + 1] == S["order"]
    lifted = world.campaign[steps.person[leaves]] == next(
        i for i, c in enumerate(CAMPAIGNS) if c.name == EFFECTS.lift_campaign
    )
    return {
        "campaign": EFFECTS.lift_campaign,
        "planted_factor": EFFECTS.lift_factor,
        "on": "probability that `choose` is followed by an order",
        "with_campaign": _rate(ordered[lifted]),
        "without": _rate(ordered[~lifted]),
    }


def _spike(world: World) -> dict[str, Any]:
    steps, day = world.steps, day_number(spike_date(world.settings))
    complaints = steps.state == S["complaint"]
    today = complaints & (steps.at // DAY == day)
    before = complaints & (steps.at // DAY < day) & (steps.at // DAY >= day - 28)
    return {
        "date": spike_date(world.settings).isoformat(),
        "planted_factor": EFFECTS.spike_factor,
        "topic": EFFECTS.spike_topic,
        "complaints_that_day": int(today.sum()),
        "daily_mean_before": round(float(before.sum()) / 28, 3),
        "planted": int(world.is_spike.sum()),
    }


def _shopping(world: World) -> dict[str, Any]:
    """First contacts a day, before and after; the control is everybody who did not come from Instagram."""
    plan, steps = world.plan, world.steps
    first = np.ones(len(steps), dtype=bool)
    first[1:] = steps.person[1:] != steps.person[:-1]
    at, who = steps.at[first], steps.person[first]
    treated = np.array([c.source == "instagram" for c in CAMPAIGNS])[world.campaign[who]]
    days = ((plan.intervention_at - plan.start) / DAY, (plan.end - plan.intervention_at) / DAY)

    def daily(mask: NDArray[np.bool_]) -> list[float]:
        late = at[mask] >= plan.intervention_at
        return [round(float((~late).sum()) / days[0], 3), round(float(late.sum()) / days[1], 3)]

    return {
        "planted_factor": EFFECTS.intervention_factor,
        "on": "first contacts a day from Instagram, after against before; other ways in are the control",
        "from": _day(plan.intervention_at),
        "daily_before_after": daily(treated),
        "control_daily_before_after": daily(~treated),
    }


def _test(world: World) -> dict[str, Any]:
    """Per exposed person: whether they ordered after the first exposure. The planted factor is on single choices."""
    plan, steps = world.plan, world.steps
    person = steps.person.astype(np.int64)
    seen = (steps.state == S["choose"]) & plan.in_test(steps.at)
    first = np.full(len(world.persons), np.iinfo(np.int64).max)
    np.minimum.at(first, person[seen], steps.at[seen])
    bought = np.zeros(len(world.persons), dtype=bool)
    later = (steps.state == S["order"]) & (steps.at >= first[person]) & (steps.at < plan.end)
    bought[person[later]] = True
    exposed = np.flatnonzero(first < np.iinfo(np.int64).max)
    variant = variant_of(world.draws, exposed)
    return {
        "experiment": TEST_ID,
        "planted_factor": EFFECTS.test_factor,
        "on": "probability that `choose` is followed by an order, between the test's dates",
        "from": _day(plan.test_from),
        "until": _day(plan.test_until),
        "ordered_after_exposure": {
            name: _rate(bought[exposed[variant == place]]) for place, name in enumerate(VARIANTS)
        },
    }


def _personas(world: World) -> dict[str, Any]:
    """Share of each persona among all persons, and among those who ever ordered."""
    persona = world.persons.persona
    buyers = np.unique(world.steps.person[world.steps.state == S["order"]])

    def shares(of: NDArray[Any]) -> dict[str, float]:
        counts = np.bincount(of, minlength=len(PERSONAS)) / max(len(of), 1)
        return {name: round(float(share), 4) for name, share in zip(PERSONAS, counts, strict=True)}

    return {"all": shares(persona), "buyers": shares(persona[buyers]), "n": len(persona), "n_buyers": len(buyers)}


def _day(moment: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=moment // DAY)).isoformat()


def _stock(world: World) -> dict[str, Any]:
    steps = world.steps
    asks = np.isin(steps.state, (S["question"], S["comment"])) & (world.step_shop < 0) & (world.step_till < 0)
    cycle = steps.person.astype(np.int64) * 1000 + steps.episode
    buys = np.unique(cycle[steps.state == S["order"]])
    asked = np.unique(cycle[steps.stock])
    other = np.setdiff1d(np.unique(cycle[asks]), asked)
    return {
        "planted_factor": EFFECTS.stock_question_order_factor,
        "on": "probability that a draw to order is kept after a question about stock",
        "cycles_with_stock_question": _rate(np.isin(asked, buys)),
        "cycles_with_other_question": _rate(np.isin(other, buys)),
    }


def _delays(world: World) -> dict[str, Any]:
    shop, web, end = world.shop, world.web, end_of(world)
    arrived = (shop.delivered_at >= 0) & (shop.delivered_at < end - 7 * DAY)
    refunded = (shop.refunded_at >= 0) & (shop.refunded_at < end)
    late = shop.is_delayed
    rated = (web.kind == K["reviewed"]) & (web.order >= 0) & (web.received_at < end)
    rated_late = late[web.order[rated]]
    bad = web.is_bad_rating[rated]
    return {
        "planted_share": EFFECTS.delayed_share,
        "planted_bad_rating": EFFECTS.delayed_bad_rating,
        "usual_bad_rating": EFFECTS.usual_bad_rating,
        "delayed_share": _rate(late[shop.delivered_at >= 0]),
        "refund_when_delayed": _rate(refunded[arrived & late]),
        "refund_when_not": _rate(refunded[arrived & ~late]),
        "bad_review_when_delayed": _rate(bad[rated_late]),
        "bad_review_when_not": _rate(bad[~rated_late]),
    }
