"""Google Analytics 4: the BigQuery export as JSON lines. Integers are text, nulls are written.

Every night brings the last four event dates whole, as far as their events have arrived; the first night all history in
one extract. Some events are restated: the day's first table knows less of them than the next night's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import CAMPAIGNS
from simulator.journey import DAY
from simulator.platforms import web_share
from simulator.platforms.segment import SITE, address
from simulator.platforms.shopify import order_name
from simulator.plug import Edges, ExportObject, Plug, WrittenFile
from simulator.sales import PRICES
from simulator.text import digits, hex16, joined, lookup, stamps
from simulator.touches import EVENT_KINDS, K
from simulator.vocabulary import COUNTRIES, PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
HOST = "journal.journeyline.example"
STREAM = "3206015529"
DATES_RESTATED = 4
WITHOUT = ("identify_mail", "test_seen", "coupon", "promotion")  # personal data is forbidden in GA4
NAMES = {
    "landing": "page_view", "home": "page_view", "list_viewed": "view_item_list", "product_viewed": "view_item",
    "searched": "view_search_results", "newsletter": "newsletter_subscribed", "identify_login": "login",
    "product_added": "add_to_cart", "wishlist": "add_to_wishlist", "checkout": "begin_checkout",
    "completed": "purchase", "refunded": "refund", "reviewed": "product_reviewed", "shared": "share",
}  # fmt: skip
_WITH_ITEM = ("product_viewed", "product_added", "wishlist", "checkout")
_DEVICES = (("mobile", "iOS", "Safari"), ("desktop", "Windows", "Chrome"), ("mobile", "Android", "Chrome"))
_VALUE = pl.Struct(
    {"string_value": pl.String, "int_value": pl.String, "float_value": pl.Float64, "double_value": pl.Float64}
)


def client_ids(world: World, cookie: I64) -> pl.Series:
    """`<random>.<first seen>` of a cookie, as the cookie _ga carries it after its prefix."""
    draws = world.draws
    left = digits(1_000_000_000 + draws.below("ga4/client", cookie, 1_000_000_000), 10)
    return joined(left, ".", digits(1_700_000_000 + draws.below("ga4/client_since", cookie, 60_000_000), 10))


def user_ids(world: World, who: I64) -> pl.Series:
    """The shop's customer number."""
    return pl.Series(world.account_id[who]).cast(pl.String)


