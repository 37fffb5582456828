"""What people buy: the planted offers, companies and back-in-stock alerts, as configured and as they came out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import EFFECTS, PERSONAS, S
from simulator.companies import company_count, company_of, is_troubled, stems
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.platforms.klaviyo_stock import DAYS
from simulator.sales import CODES
from simulator.world import World


def measured_trade(world: World) -> dict[str, Any]:
    """JSON-ready description. Rates are shares; `n` the number of cases they stand on."""
    return {"offers": _offers(world), "companies": _companies(world), "stock_alerts": _stock_alerts(world)}


def _rate(hits: NDArray[np.bool_]) -> dict[str, float | int | None]:
    return {"rate": round(float(hits.mean()), 4) if len(hits) else None, "n": len(hits)}


def _offers(world: World) -> dict[str, Any]:
    """Choices that an order follows, while an offer runs and otherwise; orders with a code, by persona and by code."""
    steps, shop = world.steps, world.shop
    leaves = np.flatnonzero((steps.state[:-1] == S["choose"]) & (steps.person[1:] == steps.person[:-1]))
    ordered, running = steps.state[leaves + 1] == S["order"], world.plan.offer_at(steps.at[leaves]) >= 0
    counted = (shop.at < end_of(world)) & (shop.cancelled_at < 0)
    person, code = shop.person[counted], shop.code[counted]
    persona = world.persons.persona[person]
    buyers, deals = np.unique(person), np.unique(person[code >= 0])
    return {
        "planted_factor": EFFECTS.offer_factor,
        "planted_share_with_code": {"deal_seeker": EFFECTS.offer_used[0], "others": EFFECTS.offer_used[1]},
        "on": "probability that `choose` is followed by an order while an offer runs",
        "while_offered": _rate(ordered[running]),
        "otherwise": _rate(ordered[~running]),
        "web_orders_with_code": {name: _rate(code[persona == place] >= 0) for place, name in enumerate(PERSONAS)},
        "orders_by_code": {name: int((code == place).sum()) for place, name in enumerate(CODES)},
        "web_buyers_with_code": _rate(np.isin(buyers, deals)),
    }


def _companies(world: World) -> dict[str, Any]:
    """Persons who buy for companies beside all others; complaints per delivery of troubled and of other companies."""
    steps, draws, people = world.steps, world.draws, np.arange(len(world.persons), dtype=np.int64)
    company = company_of(draws, people, len(people))
    orders = np.bincount(steps.person[steps.state == S["order"]], minlength=len(people))
    received = np.bincount(steps.person[steps.state == S["receive"]], minlength=len(people))
    complaints = np.bincount(steps.person[(steps.state == S["complaint"]) & ~world.is_spike], minlength=len(people))
    troubled = is_troubled(draws, company)

    def per_delivery(mask: NDArray[np.bool_]) -> dict[str, float | int | None]:
        n = int(received[mask].sum())
        return {"rate": round(float(complaints[mask].sum()) / n, 4) if n else None, "n": n}

    everyone = np.arange(company_count(len(people)), dtype=np.int64)
    return {
        "companies": len(everyone),
        "troubled": stems(everyone[is_troubled(draws, everyone)]).str.to_lowercase().to_list(),
        "persons": int((company >= 0).sum()),
        "planted_share": EFFECTS.company_share,
        "planted_order_factor": EFFECTS.company_order_factor,
        "planted_quantity": EFFECTS.company_quantity,
        "planted_complaint_share_when_troubled": EFFECTS.troubled_complaint,
        "ordered": {"of_companies": _rate(orders[company >= 0] > 0), "others": _rate(orders[company < 0] > 0)},
        "complaints_per_delivery": {
            "troubled": per_delivery(troubled), "other_companies": per_delivery((company >= 0) & ~troubled)
        },
    }  # fmt: skip


def _stock_alerts(world: World) -> dict[str, Any]:
    """Alerts whose days have passed, and the share that an order of the web shop followed."""
    from simulator.platforms.klaviyo import make_profiles
    from simulator.platforms.klaviyo_events import stock_alerts

    alerts = stock_alerts(world, make_profiles(world))
    closed = alerts.at < end_of(world) - DAYS * DAY
    return {
        "planted_share_ordered": EFFECTS.stock_alert_ordered,
        "days": DAYS,
        "alerts": len(alerts.at),
        "ordered": _rate(alerts.is_followed[closed]),
    }
