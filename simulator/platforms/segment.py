"""Segment: NDJSON messages by day of arrival (`receivedAt`), late ones among them.

Each kind of event has its own shape; absent keys are left out, as the real files do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records, traps
from simulator.behaviour import CAMPAIGNS
from simulator.plan import OFFERS, TEST_ID, TEST_TITLE, VARIANTS, variant_of
from simulator.platforms.shopify import cookie_ids, order_emails, order_name
from simulator.records import Spelling
from simulator.sales import CODES, PRICES
from simulator.text import digits, hex16, joined, json_of, lookup, stamps, struct_of, uuids
from simulator.texts import BLOCKS, TEXTS
from simulator.touches import EVENT_KINDS
from simulator.vocabulary import COUNTRIES, PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
ISO = "%Y-%m-%dT%H:%M:%S%.3fZ"
SITE = "https://shop.journeyline.example"
_TRACK = {
    "list_viewed": "Product List Viewed",
    "product_viewed": "Product Viewed",
    "searched": "Products Searched",
    "newsletter": "Newsletter Subscribed",
    "product_added": "Product Added",
    "wishlist": "Product Added to Wishlist",
    "checkout": "Checkout Started",
    "completed": "Order Completed",
    "refunded": "Order Refunded",
    "reviewed": "Product Reviewed",
    "shared": "Product Shared",
    "test_seen": "Experiment Viewed",
    "coupon": "Coupon Applied",
    "promotion": "Promotion Clicked",
}
_GECKO = "(KHTML, like Gecko)"
_WEBKIT, _CHROME = f"AppleWebKit/605.1.15 {_GECKO}", f"AppleWebKit/537.36 {_GECKO} Chrome/142.0.0.0"
AGENTS = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) {_WEBKIT} Version/19.1 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 16; Pixel 9) {_CHROME} Mobile Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 15_5) {_WEBKIT} Version/19.0 Safari/605.1.15",
)
_SHARE_VIA = ("email", "whatsapp", "instagram", "copy_link")


def messages(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON lines that arrived in the night's window."""
    low, high = world.window(night)
    web = world.web
    start, stop = np.searchsorted(web.received_at, [low, high])
    for begin in range(int(start), int(stop), chunk):
        yield _lines(world, np.arange(begin, min(begin + chunk, int(stop))))


def _lines(world: World, rows: I64) -> pl.Series:
    """All kinds of one chunk, rendered kind by kind and put back into order of arrival."""
    kinds = world.web.kind[rows]
    places, parts = [], []
    for kind in np.unique(kinds):
        mine = np.flatnonzero(kinds == kind)
        signed = world.web.logged_in[rows[mine]]
        for logged_in in (False, True):
            some = mine[signed == logged_in]
            if len(some):
                places.append(some)
                parts.append(_render(world, rows[some], EVENT_KINDS[int(kind)], logged_in))
    back = np.empty(len(rows), dtype=np.int64)
    back[np.concatenate(places)] = np.arange(len(rows))
    return pl.concat(parts).gather(pl.Series(back).cast(pl.UInt32))


