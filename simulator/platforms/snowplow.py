"""Snowplow: enriched events as tab-separated lines of 131 columns without a header, by day of arrival.

Some events are stored twice, as the pipeline's at-least-once delivery does. Crawlers look at pages too, without a
cookie. One customer in ten logs in under an e-mail address instead of a customer number.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.behaviour import CAMPAIGNS
from simulator.platforms import web_share
from simulator.platforms.headers import SNOWPLOW_COLUMNS
from simulator.platforms.segment import AGENTS, SITE, address
from simulator.platforms.shopify import order_name
from simulator.plug import Edges, ExportObject, Plug
from simulator.text import choose_text, hex16, joined, json_of, lookup, money, stamps, struct_of, uuids, when
from simulator.touches import EVENT_KINDS
from simulator.vocabulary import COUNTRIES, PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
HOST = "studio.journeyline.example"
TIME = "%Y-%m-%d %H:%M:%S%.3f"
WITHOUT = ("identify_mail", "identify_login", "test_seen", "coupon", "promotion")
VENDOR = "com.snowplowanalytics.snowplow"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_SCHEMA = "iglu:{}/{}/jsonschema/1-0-0"
# kind of visit → (event, event_name, name in se_action or type in the body of an e-commerce action)
_EVENTS: dict[str, tuple[str, str, str]] = {
    "landing": ("page_view", "page_view", ""),
    "home": ("page_view", "page_view", ""),
    "list_viewed": ("unstruct", "snowplow_ecommerce_action", "list_view"),
    "product_viewed": ("unstruct", "snowplow_ecommerce_action", "product_view"),
    "searched": ("unstruct", "site_search", ""),
    "newsletter": ("struct", "event", "Newsletter subscribed"),
    "product_added": ("unstruct", "add_to_cart", ""),
    "wishlist": ("struct", "event", "Add to wishlist"),
    "checkout": ("unstruct", "snowplow_ecommerce_action", "checkout_step"),
    "completed": ("transaction", "transaction", ""),
    "refunded": ("unstruct", "snowplow_ecommerce_action", "refund"),
    "reviewed": ("struct", "event", "Product reviewed"),
    "shared": ("unstruct", "social_interaction", ""),
}


def domain_ids(world: World, cookie: I64) -> pl.Series:
    """First-party cookie."""
    return uuids(world.draws.bits("snowplow/domain1", cookie), world.draws.bits("snowplow/domain2", cookie))


def logs_in_by_mail(world: World, who: I64) -> Bool:
    """Persons whose user id is the e-mail address they had when they made their account."""
    return world.draws.chance("snowplow/mail", who, 0.1)


def user_ids(world: World, who: I64) -> pl.Series:
    """The shop's customer number, or an e-mail address."""
    mail = records.email_at(world.persons, who, world.account_at[who])
    return choose_text(logs_in_by_mail(world, who), mail, pl.Series(world.account_id[who]).cast(pl.String))


