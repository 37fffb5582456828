"""The semi-Markov journeys: all persons take their k-th step together.

State arrays have one element per person; a step costs a gather and a comparison per running person, so a million
journeys take seconds. Times are whole unix seconds, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import CAMPAIGNS, DAYS_SIGMA, EFFECTS, HOURS, WEEKDAYS, S, tables
from simulator.companies import company_of, is_troubled
from simulator.draws import Draws
from simulator.persons import Persons
from simulator.plan import Plan, variant_of

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
Bool = NDArray[np.bool_]
DAY = 86_400
MAX_STEPS = 80


@dataclass(frozen=True)
class Steps:
    """Every stage a person entered, in order of person and time.

    `order` is the number of the order the step belongs to (position in Orders), -1 when none; `stock` marks a
    question about stock; `episode` and `seq` count from 1.
    """

    person: I32
    at: I64
    state: NDArray[np.int8]
    order: I32
    stock: Bool
    episode: NDArray[np.int16]
    seq: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class Orders:
    """Orders in the order in which they were taken (not yet numbered). Times are -1 where the thing never happens."""

    person: I32
    at: I64
    is_pos: Bool
    is_delayed: Bool
    shipped_at: I64
    delivered_at: I64
    is_cancelled: Bool

    def __len__(self) -> int:
        return len(self.at)


def time_of_day(draws: Draws, stream: str, index: NDArray) -> I64:
    """Seconds after midnight, by the hourly profile."""
    hour = draws.choice(stream + "/h", index, HOURS)
    return hour * 3600 + draws.below(stream + "/s", index, 3600)


def prefer_weekday(draws: Draws, stream: str, index: NDArray, day: I64, other: I64) -> I64:
    """One of two candidate days, in proportion to the weights of their weekdays (1970-01-01 was a Thursday)."""
    a, b = WEEKDAYS[(day + 3) % 7], WEEKDAYS[(other + 3) % 7]
    return np.where(draws.uniform(stream, index) < a / (a + b), day, other)


def entry_times(draws: Draws, count: int, first_day: int, days: int) -> I64:
    """When each person first meets the brand: even over the window, with weekly and hourly seasons."""
    index = np.arange(count)
    day = first_day + draws.below("entry/a", index, days)
    other = first_day + draws.below("entry/b", index, days)
    day = prefer_weekday(draws, "entry/w", index, day, other)
    return day * DAY + time_of_day(draws, "entry/t", index)


class _Walk:
    """The running state of all walks."""

    def __init__(self, persons: Persons, draws: Draws, at: I64, campaign: I64, plan: Plan) -> None:
        self.persons, self.draws, self.plan, self.tables = persons, draws, plan, tables()
        self.campaign = campaign
        n = len(at)
        self.at = at
        self.state = np.where(draws.chance("entry/aware", np.arange(n), 0.65), S["awareness"], S["first_view"]).astype(
            np.int8
        )
        self.order = np.full(n, -1, dtype=np.int32)  # the order of the current cycle
        self.delivered = np.full(n, -1, dtype=np.int64)  # of a pending parcel
        self.shipped = np.full(n, -1, dtype=np.int64)
        self.delayed = np.zeros(n, dtype=bool)
        self.was_waiting = np.zeros(n, dtype=bool)
        self.asked_stock = np.zeros(n, dtype=bool)
        self.cancelled = np.zeros(n, dtype=bool)
        self.settled = np.zeros(n, dtype=bool)  # the order of this cycle was delivered, cancelled or refunded
        self.episode = np.ones(n, dtype=np.int16)
        self.orders = 0
        company = company_of(draws, np.arange(n), n)
        self.buys_for_company, self.is_troubled = company >= 0, is_troubled(draws, company)

    def next_states(self, who: I64, step: int) -> NDArray[np.int8]:
        """Draw the next state of each running person, with the planted effects."""
        draws, index = self.draws, who * MAX_STEPS + step
        now = self.state[who]
        persona = self.persons.persona[who]
        cumulative = np.cumsum(self.tables.transition, axis=2)
        u = draws.uniform("walk/next", index)
        following = (cumulative[persona, now] <= u[:, None]).sum(axis=1).astype(np.int8)
        following = np.minimum(following, S["gone"]).astype(np.int8)

        at_choice = now == S["choose"]
        p_order = self.tables.transition[persona, S["choose"], S["order"]]
        lift_to = next(i for i, c in enumerate(CAMPAIGNS) if c.name == EFFECTS.lift_campaign)
        factor = np.where(self.campaign[who] == lift_to, EFFECTS.lift_factor, 1.0)
        treated = self.plan.in_test(self.at[who]) & (variant_of(draws, who) == 1)
        factor = np.where(treated, factor * EFFECTS.test_factor, factor)
        factor = np.where(self.buys_for_company[who], factor * EFFECTS.company_order_factor, factor)
        factor = np.where(self.plan.offer_at(self.at[who]) >= 0, factor * EFFECTS.offer_factor, factor)
        extra = np.where(p_order < 1, (factor - 1) * p_order / (1 - p_order), 0.0)
        lifted = at_choice & (factor > 1) & (following != S["order"])
        following[lifted & draws.chance("walk/lift", index, np.minimum(extra, 1.0))] = S["order"]

        # Asked whether something is in stock: most of them never order in this cycle.
        ordering = (following == S["order"]) & self.asked_stock[who]
        following[ordering & ~draws.chance("walk/stock", index, EFFECTS.stock_question_order_factor)] = S["gone"]

        waiting = now == S["wait"]
        pending = self.delivered[who] >= 0
        late = waiting & self.delayed[who] & ~self.was_waiting[who]
        complains = draws.chance("walk/late", index, EFFECTS.delayed_complaint)
        following[late] = np.where(complains[late], S["complaint"], S["receive"])
        following[waiting & self.was_waiting[who]] = S["receive"]
        following[~waiting & pending & np.isin(now, (S["complaint"], S["question"]))] = S["wait"]
        received_late = (now == S["receive"]) & self.delayed[who]
        u2 = draws.uniform("walk/received_late", index)
        following[received_late & (u2 < EFFECTS.delayed_refund)] = S["refund"]
        following[received_late & (u2 >= EFFECTS.delayed_refund) & (u2 < EFFECTS.delayed_refund + 0.25)] = S["feedback"]
        wronged = np.flatnonzero((now == S["receive"]) & self.is_troubled[who])
        following[wronged[draws.chance("walk/troubled", index[wronged], EFFECTS.troubled_complaint)]] = S["complaint"]
        return self._observable(who, now, following)

    def _observable(self, who: I64, now: NDArray[np.int8], following: NDArray[np.int8]) -> NDArray[np.int8]:
        """Nobody comments or answers a story without an account there; nobody is refunded twice or without an order."""
        social = self.persons.has_instagram[who]
        following[~social & np.isin(following, (S["comment"], S["story"]))] = S["return_visit"]
        no_order = (following == S["refund"]) & ((self.order[who] < 0) | (now == S["refund"]))
        following[no_order] = S["return_visit"]
        return following

    def next_times(self, who: I64, step: int, following: NDArray[np.int8]) -> I64:
        """When the next state is entered."""
        draws, index = self.draws, who * MAX_STEPS + step
        now, at = self.state[who], self.at[who]
        same = draws.chance("walk/same", index, self.tables.sitting_chance[now, following])
        spread = np.exp(0.6 * draws.normal("walk/minutes", index))
        minutes = at + np.maximum(20, (self.tables.sitting_minutes[now, following] * 60 * spread).astype(np.int64))
        median = self.tables.days[self.persons.persona[who], now]
        d1 = np.maximum(1, median * np.exp(DAYS_SIGMA * draws.normal("walk/d1", index))).astype(np.int64)
        d2 = np.maximum(1, median * np.exp(DAYS_SIGMA * draws.normal("walk/d2", index))).astype(np.int64)
        day = prefer_weekday(draws, "walk/weekday", index, at // DAY + d1, at // DAY + d2)
        later = day * DAY + time_of_day(draws, "walk/tod", index)
        result = np.where(same, minutes, later)
        # Around a pending parcel the clock is the parcel's.
        pending, delivered = self.delivered[who] >= 0, self.delivered[who]
        share = 0.35 + 0.45 * draws.uniform("walk/share", index)
        between = at + ((delivered - at) * share).astype(np.int64)
        result = np.where(pending & np.isin(following, (S["complaint"], S["question"])), between, result)
        result = np.where(
            pending & (following == S["wait"]) & (now != S["order"]), np.maximum(at + 600, delivered - 4 * 3600), result
        )
        result = np.where(now == S["order"], self.shipped[who] - 1800, result)  # the label is printed
        return np.where(pending & (following == S["receive"]), np.maximum(delivered, at + 600), result)


def simulate_journeys(persons: Persons, draws: Draws, at: I64, campaign: I64, plan: Plan) -> tuple[Steps, Orders, I64]:
    """Walk all persons from `at` until they are gone or the plan's end (exclusive) is reached.

    Returns the steps, the orders, and for each order the time of its refund (-1: none).
    """
    walk, end = _Walk(persons, draws, at.copy(), campaign, plan), plan.end
    parts: list[tuple[NDArray, ...]] = []
    order_parts: list[tuple[NDArray, ...]] = []
    who = np.flatnonzero(at < end)
    for step in range(MAX_STEPS):
        if not len(who):
            break
        state = walk.state[who]
        _open_episodes(walk, who, state)
        _take_orders(walk, who, state, step, order_parts)
        stock = _ask_stock(walk, who, state, step)
        seen = state != S["dormant"]
        parts.append(
            (who[seen], walk.at[who][seen], state[seen], walk.order[who][seen], stock[seen], walk.episode[who][seen])
        )
        following = walk.next_states(who, step)
        # Bought over the counter or cancelled: nothing to wait for.
        pos = (state == S["order"]) & (walk.delivered[who] < 0)
        walk.order[who[pos & walk.cancelled[who]]] = -1
        following = np.where(pos, _after_counter(walk, who, step), following).astype(np.int8)
        moment = walk.next_times(who, step, following)
        moment = np.where(pos, (walk.at[who] // DAY + 2) * DAY + walk.at[who] % DAY, moment)
        walk.was_waiting[who] |= state == S["wait"]
        arrived = (following == S["receive"]) & (walk.delivered[who] >= 0)
        walk.delivered[who[arrived]] = -1
        walk.settled[who[arrived | (following == S["refund"])]] = True
        walk.state[who], walk.at[who] = following, moment
        who = who[(following != S["gone"]) & (moment < end)]
    return _finish(parts, order_parts)


def _open_episodes(walk: _Walk, who: I64, state: NDArray[np.int8]) -> None:
    """After a settled order the next step that is about acquiring or buying opens a new episode."""
    fresh = walk.settled[who] & (state <= S["choose"]) & (state != S["complaint"])
    fresh |= walk.settled[who] & (state == S["order"])
    opened = who[fresh]
    walk.episode[opened] += 1
    walk.settled[opened] = False
    walk.order[opened] = -1
    walk.asked_stock[opened] = False


def _take_orders(walk: _Walk, who: I64, state: NDArray[np.int8], step: int, out: list[tuple[NDArray, ...]]) -> None:
    """Persons in state `order` get an order: number, channel, parcel times."""
    buyers = who[state == S["order"]]
    if not len(buyers):
        return
    index, draws = buyers * MAX_STEPS + step, walk.draws
    at = walk.at[buyers]
    pos = walk.persons.visits_shop[buyers] & draws.chance("order/pos", index, 0.7)
    delayed = ~pos & draws.chance("order/delayed", index, EFFECTS.delayed_share)
    shipped = at + (4 * 3600 + draws.uniform("order/ship", index) * 40 * 3600).astype(np.int64)
    low, high = EFFECTS.delay_days
    days = 1.5 + 3.0 * draws.uniform("order/transit", index)
    days = np.where(delayed, days + low + (high - low) * draws.uniform("order/delay", index), days)
    delivered = ((shipped + days * DAY).astype(np.int64) // DAY) * DAY + 9 * 3600
    delivered = np.maximum(delivered + draws.below("order/hour", index, 9 * 3600), shipped + 12 * 3600)
    cancelled = ~pos & draws.chance("order/cancelled", index, EFFECTS.cancelled_share)
    gone = pos | cancelled
    numbers = np.arange(walk.orders, walk.orders + len(buyers), dtype=np.int32)
    walk.orders += len(buyers)
    walk.order[buyers] = numbers
    walk.delivered[buyers] = np.where(gone, -1, delivered)
    walk.shipped[buyers] = shipped
    walk.delayed[buyers] = delayed & ~gone
    walk.cancelled[buyers] = cancelled
    walk.was_waiting[buyers] = False
    walk.settled[buyers] = gone
    walk.asked_stock[buyers] = False
    shipped, delivered = np.where(gone, -1, shipped), np.where(gone, -1, delivered)
    out.append((buyers, at, pos, delayed & ~gone, shipped, delivered, cancelled))


def _ask_stock(walk: _Walk, who: I64, state: NDArray[np.int8], step: int) -> Bool:
    """Some of those who choose and then ask, ask whether the thing is in stock."""
    asking = np.isin(state, (S["question"], S["comment"])) & (walk.delivered[who] < 0)
    asking &= walk.draws.chance("walk/asks_stock", who * MAX_STEPS + step, EFFECTS.stock_question_share)
    walk.asked_stock[who[asking]] = True
    return asking


def _after_counter(walk: _Walk, who: I64, step: int) -> NDArray[np.int8]:
    """After a purchase over the counter life goes on as after a delivery, without a refund through the web shop."""
    row = np.cumsum(walk.tables.transition[:, S["receive"]], axis=1)
    u = walk.draws.uniform("walk/counter", who * MAX_STEPS + step)
    following = (row[walk.persons.persona[who]] <= u[:, None]).sum(axis=1).astype(np.int8)
    following = np.where(following == S["feedback"], S["dormant"], following)
    return walk._observable(who, walk.state[who], np.minimum(following, S["gone"]).astype(np.int8))


def _finish(parts: list[tuple[NDArray, ...]], order_parts: list[tuple[NDArray, ...]]) -> tuple[Steps, Orders, I64]:
    """Put the steps in order of person and time, number the entries, and find refunds."""
    person, at, state, order, stock, episode = (np.concatenate(column) for column in zip(*parts, strict=True))
    # A person's steps were made in order of time, so a stable sort by person is enough.
    by_person = np.argsort(person, kind="stable")
    person, at, state, order, stock, episode = (c[by_person] for c in (person, at, state, order, stock, episode))
    entry = np.ones(len(person), dtype=bool)
    entry[1:] = (person[1:] != person[:-1]) | (episode[1:] != episode[:-1])
    starts = np.flatnonzero(entry)
    lengths = np.diff(np.append(starts, len(person)))
    seq = (np.arange(len(person)) - np.repeat(starts, lengths) + 1).astype(np.int16)
    steps = Steps(person.astype(np.int32), at, state, order, stock, episode, seq)
    if order_parts:
        columns = (np.concatenate(column) for column in zip(*order_parts, strict=True))
        buyer, ordered, pos, delayed, shipped, delivered, cancelled = columns
    else:
        buyer = ordered = shipped = delivered = np.zeros(0, dtype=np.int64)
        pos = delayed = cancelled = np.zeros(0, dtype=bool)
    count = len(ordered)
    refunded = np.full(count, -1, dtype=np.int64)
    refunds = np.flatnonzero((state == S["refund"]) & (order >= 0))
    refunded[order[refunds][::-1]] = at[refunds][::-1]  # the first refund of an order counts
    orders = Orders(buyer.astype(np.int32), ordered, pos, delayed, shipped, delivered, cancelled)
    return steps, orders, refunded