def events(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The daily tables of one night."""
    high = world.window(night)[1]
    web, today = world.web, world.first_day + night
    known = web_share.is_shared(world, "ga4", WITHOUT) & (web.received_at < high)
    first_page = _first_pages(world)
    days = [None] if night == 0 else range(today - DATES_RESTATED + 1, today + 1)
    for day in days:
        rows = np.flatnonzero(known if day is None else known & (web.at // DAY == day))
        groups = _groups(world, rows, first_page)
        label = "history" if day is None else (date(1970, 1, 1) + timedelta(days=int(day))).strftime("%Y%m%d")
        yield WrittenFile(
            f"events_{label}_000000000000.json.gz",
            _parts(world, groups, night, chunk),
            sum(len(rows) for _, _, rows in groups),
        )


def _first_pages(world: World) -> I64:
    """Per cookie the first page that GA4 sees: there the visitor is new."""
    web = world.web
    pages = np.flatnonzero(web_share.is_shared(world, "ga4", WITHOUT) & np.isin(web.kind, (K["landing"], K["home"])))
    by_time = pages[np.lexsort((web.key[pages], web.at[pages], web.cookie[pages]))]
    begins = np.ones(len(by_time), dtype=bool)
    begins[1:] = web.cookie[by_time[1:]] != web.cookie[by_time[:-1]]
    return np.sort(by_time[begins])


def _groups(world: World, rows: I64, first_page: I64) -> list[tuple[str, str, I64]]:
    """(event name, kind of visit it is made of, rows): GA4 sends session_start and first_visit beside the page."""
    kinds = world.web.kind[rows]
    found = [(NAMES[EVENT_KINDS[k]], EVENT_KINDS[k], rows[kinds == k]) for k in np.unique(kinds).tolist()]
    new = rows[np.isin(rows, first_page)]
    for kind in ("landing", "home"):
        mine = new[world.web.kind[new] == K[kind]]
        found += [("first_visit", kind, mine), ("session_start", kind, mine)] if len(mine) else []
    return found


def _parts(world: World, groups: list[tuple[str, str, I64]], night: int, chunk: int) -> Iterator[bytes]:
    for name, kind, rows in groups:
        for start in range(0, len(rows), chunk):
            lines = _render(world, name, kind, rows[start : start + chunk], night)
            yield ("\n".join(lines.to_list()) + "\n").encode()


def _render(world: World, name: str, kind: str, rows: I64, night: int) -> pl.Series:
    web, draws = world.web, world.draws
    key, who, at, cookie = web.key[rows], web.person[rows].astype(np.int64), web.at[rows], web.cookie[rows]
    micros = (at * 1000 + draws.below("web/ms", key, 1000)) * 1000
    device = draws.below("cookie/agent", cookie, len(_DEVICES))
    url, _, referrer = (
        part.str.replace(SITE, f"https://{HOST}", literal=True) for part in address(world, rows, who, kind)
    )
    frame = pl.DataFrame(
        {
            "date": stamps(at, "%Y%m%d"),
            "micros": pl.Series(micros).cast(pl.String),
            "user": user_ids(world, who),
            "signed": web.logged_in[rows],
            "client": client_ids(world, cookie),
            "category": lookup([d[0] for d in _DEVICES], device),
            "system": lookup([d[1] for d in _DEVICES], device),
            "browser": lookup([d[2] for d in _DEVICES], device),
            "country": lookup([c.code for c in COUNTRIES], world.persons.country[who]),
            "session": pl.Series(at // 1800 * 1800).cast(pl.String),
            "url": url,
            "referrer": referrer,
            "gclid": hex16(draws.bits("web/click", key)),
            "engaged": pl.Series(_engagement(world, rows, night)).cast(pl.String),
            **_shop(world, rows, kind),
            **_campaign(world, who),
        }
    )
    return frame.select(_event(name, kind).struct.json_encode()).to_series()


def _engagement(world: World, rows: I64, night: int) -> I64:
    """Milliseconds of attention. One event in fifty is counted too low on the day itself, and restated afterwards."""
    key, draws = world.web.key[rows], world.draws
    early = (world.web.at[rows] // DAY == world.first_day + night) & draws.chance("ga4/restated", key, 0.02)
    return np.where(early, 1, 500 + draws.below("ga4/engaged", key, 90_000))


def _shop(world: World, rows: I64, kind: str) -> dict[str, pl.Series]:
    web = world.web
    product = world.draws.choice("web/product", web.key[rows] // 32, [p.weight for p in PRODUCTS])
    order = np.maximum(web.order[rows].astype(np.int64), 0)
    total = np.zeros(len(rows), dtype=np.int64)
    if kind in ("completed", "refunded"):
        total = world.shop.total[order] if kind == "completed" else world.shop.refund_cents[order]
    return {
        "sku": lookup([p.sku for p in PRODUCTS], product),
        "title": lookup([p.title for p in PRODUCTS], product),
        "price": pl.Series(PRICES[product] / 100),
        "order": order_name(order) if len(world.shop) else lookup([None], np.zeros(len(rows), dtype=np.int64)),
        "total": pl.Series(total / 100),
    }


def _campaign(world: World, who: I64) -> dict[str, pl.Series]:
    campaign = world.campaign[who]
    return {
        "source": lookup([c.source for c in CAMPAIGNS], campaign),
        "medium": lookup([c.medium for c in CAMPAIGNS], campaign),
        "campaign": lookup([c.name for c in CAMPAIGNS], campaign),
    }


def _param(
    key: str, *, text: pl.Expr | None = None, whole: pl.Expr | None = None, real: pl.Expr | None = None
) -> pl.Expr:
    given = {"string_value": text, "int_value": whole, "float_value": None, "double_value": real}
    fields = [(pl.lit(None) if e is None else e).alias(name) for name, e in given.items()]
    value = pl.struct(fields).cast(_VALUE)
    return pl.struct(key=pl.lit(key), value=value)


def _event(name: str, kind: str) -> pl.Expr:
    """One event as a struct, in the column order of the export."""
    is_landing, none = kind == "landing", pl.lit(None, dtype=pl.String)
    params = [
        _param("ga_session_id", whole=pl.col("session")),
        _param("engagement_time_msec", whole=pl.col("engaged")),
        _param("session_engaged", text=pl.lit("1")),
        _param("page_location", text=pl.col("url")),
        _param("page_referrer", text=pl.col("referrer")),
        _param("page_title", text=pl.lit("Journal")),
    ]
    if kind == "searched":
        params.append(_param("search_term", text=pl.col("title").str.to_lowercase()))
    if kind in ("completed", "refunded"):
        params.append(_param("transaction_id", text=pl.col("order")))
        params += [_param("value", real=pl.col("total")), _param("currency", text=pl.lit("USD"))]
    if kind == "identify_login":
        params.append(_param("method", text=pl.lit("password")))
    item = pl.struct(item_id=pl.col("sku"), item_name=pl.col("title"), price=pl.col("price"), quantity=pl.lit("1"))
    collected = pl.struct(
        manual_source=pl.col("source"), manual_medium=pl.col("medium"), manual_campaign_name=pl.col("campaign"),
        gclid=pl.when(pl.col("source").is_null() | (pl.col("source") == "google")).then(pl.col("gclid")),
    )  # fmt: skip
    bought = pl.struct(transaction_id=pl.col("order"), purchase_revenue=pl.col("total"))
    given_back = pl.struct(transaction_id=pl.col("order"), refund_value=pl.col("total"))
    return pl.struct(
        event_date=pl.col("date"),
        event_timestamp=pl.col("micros"),
        event_name=pl.lit(name),
        event_params=pl.concat_list(params),
        event_bundle_sequence_id=pl.col("micros").str.tail(8),
        user_id=pl.when("signed").then("user"),
        user_pseudo_id=pl.col("client"),
        privacy_info=pl.struct(analytics_storage=pl.lit("Yes"), ads_storage=pl.lit("Yes")),
        user_properties=pl.lit([], dtype=pl.List(pl.String)),
        device=pl.struct(
            category=pl.col("category"), operating_system=pl.col("system"), language=pl.lit("en-us"),
            is_limited_ad_tracking=pl.lit("No"), advertising_id=none,
            web_info=pl.struct(browser=pl.col("browser"), hostname=pl.lit(HOST)),
        ),
        geo=pl.struct(country=pl.col("country"), metro=pl.lit("(not set)")),
        traffic_source=pl.struct(name=pl.lit("(direct)"), medium=pl.lit("(none)"), source=pl.lit("(direct)")),
        collected_traffic_source=collected if is_landing else none,
        stream_id=pl.lit(STREAM),
        platform=pl.lit("WEB"),
        ecommerce=bought if kind == "completed" else given_back if kind == "refunded" else none,
        items=pl.concat_list(item) if kind in _WITH_ITEM else pl.lit([], dtype=pl.List(pl.String)),
    )  # fmt: skip


def _link(world: World, edges: Edges) -> None:
    web_share.link(world, edges, "ga4", WITHOUT, np.zeros(len(world.persons), dtype=bool))


PLUG = Plug(
    platform="ga4",
    exports=(ExportObject("ga4", "event", "files", "json.gz", events),),
    records=web_share.record_kinds("ga4", WITHOUT, client_ids, user_ids),
    link=_link,
)
