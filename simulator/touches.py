"""What each stage leaves behind: web events, Instagram comments and messages, support tickets.

Everything here is numbers; text is made when a night is written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import EFFECTS, S
from simulator.draws import Draws
from simulator.journey import DAY, Steps
from simulator.persons import Persons
from simulator.plan import Plan
from simulator.sales import ShopOrders
from simulator.texts import T

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]
Bool = NDArray[np.bool_]

EVENT_KINDS: tuple[str, ...] = (
    "landing",
    "home",
    "list_viewed",
    "product_viewed",
    "searched",
    "newsletter",
    "identify_mail",
    "identify_login",
    "product_added",
    "wishlist",
    "checkout",
    "completed",
    "refunded",
    "reviewed",
    "shared",
    "test_seen",
    "coupon",
    "promotion",
)
K = {name: i for i, name in enumerate(EVENT_KINDS)}

# state, event, probability, seconds after the step
_PLAN: tuple[tuple[str, str, float, int], ...] = (
    ("awareness", "landing", 1.0, 0),
    ("first_view", "home", 1.0, 0),
    ("first_view", "list_viewed", 0.40, 3),
    ("first_view", "product_viewed", 0.45, 9),
    ("follow", "newsletter", 1.0, 0),
    ("follow", "identify_mail", 1.0, 1),
    ("return_visit", "home", 1.0, 0),
    ("return_visit", "product_viewed", 0.55, 8),
    ("return_visit", "searched", 0.15, 4),
    ("choose", "product_added", 0.85, 0),
    ("choose", "wishlist", 0.15, 0),
    ("choose", "checkout", 0.40, 12),
    ("order", "identify_login", 1.0, -2),
    ("order", "completed", 0.93, 2),
    ("refund", "refunded", 0.80, 30),
    ("feedback", "reviewed", 1.0, 0),
    ("recommend", "shared", 1.0, 0),
    ("choose", "test_seen", 1.0, 1),
    ("choose", "coupon", 1.0, 20),
    ("order", "coupon", 1.0, -40),
    ("first_view", "promotion", 1.0, 5),
    ("return_visit", "promotion", 1.0, 5),
)
REPLY_MINUTES = np.array([420.0, 360.0, 110.0, 2.0])  # median minutes to an agent's first answer, by ticket channel
PROMOTION_CLICKED = 0.3  # share of visits in which a running offer is clicked
COUPON_TRIED = 0.05  # share of carts in which a code is tried out while no offer runs


@dataclass(frozen=True)
class WebEvents:
    """Segment messages sorted by arrival. `key` is unique and stable; `order` a position in ShopOrders or -1."""

    key: I64
    kind: I8
    person: I32
    at: I64
    received_at: I64
    order: I32
    cookie: I64
    logged_in: Bool
    is_bad_rating: Bool

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Writings:
    """Instagram comments or messages, sorted by time; `is_brand` rows are the brand's own answers."""

    key: I64
    person: I32
    at: I64
    topic: I8
    order: I32
    is_brand: Bool
    parent: I64  # comments: key of the comment answered, -1 = none
    is_story: Bool

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Tickets:
    """Support tickets sorted by time; ticket i has the id `FIRST_TICKET + i`. -1 for what never happens."""

    key: I64
    person: I32
    at: I64
    topic: I8
    order: I32
    channel: I8  # 0 e-mail, 1 web form, 2 instagram_dm, 3 voice
    names_order: Bool
    replied_at: I64  # first answer of an agent
    first_solved_at: I64
    reopened_at: I64
    solved_at: I64  # for good
    closed_at: I64
    rated_at: I64
    is_good: Bool

    def __len__(self) -> int:
        return len(self.key)