def events(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """Lines that arrived in the night's window."""
    low, high = world.window(night)
    web = world.web
    arrived = (web.received_at >= low) & (web.received_at < high)
    rows = np.flatnonzero(arrived & web_share.is_shared(world, "snowplow", WITHOUT))
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        kinds = web.kind[part]
        lines = pl.concat([_lines(world, part[kinds == k], EVENT_KINDS[k]) for k in np.unique(kinds).tolist()])
        twice = np.flatnonzero(world.draws.chance("snowplow/twice", web.key[part], 0.005))
        yield pl.concat([lines, lines.gather(pl.Series(twice).cast(pl.UInt32))])
    if len(rows):
        yield _crawled(world, night, 1 + len(rows) // 200)


def _lines(world: World, rows: I64, kind: str) -> pl.Series:
    web, draws = world.web, world.draws
    key, who, cookie = web.key[rows], web.person[rows].astype(np.int64), web.cookie[rows]
    millis = draws.below("web/ms", key, 1000)
    moment, arrived = stamps(web.at[rows], TIME, millis=millis), stamps(web.received_at[rows], TIME, millis=millis)
    url, search, referrer = (
        part.str.replace(SITE, f"https://{HOST}", literal=True) for part in address(world, rows, who, kind)
    )
    event, name, action = _EVENTS[kind]
    cells: dict[str, pl.Series | str] = {
        "etl_tstamp": arrived,
        "collector_tstamp": arrived,
        "dvce_created_tstamp": moment,
        "dvce_sent_tstamp": moment,
        "derived_tstamp": moment,
        "event": event,
        "event_name": name,
        "event_id": uuids(draws.bits("snowplow/id1", key), draws.bits("snowplow/id2", key)),
        "event_fingerprint": hex16(draws.bits("snowplow/print", key)),
        "user_id": when(web.logged_in[rows], user_ids(world, who)),
        "domain_userid": domain_ids(world, cookie),
        "network_userid": uuids(draws.bits("snowplow/net1", cookie), draws.bits("snowplow/net2", cookie)),
        "domain_sessionid": uuids(draws.bits("snowplow/s1", key // 32), draws.bits("snowplow/s2", key // 32)),
        "geo_country": lookup([c.code for c in COUNTRIES], world.persons.country[who]),
        "page_url": url,
        "page_urlpath": "/",
        "page_urlquery": search.str.strip_prefix("?"),
        "page_referrer": referrer,
        "useragent": lookup(AGENTS, draws.below("cookie/agent", cookie, len(AGENTS))),
        "contexts": _page_view_id(world, key, _entities(world, rows, kind)),
        **_details(world, rows, kind, name, action),
    }
    if kind == "landing":
        cells |= _campaign(world, who, key)
    return _tsv(len(rows), cells)


def _campaign(world: World, who: I64, key: I64) -> dict[str, pl.Series | str]:
    campaign = world.campaign[who]
    source = lookup([c.source for c in CAMPAIGNS], campaign)
    clicked = (source == "google").fill_null(False).to_numpy()
    return {
        "mkt_source": source,
        "mkt_medium": lookup([c.medium for c in CAMPAIGNS], campaign),
        "mkt_campaign": lookup([c.name for c in CAMPAIGNS], campaign),
        "mkt_content": lookup([c.content for c in CAMPAIGNS], campaign),
        "mkt_clickid": when(clicked, hex16(world.draws.bits("web/click", key))),
        "mkt_network": when(clicked, lookup(["Google"], np.zeros(len(who)))),
    }


def _product(world: World, rows: I64) -> I64:
    return world.draws.choice("web/product", world.web.key[rows] // 32, [p.weight for p in PRODUCTS])


def _details(world: World, rows: I64, kind: str, name: str, action: str) -> dict[str, pl.Series | str]:
    """Cells that only this kind of event has."""
    if kind == "completed":
        order = np.maximum(world.web.order[rows].astype(np.int64), 0)
        return {"tr_orderid": order_name(order), "tr_total": money(world.shop.total[order]), "tr_currency": "USD"}
    if name == "event":
        return {"se_category": "shop", "se_action": action}
    if kind in ("landing", "home"):
        return {}
    sku = lookup([p.sku for p in PRODUCTS], _product(world, rows))
    title = lookup([p.title for p in PRODUCTS], _product(world, rows))
    body: dict[str, pl.Series | pl.Expr] = {"type": pl.lit(action)}
    if name == "site_search":
        body = {"terms": title.str.to_lowercase()}
    elif name == "add_to_cart":
        body = {"sku": sku, "quantity": pl.lit(1), "currency": pl.lit("USD")}
    elif name == "social_interaction":
        body = {"action": pl.lit("share"), "network": pl.lit("whatsapp"), "target": sku}
    vendor = f"{VENDOR}.ecommerce" if action else VENDOR
    inner = struct_of(len(rows), schema=pl.lit(_SCHEMA.format(vendor, name)), data=struct_of(len(rows), **body))
    outer = pl.lit(_SCHEMA.format(VENDOR, "unstruct_event"))
    return {"unstruct_event": json_of(len(rows), schema=outer, data=inner)}


def _entities(world: World, rows: I64, kind: str) -> list[pl.Series]:
    """Self-describing entities of the e-commerce plug-in beside the page view."""
    if kind == "product_viewed":
        data = struct_of(len(rows), id=lookup([p.sku for p in PRODUCTS], _product(world, rows)), currency=pl.lit("USD"))
        return [struct_of(len(rows), schema=pl.lit(_SCHEMA.format(f"{VENDOR}.ecommerce", "product")), data=data)]
    if kind == "refunded":
        order = np.maximum(world.web.order[rows].astype(np.int64), 0)
        cents = pl.Series(world.shop.refund_cents[order] / 100)
        data = struct_of(len(rows), transaction_id=order_name(order), revenue=cents, currency=pl.lit("USD"))
        return [struct_of(len(rows), schema=pl.lit(_SCHEMA.format(f"{VENDOR}.ecommerce", "transaction")), data=data)]
    return []


def _page_view_id(world: World, key: I64, entities: list[pl.Series]) -> pl.Series:
    draws, view = world.draws, key // 32
    page = struct_of(len(key), id=uuids(draws.bits("snowplow/page1", view), draws.bits("snowplow/page2", view)))
    own = json_of(len(key), schema=pl.lit(_SCHEMA.format(VENDOR, "web_page")), data=page)
    texts = [own, *(entity.struct.json_encode() for entity in entities)]
    listed = texts[0] if len(texts) == 1 else joined(texts[0], ",", texts[1])
    return joined('{"schema":"' + _SCHEMA.format(VENDOR, "contexts") + '","data":[', listed, "]}")


def _crawled(world: World, night: int, count: int) -> pl.Series:
    """Page views of crawlers in one night."""
    key, draws = night * 100_000 + np.arange(count, dtype=np.int64), world.draws
    low, high = world.window(night)
    start = max(low, high - 86_400)
    at = start + draws.below("snowplow/bot", key, high - start)
    moment = stamps(at, TIME, millis=draws.below("web/ms", key, 1000))
    cells: dict[str, pl.Series | str] = {
        "etl_tstamp": moment, "collector_tstamp": moment, "derived_tstamp": moment, "event": "page_view",
        "event_name": "page_view", "br_type": "Robot", "useragent": CRAWLER, "page_url": f"https://{HOST}/",
        "page_urlpath": "/",
        "event_id": uuids(draws.bits("snowplow/bot1", key), draws.bits("snowplow/bot2", key)),
    }  # fmt: skip
    return _tsv(count, cells)


def _tsv(count: int, cells: dict[str, pl.Series | str]) -> pl.Series:
    """All 131 columns in their order; what is not known is blank."""
    constants = {"app_id": "studio", "platform": "web", "event_vendor": VENDOR, "page_urlhost": HOST}
    constants |= {name: cell for name, cell in cells.items() if isinstance(cell, str)}
    columns = {name: cell for name, cell in cells.items() if not isinstance(cell, str)}
    frame = pl.DataFrame({"_": np.zeros(count, dtype=np.int8)} | columns)
    parts = [
        pl.col(name).fill_null("") if name in frame.columns else pl.lit(constants.get(name, ""))
        for name in SNOWPLOW_COLUMNS
    ]
    return frame.select(pl.concat_str(parts, separator="\t").alias("")).to_series()


def _link(world: World, edges: Edges) -> None:
    people = np.arange(len(world.persons), dtype=np.int64)
    web_share.link(world, edges, "snowplow", WITHOUT, logs_in_by_mail(world, people))


PLUG = Plug(
    platform="snowplow",
    exports=(ExportObject("snowplow", "event", "lines", "tsv.gz", events),),
    records=web_share.record_kinds("snowplow", WITHOUT, domain_ids, user_ids),
    link=_link,
)