def _render(world: World, rows: I64, kind: str, logged_in: bool) -> pl.Series:
    """One shape of message as JSON."""
    web, draws = world.web, world.draws
    key, who = web.key[rows], web.person[rows].astype(np.int64)
    at, received = web.at[rows], web.received_at[rows]
    millis = draws.below("web/ms", key, 1000)
    moment = stamps(at, ISO, millis=millis)
    arrived = stamps(received, ISO, millis=millis)
    is_page = kind in ("landing", "home")
    is_identify = kind.startswith("identify")
    parts: dict[str, pl.Series | pl.Expr] = {
        "messageId": joined("ajs-next-", uuids(draws.bits("web/id1", key), draws.bits("web/id2", key))),
        "type": pl.lit("page" if is_page else "identify" if is_identify else "track"),
        "anonymousId": cookie_ids(world, web.cookie[rows]),
    }
    if logged_in:
        parts["userId"] = pl.Series(world.account_id[who]).cast(pl.String)
    product = draws.choice("web/product", key // 32, [p.weight for p in PRODUCTS])
    if is_identify:
        parts["traits"] = _traits(world, rows, who, logged_in)
    elif is_page:
        parts["name"] = pl.lit("Home")
        parts["properties"] = _page_properties(world, rows, who, kind)
    else:
        parts["event"] = pl.lit(_TRACK[kind])
        parts["properties"] = _properties(world, rows, kind, product)
    parts["context"] = _context(world, rows, who, kind, product)
    for name in ("originalTimestamp", "timestamp"):
        parts[name] = moment
    parts["sentAt"] = moment
    parts["receivedAt"] = arrived
    return json_of(len(rows), **parts)


def _traits(world: World, rows: I64, who: I64, logged_in: bool) -> pl.Series:
    persons, draws, at = world.persons, world.draws, world.web.at[rows]
    parts: dict[str, pl.Series | pl.Expr] = {"email": records.email_at(persons, who, at)}
    if logged_in:
        first, last = records.names(draws, persons, who, at, who, "account/name", Spelling(nickname=0.08, typo=0.006))
        parts |= {"firstName": first, "lastName": last, "phone": records.phone_at(persons, who, at)}
        parts["birthday"] = _birthday(traps.birthdays(world, who))
    return struct_of(len(rows), **parts)


def _birthday(day: I64) -> pl.Series:
    return pl.Series(day.astype(np.int32)).cast(pl.Date).dt.strftime("%Y-%m-%d")


def _page_properties(world: World, rows: I64, who: I64, kind: str) -> pl.Series:
    url, search, referrer = address(world, rows, who, kind)
    parts: dict[str, pl.Series | pl.Expr] = {
        "path": pl.lit("/"),
        "title": pl.lit("Journeyline Home"),
        "url": url,
        "search": search,
        "referrer": referrer,
    }
    return struct_of(len(rows), **parts)


def address(world: World, rows: I64, who: I64, kind: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """URL, query and referrer. Landings from paid campaigns carry UTM parameters and the platform's click id."""
    if kind != "landing":
        constant = pl.Series("", [SITE + "/"]).new_from_index(0, len(rows))
        return constant, pl.Series("", [""]).new_from_index(0, len(rows)), constant
    campaign = world.campaign[who]
    click = hex16(world.draws.bits("web/click", world.web.key[rows]))
    prefixes, referrers = [], []
    for c in CAMPAIGNS:
        utm = (
            f"utm_source={c.source}&utm_medium={c.medium}&utm_campaign={c.name}&utm_content={c.content}&"
            if c.name
            else ""
        )
        prefixes.append(f"?{utm}{'gclid' if c.source == 'google' or c.name is None else 'fbclid'}=")
        referrers.append(
            {
                "google": "https://www.google.com/",
                "instagram": "https://l.instagram.com/",
                "facebook": "https://l.facebook.com/",
            }.get(c.source or "google", "")
        )
    search = joined(lookup(prefixes, campaign), click)
    return joined(SITE + "/", search), search, lookup(referrers, campaign)


def _properties(world: World, rows: I64, kind: str, product: I64) -> pl.Series:
    web, draws = world.web, world.draws
    key, order = web.key[rows], web.order[rows].astype(np.int64)
    item: dict[str, pl.Series | pl.Expr] = {
        "product_id": lookup([p.sku for p in PRODUCTS], product),
        "sku": lookup([p.sku for p in PRODUCTS], product),
        "name": lookup([p.title for p in PRODUCTS], product),
        "category": lookup([p.category for p in PRODUCTS], product),
        "price": pl.Series(PRICES[product] / 100),
    }
    if kind == "list_viewed":
        parts = {"list_id": pl.lit("new_in"), "category": item["category"]}
    elif kind == "searched":
        parts = {"query": lookup([p.title.lower() for p in PRODUCTS], product)}
    elif kind == "newsletter":
        parts = {"location": pl.lit("footer")}
    elif kind in ("completed", "refunded"):
        linked = np.maximum(order, 0)
        total = world.shop.total[linked] if kind == "completed" else world.shop.refund_cents[linked]
        parts = {"order_id": order_name(linked), "total": pl.Series(total / 100), "currency": pl.lit("USD")}
        if kind == "completed":
            parts["email"] = order_emails(world, linked)
    elif kind == "reviewed":
        bad = web.is_bad_rating[rows]
        start, size = (np.where(bad, BLOCKS["review_bad"][i], BLOCKS["review_good"][i]) for i in (0, 1))
        text = start + draws.below("web/review", key, size)
        stars = np.where(bad, 1 + draws.below("web/stars", key, 2), 4 + draws.below("web/stars", key, 2))
        parts = {
            **item,
            "review_id": hex16(draws.bits("web/review_id", key)),
            "review_body": lookup(TEXTS, text),
            "rating": pl.Series(stars),
        }
    elif kind == "test_seen":
        variant = variant_of(draws, web.person[rows].astype(np.int64))
        parts = {
            "experiment_id": pl.lit(TEST_ID),
            "experiment_name": pl.lit(TEST_TITLE),
            "variation_id": lookup([str(i) for i in range(len(VARIANTS))], variant),
            "variation_name": lookup(VARIANTS, variant),
        }
    elif kind == "coupon":
        code = lookup(CODES, _codes_of(world, rows))
        parts = {"coupon_id": code, "coupon_name": code, "cart_id": hex16(draws.bits("web/cart", key // 32))}
    elif kind == "promotion":
        code = lookup([code for _, code, _ in OFFERS], world.plan.offer_at(world.steps.at[key // 32]))
        parts = {"promotion_id": code, "name": code, "creative": pl.lit("banner"), "position": pl.lit("home_top")}
    elif kind == "shared":
        parts = {**item, "share_via": lookup(_SHARE_VIA, draws.below("web/share", key, len(_SHARE_VIA)))}
    else:
        parts = {**item, "quantity": pl.lit(1)} if kind == "product_added" else item
    return struct_of(len(rows), **parts)


def _codes_of(world: World, rows: I64) -> I64:
    """Position in CODES of the code entered: of the order, else of the offer, else what is always in force."""
    web = world.web
    order = web.order[rows].astype(np.int64)
    of_order = np.where(order >= 0, world.shop.code[np.maximum(order, 0)] if len(world.shop) else -1, -1)
    running = world.plan.offer_at(world.steps.at[web.key[rows] // 32])
    return np.where(of_order >= 0, of_order, np.maximum(1 + running, 0))


def _context(world: World, rows: I64, who: I64, kind: str, product: I64) -> pl.Series:
    web, draws = world.web, world.draws
    cookie = web.cookie[rows]
    url, _, referrer = address(world, rows, who, kind)
    page = struct_of(len(rows), path=pl.lit("/"), url=url, referrer=referrer)
    home = world.persons.household[who]
    ip = joined(
        "81.",
        digits(draws.below("web/ip1", home, 90) + 100, 3),
        ".",
        digits(draws.below("web/ip2", home, 90) + 100, 3),
        ".",
        digits(draws.below("web/ip3", home, 90) + 100, 3),
    )
    parts: dict[str, pl.Series | pl.Expr] = {
        "ip": ip,
        "userAgent": lookup(AGENTS, draws.below("cookie/agent", cookie, len(AGENTS))),
        "locale": lookup([f"{c.faker_locale.replace('_', '-')}" for c in COUNTRIES], world.persons.country[who]),
        "page": page,
    }
    if kind == "landing":
        campaign = world.campaign[who]
        fields = {
            "name": [c.name for c in CAMPAIGNS],
            "source": [c.source for c in CAMPAIGNS],
            "medium": [c.medium for c in CAMPAIGNS],
            "content": [c.content for c in CAMPAIGNS],
        }
        parts["campaign"] = struct_of(len(rows), **{n: lookup(v, campaign) for n, v in fields.items()})
    return struct_of(len(rows), **parts)


def late_count(world: World, night: int) -> int:
    """Messages of the night that happened on an earlier day than they arrived."""
    low, high = world.window(night)
    web = world.web
    rows = slice(*np.searchsorted(web.received_at, [low, high]))
    return int((web.at[rows] // 86_400 < web.received_at[rows] // 86_400).sum())
