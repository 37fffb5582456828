"""Orders of the web shop and sales over the counter: contents, amounts, contacts, and what happens to them later."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import EFFECTS, PERSONAS
from simulator.companies import company_of
from simulator.draws import Draws
from simulator.journey import DAY, Orders
from simulator.persons import Persons
from simulator.plan import OFFERS, Plan
from simulator.vocabulary import PRODUCTS

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
FIRST_ORDER_NUMBER = 1001
FIRST_INVOICE = 536365
FIRST_TILL_ACCOUNT = 12346
DEAL_SEEKER = PERSONAS.index("deal_seeker")
PRICES = np.array([p.price_cents for p in PRODUCTS])
POPULARITY = np.array([p.weight for p in PRODUCTS])
CODES = ("SPRING10", *(code for _, code, _ in OFFERS), "SORRY10")  # always in force; of the offers; given as an apology
PER_CENT = np.array([10, *(share for _, _, share in OFFERS), 10])
APOLOGY = len(CODES) - 1
SHOP_ZONE = "America/New_York"
TILL_ZONE = "Europe/London"


@dataclass(frozen=True)
class Lines:
    """Order lines; `order` is the position of their sale, in ascending order."""

    order: I64
    product: I64
    quantity: I64
    start: I64  # first line of each sale; one element more than there are sales


@dataclass(frozen=True)
class ShopOrders:
    """Web orders sorted by time; order i has the name `#<1001 + i>`. Cents; -1 for what never happens."""

    person: I64
    at: I64
    shipped_at: I64
    delivered_at: I64
    cancelled_at: I64
    refunded_at: I64
    refund_cents: I64
    is_delayed: Bool
    contact: I64  # 0 e-mail, 1 phone only, 2 none (draft order), 3 placeholder e-mail, 4 relay
    is_gift: Bool
    recipient: I64  # person whose name is on the parcel
    has_cookie_note: Bool
    code: I64  # position in CODES, -1 = none
    subtotal: I64
    discount: I64
    shipping: I64
    tax: I64
    total: I64
    lines: Lines

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class TillSales:
    """Counter sales sorted by time; sale i has the invoice number `<536365 + i>`; cancellations follow as `C…`."""

    person: I64
    at: I64
    account: I64  # till account number, -1 when the customer did not show the card
    refunded_at: I64
    refunded_line: I64  # line that is taken back, -1 = none
    lines: Lines

    def __len__(self) -> int:
        return len(self.at)


def _lines(draws: Draws, stream: str, count: int, mean_weights: tuple[float, ...]) -> Lines:
    index = np.arange(count, dtype=np.int64)
    sizes = draws.choice(stream + "/lines", index, mean_weights) + 1
    start = np.concatenate(([0], np.cumsum(sizes)))
    order = np.repeat(index, sizes)
    key = order * 16 + (np.arange(len(order)) - start[order])
    first = draws.choice(stream + "/product", index, POPULARITY)
    step = 1 + draws.below(stream + "/step", index, 3)  # lines of one sale are different products
    product = (first[order] + (np.arange(len(order)) - start[order]) * step[order]) % len(PRODUCTS)
    quantity = draws.choice(stream + "/quantity", key, (0.80, 0.14, 0.04, 0.02)) + 1
    return Lines(order, product, quantity, start)


def make_shop_orders(
    draws: Draws, persons: Persons, orders: Orders, refunded_at: I64, promoted: Bool, plan: Plan
) -> tuple[ShopOrders, I64]:
    """The web orders among `orders`, and for each of `orders` its position here (-1 for counter sales)."""
    web = np.flatnonzero(~orders.is_pos)
    web = web[np.lexsort((orders.person[web], orders.at[web]))]
    place = np.full(len(orders), -1, dtype=np.int64)
    place[web] = np.arange(len(web))
    index = np.arange(len(web), dtype=np.int64)
    person = orders.person[web].astype(np.int64)
    lines = _lines(draws, "shop", len(web), (0.52, 0.27, 0.14, 0.07))
    in_bulk = company_of(draws, person, len(persons)) >= 0
    lines = replace(lines, quantity=lines.quantity * np.where(in_bulk[lines.order], EFFECTS.company_quantity, 1))
    value = PRICES[lines.product] * lines.quantity
    subtotal = np.add.reduceat(value, lines.start[:-1]) if len(web) else np.zeros(0, dtype=np.int64)
    code = _codes(draws, persons, orders, web, promoted[web], plan)
    discount = np.where(code >= 0, subtotal * PER_CENT[code] // 100, 0)
    shipping = np.where(subtotal - discount >= 7500, 0, 695)
    tax = ((subtotal - discount) * 0.08).astype(np.int64)
    total = subtotal - discount + shipping + tax
    cancelled = orders.is_cancelled[web]
    cancelled_at = np.where(cancelled, orders.at[web] + 1800 + draws.below("shop/cancel", index, 7 * 3600), -1)
    refund = np.where(cancelled, cancelled_at, refunded_at[web])
    whole = cancelled | draws.chance("shop/whole", index, 0.7)
    part = np.minimum(total, PRICES[lines.product[lines.start[:-1]]]) if len(web) else total
    refund_cents = np.where(refund >= 0, np.where(whole, total, part), 0)
    contact = draws.choice("shop/contact", index, (0.905, 0.05, 0.03, 0.015))
    contact = np.where(persons.uses_relay[person], 4, contact)
    has_card = persons.has_account[person]
    contact = np.where(has_card & (contact != 0), 0, contact)  # who is logged in is known
    gift = draws.chance("shop/gift", index, 0.07)
    near = draws.chance("shop/gift_near", index, 0.3)
    friend = draws.below("shop/friend", index, len(persons))
    recipient = np.where(gift, np.where(near, np.maximum(person - persons.position[person], 0), friend), person)
    return (
        ShopOrders(
            person,
            orders.at[web],
            orders.shipped_at[web],
            orders.delivered_at[web],
            cancelled_at,
            refund,
            refund_cents,
            orders.is_delayed[web],
            contact,
            gift & (recipient != person),
            recipient,
            draws.chance("shop/note", index, 0.55),
            code,
            subtotal,
            discount,
            shipping,
            tax,
            total,
            lines,
        ),
        place,
    )


def _codes(draws: Draws, persons: Persons, orders: Orders, web: I64, promoted: Bool, plan: Plan) -> I64:
    """Discount code of each web order: an apology goes before an offer, and an offer before what is always in force."""
    index, person = np.arange(len(web), dtype=np.int64), orders.person[web].astype(np.int64)
    deal = persons.persona[person] == DEAL_SEEKER
    usual = draws.chance("shop/code", index, np.where(promoted, 0.5, np.where(deal, 0.35, 0.08)))
    code = np.where(usual, 0, -1)
    running = plan.offer_at(orders.at[web])
    used = (running >= 0) & draws.chance("shop/offer", index, np.where(deal, *EFFECTS.offer_used))
    code = np.where(used, 1 + running, code)
    by_person = np.lexsort((orders.at[web], person))
    again = np.zeros(len(web), dtype=bool)
    again[by_person[1:]] = (person[by_person[1:]] == person[by_person[:-1]]) & orders.is_delayed[web][by_person[:-1]]
    return np.where(again & draws.chance("shop/apology", index, EFFECTS.apology_share), APOLOGY, code)


def make_till_sales(draws: Draws, persons: Persons, orders: Orders, refunded_at: I64) -> tuple[TillSales, I64]:
    """The counter sales among `orders`, moved into opening hours of their day, and their positions (-1: web)."""
    till = np.flatnonzero(orders.is_pos)
    person = orders.person[till].astype(np.int64)
    at = (orders.at[till] // DAY) * DAY + 9 * 3600 + draws.below("till/time", till, 9 * 3600)
    by_time = np.lexsort((person, at))
    till, person, at = till[by_time], person[by_time], at[by_time]
    place = np.full(len(orders), -1, dtype=np.int64)
    place[till] = np.arange(len(till))
    index = np.arange(len(till), dtype=np.int64)
    lines = _lines(draws, "till", len(till), (0.25, 0.28, 0.2, 0.14, 0.08, 0.05))
    holders = np.cumsum(persons.has_till_account) - 1
    shown = persons.has_till_account[person] & draws.chance("till/card", index, 0.8)
    account = np.where(shown, FIRST_TILL_ACCOUNT + holders[person], -1)
    refund = np.where(
        refunded_at[till] >= 0,
        (refunded_at[till] // DAY) * DAY + 10 * 3600 + draws.below("till/refund", index, 7 * 3600),
        -1,
    )
    refund = np.where(refund >= 0, np.maximum(refund, at + 1800), -1)
    line = np.where(refund >= 0, lines.start[:-1], -1)
    return TillSales(person, at, account, refund, line, lines), place


def till_account(persons: Persons, person: I64) -> I64:
    """Till account number of each person, -1 for those without one."""
    holders = np.cumsum(persons.has_till_account) - 1
    return np.where(persons.has_till_account[person], FIRST_TILL_ACCOUNT + holders[person], -1)