def make_web_events(
    draws: Draws, persons: Persons, steps: Steps, shop: ShopOrders, order: I32, account_at: I64, plan: Plan
) -> WebEvents:
    """Expand steps into web events. `order` is each step's position in ShopOrders; `account_at` per person or -1."""
    parts = []
    number = np.arange(len(steps), dtype=np.int64)
    on_shop_order = order >= 0
    rated_on_ticket = _answers_complaint(steps)
    in_offer = plan.offer_at(steps.at) >= 0
    has_code = np.zeros(len(steps), dtype=bool)
    has_code[on_shop_order] = shop.code[order[on_shop_order]] >= 0
    for slot, (state, kind, probability, offset) in enumerate(_PLAN):
        rows = steps.state == S[state]
        if state == "order":
            rows &= on_shop_order
        if state == "refund":
            rows &= on_shop_order & (account_at[steps.person] >= 0)
        if state == "feedback":
            rows &= ~rated_on_ticket
        if kind == "test_seen":
            rows &= plan.in_test(steps.at)
        if kind == "promotion":
            rows &= in_offer & draws.chance(f"web/{slot}", number, PROMOTION_CLICKED)
        if kind == "coupon" and state == "order":
            rows &= has_code
        elif kind == "coupon":
            rows &= draws.chance("web/coupon", number, np.where(in_offer, EFFECTS.offer_entered, COUPON_TRIED))
        if kind in ("product_added", "wishlist"):
            added = draws.uniform("web/added", number) < 0.85
            rows &= added if kind == "product_added" else ~added
        elif probability < 1:
            rows &= draws.chance(f"web/{slot}", number, probability)
        where = np.flatnonzero(rows)
        if kind == "identify_login":
            where = where[account_at[steps.person[where]] >= 0]
        jitter = draws.below(f"web/jitter{slot}", where, 2) if offset > 0 else 0
        parts.append(
            (where * 32 + slot, np.full(len(where), K[kind], dtype=np.int8), where, steps.at[where] + offset + jitter)
        )
    key, kinds, step, at = (np.concatenate(c) for c in zip(*parts, strict=True))
    person = steps.person[step].astype(np.int64)
    known = (account_at[person] >= 0) & (at >= account_at[person] - 60)
    must = np.isin(kinds, (K["identify_login"], K["completed"], K["refunded"]))
    logged_in = known & (
        must | (np.isin(steps.state[step], (S["choose"], S["feedback"])) & draws.chance("web/in", step, 0.6))
    )
    device = persons.second_device[person] & draws.chance("web/device", step, 0.4)
    holder = np.where(persons.shares_device_with[person] >= 0, persons.shares_device_with[person], person)
    cookie = np.where(device, person * 2 + 1, holder * 2)
    delay = 1 + draws.below("web/delay", key, 5)
    late = draws.chance("web/late", key, 0.03)
    delay = np.where(late, 3600 + (draws.uniform("web/late_by", key) ** 2 * 3 * DAY).astype(np.int64), delay)
    received = at + delay
    bad = _bad_rating(draws, steps, step, shop, order)
    by_arrival = np.lexsort((key, received))
    o = by_arrival
    step_order = order[step].astype(np.int32)
    return WebEvents(
        key[o], kinds[o], person[o].astype(np.int32), at[o], received[o], step_order[o], cookie[o], logged_in[o], bad[o]
    )


def _answers_complaint(steps: Steps) -> Bool:
    """Feedback that follows a complaint is given on the ticket."""
    after = np.zeros(len(steps), dtype=bool)
    after[1:] = (steps.state[:-1] == S["complaint"]) & (steps.person[1:] == steps.person[:-1])
    return after & (steps.state == S["feedback"])


def _bad_rating(draws: Draws, steps: Steps, step: I64, shop: ShopOrders, order: I32) -> Bool:
    delayed = np.zeros(len(step), dtype=bool)
    linked = order[step] >= 0
    delayed[linked] = shop.is_delayed[order[step][linked]]
    return draws.chance("rating/bad", step, np.where(delayed, EFFECTS.delayed_bad_rating, EFFECTS.usual_bad_rating))


@dataclass(frozen=True)
class Voices:
    """All that people wrote to the brand."""

    comments: Writings
    messages: Writings
    tickets: Tickets


def make_voices(
    draws: Draws, persons: Persons, steps: Steps, shop: ShopOrders, order: I32, spike: Bool, outcry: Bool
) -> Voices:
    """Comments, messages and tickets of all steps. `spike` marks the steps of the complaint spike, `outcry` those of
    the complaint that goes viral."""
    number = np.arange(len(steps), dtype=np.int64)
    person = steps.person.astype(np.int64)
    social = persons.has_instagram[person]
    state = steps.state
    linked = order >= 0
    pending = np.zeros(len(steps), dtype=bool)
    delayed = np.zeros(len(steps), dtype=bool)
    pending[linked] = steps.at[linked] < shop.delivered_at[order[linked]]
    delayed[linked] = shop.is_delayed[order[linked]]
    topic = np.full(len(steps), T["question"], dtype=np.int8)
    topic[steps.stock] = T["stock_question"]
    topic[(state == S["question"]) & pending] = T["where_is_my_order"]
    complaint = state == S["complaint"]
    broken = draws.chance("voice/broken", number, 0.4)
    topic[complaint] = np.where(
        pending | delayed, T["late_order"], np.where(broken, T["broken_on_arrival"], T["wrong_item"])
    )[complaint]
    topic[spike] = T[EFFECTS.spike_topic]
    praising = (state == S["comment"]) & ~steps.stock & draws.chance("voice/praise", number, 0.6)
    topic[praising] = T["praise"]
    topic[outcry] = T["outcry"]
    topic[state == S["story"]] = T["story_reply"]
    topic[state == S["recommend"]] = T["advocacy"]
    u = draws.uniform("voice/channel", number)
    comments = (state == S["comment"]) & social
    messages = (state == S["story"]) & social
    messages |= (state == S["question"]) & social & (u < 0.65)
    messages |= complaint & social & (u < 0.22)
    messages |= (state == S["recommend"]) & social & (u < 0.45)
    # Part of the direct messages reach support as tickets too.
    synced = social & (((state == S["question"]) & (u < 0.22)) | (complaint & (u >= 0.08) & (u < 0.22)))
    tickets = synced | ((state == S["question"]) & ~(social & (u < 0.65))) | (complaint & ~(social & (u < 0.22)))
    written = (order, topic)
    return Voices(
        _writings(draws, "comment", steps, np.flatnonzero(comments), written, 0.35, outcry),
        _writings(draws, "message", steps, np.flatnonzero(messages), written, 0.70, outcry),
        _tickets(draws, steps, np.flatnonzero(tickets), written, synced),
    )


