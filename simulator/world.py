"""The whole made-up world as compact arrays, before a single line is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import CAMPAIGNS, EFFECTS, S
from simulator.draws import Draws
from simulator.journey import DAY, Steps, entry_times, simulate_journeys
from simulator.persons import Persons, make_persons
from simulator.plan import Plan, plan_of, shopping_switched_on
from simulator.sales import ShopOrders, TillSales, make_shop_orders, make_till_sales
from simulator.settings import SimulationSettings
from simulator.touches import Voices, WebEvents, make_voices, make_web_events

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
Bool = NDArray[np.bool_]
FIRST_CUSTOMER = 7_210_448_301_122
FIRST_SUPPORT_USER = 396_331_237_134
FIRST_TICKET = 16_988


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


@dataclass(frozen=True)
class SupportUsers:
    """Zendesk end users sorted by creation. `is_social` users are known by their Instagram account only."""

    person: I64
    is_social: Bool
    created_at: I64
    of_ticket: I64  # position of each ticket's requester

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True)
class World:
    """Everything that happens. Times are unix seconds UTC; `first_day` is the day number of night 0."""

    settings: SimulationSettings
    draws: Draws
    plan: Plan
    persons: Persons
    campaign: I64
    steps: Steps
    step_shop: I32  # position in `shop` of each step's order, -1
    step_till: I32
    is_spike: Bool
    is_outcry: Bool  # steps of the complaint that goes viral
    shop: ShopOrders
    till: TillSales
    account_at: I64  # when the person's shop account was made, -1 = none
    account_id: I64
    web: WebEvents
    voices: Voices
    support: SupportUsers

    @property
    def first_day(self) -> int:
        """Day number of night 0."""
        return day_number(self.settings.first_date)

    def window(self, night: int) -> tuple[int, int]:
        """Seconds [low, high) that night `night` newly covers; night 0 covers all before."""
        low = 0 if night == 0 else (self.first_day + night) * DAY
        return low, (self.first_day + night + 1) * DAY


def spike_date(settings: SimulationSettings) -> date:
    """The day of the complaint spike: the third night, or the last if there are fewer."""
    return settings.night_date(min(2, settings.nights - 1))


def build_world(settings: SimulationSettings) -> World:
    """Draw the world of these settings."""
    draws = Draws(settings.seed)
    start_day, end_day = day_number(settings.start_date), day_number(settings.last_date) + 1
    start, end = start_day * DAY, end_day * DAY
    persons = make_persons(draws, settings.customers, start, end)
    at = entry_times(draws, settings.customers, start_day, end_day - start_day)
    campaign = draws.choice("entry/campaign", np.arange(settings.customers), [c.weight for c in CAMPAIGNS])
    plan = plan_of(settings)
    at = shopping_switched_on(draws, at, campaign, plan)
    steps, orders, refunded = simulate_journeys(persons, draws, at, campaign, plan)
    steps, is_outcry = _add_outcry(draws, persons, steps, plan)
    steps, is_spike, is_outcry = _add_spike(draws, steps, is_outcry, day_number(spike_date(settings)))
    lift = next(i for i, c in enumerate(CAMPAIGNS) if c.name == EFFECTS.lift_campaign)
    shop, shop_place = make_shop_orders(draws, persons, orders, refunded, campaign[orders.person] == lift, plan)
    till, till_place = make_till_sales(draws, persons, orders, refunded)
    step_shop, step_till = _linked(steps, shop_place), _linked(steps, till_place)
    account_at, account_id = _accounts(draws, persons, steps, shop)
    web = make_web_events(draws, persons, steps, shop, step_shop, account_at, plan)
    voices = make_voices(draws, persons, steps, shop, step_shop, is_spike, is_outcry)
    return World(
        settings,
        draws,
        plan,
        persons,
        campaign,
        steps,
        step_shop,
        step_till,
        is_spike,
        is_outcry,
        shop,
        till,
        account_at,
        account_id,
        web,
        voices,
        _support_users(draws, voices),
    )


def _linked(steps: Steps, place: I64) -> I32:
    result = np.full(len(steps), -1, dtype=np.int32)
    linked = steps.order >= 0
    result[linked] = place[steps.order[linked]]
    return result


def _add_spike(draws: Draws, steps: Steps, is_outcry: Bool, day: int) -> tuple[Steps, Bool, Bool]:
    """Plant the complaint spike: recent buyers complain on one day about one thing. Returns the marks of both."""
    low = day * DAY
    complaints = steps.state == S["complaint"]
    before = complaints & (steps.at >= low - 28 * DAY) & (steps.at < low)
    wanted = max(5, round((EFFECTS.spike_factor - 1) * before.sum() / 28))
    received = np.flatnonzero((steps.state == S["receive"]) & (steps.at < low) & (steps.at >= low - 40 * DAY))
    rank = np.argsort(draws.bits("spike", received), kind="stable")
    chosen = np.sort(received[rank[:wanted]])
    at = (
        low
        + draws.choice("spike/h", chosen, np.array([0.2] * 8 + [1.0] * 14 + [0.4] * 2)) * 3600
        + draws.below("spike/s", chosen, 3600)
    )
    merged, is_new, source = _inserted(steps, chosen, at, S["complaint"])
    return merged, is_new, is_outcry[source] & ~is_new


def _add_outcry(draws: Draws, persons: Persons, steps: Steps, plan: Plan) -> tuple[Steps, Bool]:
    """Plant the complaint that goes viral: people who know the brand write under one post, more and more of them."""
    low, high = EFFECTS.outcry_people
    wanted = min(max(round(EFFECTS.outcry_share * len(persons)), low), high)
    known = np.flatnonzero(persons.has_instagram[steps.person] & (steps.at < plan.outcry_at - DAY))
    last = known[np.append(steps.person[known[1:]] != steps.person[known[:-1]], True)] if len(known) else known
    rank = np.argsort(draws.bits("outcry", steps.person[last]), kind="stable")
    chosen = np.sort(last[rank[:wanted]])
    who = steps.person[chosen]
    hours = EFFECTS.outcry_hours * np.sqrt(draws.uniform("outcry/h", who))
    dies_down = draws.chance("outcry/later", who, 0.2)
    hours = np.where(dies_down, EFFECTS.outcry_hours * (1 + 2 * draws.uniform("outcry/later_h", who) ** 2), hours)
    at = plan.outcry_at + (hours * 3600).astype(np.int64)
    at[at == at.min(initial=2**62)] = plan.outcry_at  # it begins with one of them
    merged, is_new, _ = _inserted(steps, chosen, at, S["comment"])
    order = np.where(is_new, -1, merged.order).astype(np.int32)
    return replace(merged, order=order), is_new


def _inserted(steps: Steps, chosen: I64, at: I64, state: int) -> tuple[Steps, Bool, I64]:
    """The steps with one more of a state for each of `chosen`, like it but for its time; which are new; where from."""
    count = len(steps)
    person = np.concatenate((steps.person, steps.person[chosen]))
    times = np.concatenate((steps.at, at))
    order = np.lexsort((np.arange(len(times)), times, person))
    merged = np.concatenate((np.arange(count), chosen))
    source = merged[order]
    is_new = (np.arange(len(times)) >= count)[order]
    states = steps.state[source].copy()
    states[is_new] = state
    episode = steps.episode[source].copy()
    # What is put in belongs to the episode the person is in at that time.
    rows = np.flatnonzero(is_new)
    episode[rows] = episode[np.maximum(rows - 1, 0)]
    person, times = person[order], times[order]
    entry = np.ones(len(person), dtype=bool)
    entry[1:] = (person[1:] != person[:-1]) | (episode[1:] != episode[:-1])
    starts = np.flatnonzero(entry)
    seq = np.arange(len(person)) - np.repeat(starts, np.diff(np.append(starts, len(person)))) + 1
    stock = steps.stock[source] & ~is_new
    return Steps(person, times, states, steps.order[source], stock, episode, seq.astype(np.int16)), is_new, source


def _accounts(draws: Draws, persons: Persons, steps: Steps, shop: ShopOrders) -> tuple[I64, I64]:
    """When each person's account was made (first order, or a sign-up while following), and its number."""
    count, none = len(persons), np.int64(2**62)
    first = np.full(count, none, dtype=np.int64)
    np.minimum.at(first, shop.person, shop.at - 120)
    signs = np.flatnonzero((steps.state == S["follow"]) & draws.chance("account/sign_up", steps.person, 0.4))
    np.minimum.at(first, steps.person[signs], steps.at[signs] + 2)
    holds = persons.has_account & (first < none)
    account_at = np.where(holds, first, -1)
    account_id = np.full(count, -1, dtype=np.int64)
    holders = np.flatnonzero(holds)
    holders = holders[np.lexsort((holders, account_at[holders]))]
    account_id[holders] = FIRST_CUSTOMER + np.arange(len(holders)) * 32_768 + draws.below("account/id", holders, 32_768)
    return account_at, account_id


def _support_users(draws: Draws, voices: Voices) -> SupportUsers:
    tickets = voices.tickets
    person = tickets.person.astype(np.int64)
    joined_up = draws.chance("support/joined", person, 0.6)
    key = person * 2 + ((tickets.channel == 2) & ~joined_up)
    keys, first, of_key = np.unique(key, return_index=True, return_inverse=True)
    by_time = np.lexsort((keys, tickets.at[first])) if len(keys) else np.zeros(0, dtype=np.int64)
    place = np.empty(len(keys), dtype=np.int64)
    place[by_time] = np.arange(len(keys))
    keys = keys[by_time]
    created = tickets.at[first][by_time] if len(keys) else np.zeros(0, dtype=np.int64)
    return SupportUsers(keys // 2, keys % 2 == 1, created, place[of_key])