def _writings(
    draws: Draws, stream: str, steps: Steps, rows: I64, written: tuple[I32, I8], answered: float, outcry: Bool
) -> Writings:
    order, topic = written
    wanted = draws.chance(stream + "/answer", rows, answered)
    begins = steps.at[rows[outcry[rows]]].min(initial=2**62)
    wanted |= outcry[rows] & (steps.at[rows] == begins)  # who began it is answered
    answer = rows[wanted]
    at_answer = steps.at[answer] + 900 + draws.below(stream + "/wait", answer, 20 * 3600)
    # Nobody at the brand sees for hours what goes on under one post; then all that is answered is answered at once.
    seen = np.maximum(begins + round(EFFECTS.outcry_answered_after * 3600), steps.at[answer] + 120)
    later = np.where(steps.at[answer] > begins, draws.below(stream + "/outcry_wait", answer, 3 * 3600), 0)
    at_answer = np.where(outcry[answer], seen + later, at_answer)
    key = np.concatenate((rows * 2, answer * 2 + 1))
    at = np.concatenate((steps.at[rows], at_answer))
    brand = np.concatenate((np.zeros(len(rows), dtype=bool), np.ones(len(answer), dtype=bool)))
    source = np.concatenate((rows, answer))
    topics = np.where(brand, T["brand_reply"], topic[source]).astype(np.int8)
    story = np.isin(steps.state[source], (S["story"], S["recommend"])) & ~brand
    by_time = np.lexsort((key, at))
    parent = np.where(brand, key - 1, -1)
    source, o = source[by_time], by_time
    orders = order[source].astype(np.int32)
    return Writings(key[o], steps.person[source], at[o], topics[o], orders, brand[o], parent[o], story[o])


def _tickets(draws: Draws, steps: Steps, rows: I64, written: tuple[I32, I8], by_social: Bool) -> Tickets:
    order, topic = written
    rows = rows[np.lexsort((rows, steps.at[rows]))]
    at = steps.at[rows]
    channel = draws.choice("ticket/channel", rows, (0.62, 0.28, 0.0, 0.10)).astype(np.int8)
    channel[by_social[rows]] = 2
    solved = at + 4 * 3600 + (draws.uniform("ticket/solved", rows) ** 3 * 11 * DAY).astype(np.int64)
    # A complaint whose next step is feedback is rated, once it is solved.
    follows = np.zeros(len(steps), dtype=bool)
    follows[:-1] = _answers_complaint(steps)[1:]
    rated = follows[rows]
    rated_at = np.where(rated, np.append(steps.at, 0)[rows + 1], -1)
    solved = np.where(rated & (solved > rated_at), np.maximum(at + 600, rated_at - 1800), solved)
    rated_at = np.where(rated, np.maximum(rated_at, solved + 60), -1)
    # Others answer the survey too, without saying anything else about it.
    surveyed = ~rated & draws.chance("ticket/surveyed", rows, EFFECTS.survey_share)
    asked_at = solved + 3_600 + draws.below("ticket/surveyed_at", rows, 2 * DAY)
    rated, rated_at = rated | surveyed, np.where(surveyed, asked_at, rated_at)
    unhappy = np.isin(topic[rows], (T["late_order"], T["broken_on_arrival"], T["wrong_item"]))
    bad = np.where(topic[rows] == T["late_order"], 0.75, np.where(unhappy, 0.35, 0.08))
    good = ~draws.chance("ticket/bad", rows, bad)
    names_order = draws.chance("ticket/names_order", rows, 0.75) & (order[rows] >= 0)
    first_solved = solved
    again = ~rated & draws.chance("ticket/reopened", rows, EFFECTS.reopened_share)
    reopened = np.where(again, solved + 4 * 3600 + draws.below("ticket/reopened_at", rows, 40 * 3600), -1)
    solved = np.where(again, reopened + 2 * 3600 + draws.below("ticket/solved_again", rows, 24 * 3600), solved)
    closed = np.maximum(solved + 4 * DAY, np.where(rated, rated_at + 600, 0))
    usual = REPLY_MINUTES[channel] * 60 * np.exp(0.8 * draws.normal("ticket/reply", rows))
    replied = np.minimum(at + np.maximum(usual.astype(np.int64), 60), first_solved - 300)
    return Tickets(
        rows,
        steps.person[rows],
        at,
        topic[rows],
        order[rows].astype(np.int32),
        channel,
        names_order,
        np.maximum(replied, at + 30),
        first_solved,
        reopened,
        solved,
        closed,
        rated_at,
        good,
    )
