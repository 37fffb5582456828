"""Shopify: orders export (79 columns), customers export, fulfilment events.

Formats: genuine admin exports described in the platform reference. Order-level cells stand on the first line of an
order only; phones, zips and ids are escaped with an apostrophe; times carry the shop's offset; refunds are cumulative.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.companies import company_of, written_names
from simulator.contacts import PLACEHOLDER_MAILS
from simulator.platforms.headers import CUSTOMER_COLUMNS, ORDER_COLUMNS
from simulator.records import Spelling
from simulator.sales import CODES, FIRST_ORDER_NUMBER, PRICES, SHOP_ZONE, till_account
from simulator.text import choose_text, digits, joined, lookup, money, stamps, uuids, when
from simulator.touches import K
from simulator.vocabulary import PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
SHOP_TIME = "%Y-%m-%d %H:%M:%S %z"
FIRST_SHOP_ORDER = 5_012_345_000_000
FIRST_FULFILMENT_EVENT = 12_584_341_209_251

ORDER_SPELLING = Spelling(nickname=0.10, typo=0.012)
_EVERY_LINE = {"Name", "Email", "Created at", "Vendor", "Phone"}


def order_name(order: I64) -> pl.Series:
    """`#1001` …"""
    return joined("#", pl.Series(order + FIRST_ORDER_NUMBER).cast(pl.String))


def orders_changed(world: World, night: int) -> I64:
    """Orders that were placed, shipped, refunded or cancelled in the night's window."""
    low, high = world.window(night)
    shop = world.shop
    changed = (shop.at >= low) & (shop.at < high)
    for times in (shop.shipped_at, shop.refunded_at, shop.cancelled_at):
        changed |= (times >= low) & (times < high)
    return np.flatnonzero(changed & (shop.at < high))


def order_emails(world: World, order: I64) -> pl.Series:
    """E-mail on each order: the buyer's, with errors of guests; a placeholder; a relay; or none."""
    shop, persons, draws = world.shop, world.persons, world.draws
    who, contact = shop.person[order], shop.contact[order]
    mail = records.email_at(persons, who, shop.at[order])
    guest_key = np.where(world.account_at[who] < 0, order, order + (1 << 40))
    mail = choose_text(world.account_at[who] < 0, records.typed(draws, "order/mail", guest_key, mail, 0.012), mail)
    frame = pl.DataFrame(
        {
            "k": contact,
            "mail": mail,
            "relay": records.relay_address(draws, who),
            "odd": lookup(PLACEHOLDER_MAILS, draws.below("order/odd", order, len(PLACEHOLDER_MAILS))),
        }
    )
    k = pl.col("k")
    return frame.select(pl.when(k == 0).then("mail").when(k == 3).then("odd").when(k == 4).then("relay")).to_series()


def orders_export(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """Frames of the orders export of a night, whole orders together."""
    todo = orders_changed(world, night)
    for start in range(0, len(todo), chunk):
        yield _orders_frame(world, todo[start : start + chunk], world.window(night)[1])


def _orders_frame(world: World, order: I64, now: int) -> pl.DataFrame:
    shop = world.shop
    first, last = shop.lines.start[order], shop.lines.start[order + 1]
    sizes = last - first
    of = np.repeat(np.arange(len(order)), sizes)
    begin = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int64)
    line = np.arange(len(of)) - begin[of] + first[of]
    is_first = line == first[of]
    head = _order_cells(world, order, now)
    spread = pl.Series(of).cast(pl.UInt32)
    columns: dict[str, pl.Series] = {}
    for name, cells in head.items():
        columns[name] = cells.gather(spread) if name in _EVERY_LINE else when(is_first, cells.gather(spread))
    columns |= _line_cells(world, order, of, line, now)
    rows = len(of)
    return pl.DataFrame(
        {
            name: columns[name] if name in columns else pl.Series(name, [None], dtype=pl.String).new_from_index(0, rows)
            for name in ORDER_COLUMNS
        }
    )


def _line_cells(world: World, order: I64, of: I64, line: I64, now: int) -> dict[str, pl.Series]:
    product = world.shop.lines.product[line]
    shipped = (world.shop.shipped_at[order] >= 0) & (world.shop.shipped_at[order] < now)
    return {
        "Lineitem quantity": pl.Series(world.shop.lines.quantity[line]).cast(pl.String),
        "Lineitem name": lookup([p.title for p in PRODUCTS], product),
        "Lineitem price": money(PRICES[product]),
        "Lineitem sku": lookup([p.sku for p in PRODUCTS], product),
        "Lineitem requires shipping": pl.Series(["true"]).new_from_index(0, len(line)),
        "Lineitem taxable": pl.Series(["true"]).new_from_index(0, len(line)),
        "Lineitem fulfillment status": choose_text(shipped[of], "fulfilled", "pending"),
        "Lineitem discount": pl.Series(["0.00"]).new_from_index(0, len(line)),
        "Vendor": pl.Series(["Journeyline Home"]).new_from_index(0, len(line)),
    }


def _order_cells(world: World, order: I64, now: int) -> dict[str, pl.Series]:
    shop, persons, draws = world.shop, world.persons, world.draws
    who, at = shop.person[order], shop.at[order]
    rows = len(order)

    def done(times: I64) -> Bool:
        return (times[order] >= 0) & (times[order] < now)

    def constant(value: str) -> pl.Series:
        return pl.Series("", [value]).new_from_index(0, rows)

    shipped, refunded, cancelled = done(shop.shipped_at), done(shop.refunded_at), done(shop.cancelled_at)
    refund = np.where(refunded, shop.refund_cents[order], 0)
    whole = refunded & (refund >= shop.total[order])
    draft = shop.contact[order] == 2
    first, last = records.names(draws, persons, who, at, order, "order/name", ORDER_SPELLING)
    name = joined(first, " ", last)
    home = records.addresses(draws, persons, who, at)
    phone_known = (shop.contact[order] == 1) | draws.chance("order/phone", order, 0.45)
    phone = joined("'", records.spelled_phone(draws, persons, who, at, order, "order/phone"))
    gift = shop.is_gift[order]
    friend = np.where(gift, shop.recipient[order], who)
    to_first, to_last = records.names(draws, persons, friend, at, order, "order/recipient", Spelling(mixed_case=False))
    there = records.addresses(draws, persons, friend, at)
    tight = draws.chance("order/tight_zip", order, 0.25)
    there_zip = choose_text(tight, there.zip.str.replace_all(" ", ""), there.zip)
    paid = when(~draft | shipped, stamps(at, SHOP_TIME, SHOP_ZONE))
    status = np.where(whole, 2, np.where(refunded, 1, 0))
    contactless = ~draft
    cookie = _cookie_notes(world, order)
    return {
        "Name": order_name(order),
        "Email": order_emails(world, order),
        "Financial Status": lookup(("paid", "partially_refunded", "refunded"), status),
        "Paid at": paid,
        "Fulfillment Status": choose_text(shipped, "fulfilled", "unfulfilled"),
        "Fulfilled at": when(shipped, stamps(shop.shipped_at[order], SHOP_TIME, SHOP_ZONE)),
        "Accepts Marketing": choose_text(accepts_mail(world, who, now), "yes", "no"),
        "Currency": constant("USD"),
        "Subtotal": money(shop.subtotal[order] - shop.discount[order]),
        "Shipping": money(shop.shipping[order]),
        "Taxes": money(shop.tax[order]),
        "Total": money(shop.total[order]),
        "Discount Code": lookup(CODES, shop.code[order]),
        "Discount Amount": money(shop.discount[order]),
        "Shipping Method": constant("Standard"),
        "Created at": stamps(at, SHOP_TIME, SHOP_ZONE),
        "Billing Name": when(contactless, name),
        "Billing Street": when(contactless, _street(home)),
        "Billing Company": when(contactless, written_names(draws, company_of(draws, who, len(persons)), order)),
        "Billing Address1": when(contactless, home.line1),
        "Billing Address2": when(contactless, home.line2),
        "Billing City": when(contactless, home.city),
        "Billing Zip": when(contactless, joined("'", home.zip)),
        "Billing Province": when(contactless, home.province_code),
        "Billing Country": when(contactless, home.country_code),
        "Billing Phone": when(contactless & phone_known, phone),
        "Shipping Name": when(contactless, choose_text(gift, joined(to_first, " ", to_last), name)),
        "Shipping Street": when(contactless, _street(there)),
        "Shipping Address1": when(contactless, there.line1),
        "Shipping Address2": when(contactless, there.line2),
        "Shipping City": when(contactless, there.city),
        "Shipping Zip": when(contactless, joined("'", there_zip)),
        "Shipping Province": when(contactless, there.province_code),
        "Shipping Country": when(contactless, there.country_code),
        "Shipping Phone": when(contactless & phone_known & ~gift, phone),
        "Notes": choose_text(gift, "Gift: please leave the invoice out", None),
        "Note Attributes": cookie,
        "Cancelled at": when(cancelled, stamps(shop.cancelled_at[order], SHOP_TIME, SHOP_ZONE)),
        "Payment Method": constant("Shopify Payments"),
        "Payment Reference": joined("c", digits(order + 10_000_000_000, 14), ".1"),
        "Refunded Amount": money(refund),
        "Outstanding Balance": constant("0.00"),
        "Id": joined("'", pl.Series(FIRST_SHOP_ORDER + order * 32_768).cast(pl.String)),
        "Tags": choose_text(gift, "gift", None),
        "Risk Level": constant("Low"),
        "Source": choose_text(draft, "shopify_draft_order", "web"),
        "Tax 1 Name": constant("Sales tax 8%"),
        "Tax 1 Value": money(shop.tax[order]),
        "Phone": when(shop.contact[order] == 1, phone),
        "Billing Province Name": when(contactless, home.province),
        "Shipping Province Name": when(contactless, there.province),
        "Payment ID": joined("r", digits(order + 70_000_000_000, 14)),
        "Payment References": joined("c", digits(order + 10_000_000_000, 14), ".1"),
    }


def _street(address: records.Addresses) -> pl.Series:
    frame = pl.DataFrame({"a": address.line1, "b": address.line2})
    return frame.select(pl.concat_str("a", pl.lit(", "), "b").fill_null(pl.col("a"))).to_series()


def cookie_ids(world: World, cookie: I64) -> pl.Series:
    """Segment anonymous id of a cookie number."""
    return uuids(world.draws.bits("cookie/high", cookie), world.draws.bits("cookie/low", cookie))


def order_cookies(world: World) -> I64:
    """Cookie number in each order's note attributes, -1 = none."""
    web, shop = world.web, world.shop
    result = np.full(len(shop), -1, dtype=np.int64)
    seen = (web.kind == K["completed"]) & (web.order >= 0)
    result[web.order[seen]] = web.cookie[seen]
    return np.where(shop.has_cookie_note, result, -1)


def _cookie_notes(world: World, order: I64) -> pl.Series:
    cookies = order_cookies(world)[order]
    return when(cookies >= 0, joined("segment_anonymous_id: ", cookie_ids(world, np.maximum(cookies, 0))))


def accepts_mail(world: World, who: I64, now: int) -> Bool:
    """Who takes marketing e-mail."""
    return world.draws.chance("person/opt_in", who, 0.55)


def customers_export(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """The full customers export as of the end of a night."""
    now = world.window(night)[1]
    holders = np.flatnonzero((world.account_at >= 0) & (world.account_at < now))
    holders = holders[np.argsort(world.account_id[holders], kind="stable")]
    shop = world.shop
    mine = (shop.at < now) & (shop.contact != 2)
    spent = np.bincount(shop.person[mine], weights=shop.total[mine], minlength=len(world.persons)).astype(np.int64)
    orders = np.bincount(shop.person[mine], minlength=len(world.persons))
    till = till_account(world.persons, np.arange(len(world.persons)))
    for start in range(0, len(holders), chunk):
        who = holders[start : start + chunk]
        yield _customers_frame(world, who, now, spent[who], orders[who], till[who])


def till_is_noted(world: World, who: I64) -> Bool:
    """Whose till account is noted in the tags of the shop account: three in four of those who have both."""
    return world.draws.chance("account/till_noted", who, 0.75)


def _customers_frame(world: World, who: I64, now: int, spent: I64, orders: I64, till: I64) -> pl.DataFrame:
    persons, draws = world.persons, world.draws
    rows = len(who)
    moment = np.full(rows, now - 1, dtype=np.int64)
    first, last = records.names(draws, persons, who, moment, who, "account/name", Spelling(nickname=0.08, typo=0.006))
    home = records.addresses(draws, persons, who, moment)
    bought = orders > 0
    phone_known = draws.chance("account/phone", who, 0.5)
    phone = joined("'", records.phone_at(persons, who, now - 1))
    spelled = joined("'", records.spelled_phone(draws, persons, who, now - 1, who, "account/phone"))
    noted = (till >= 0) & till_is_noted(world, who)
    regular = choose_text(orders > 1, "regular", None)
    frame = pl.DataFrame({"t": choose_text(noted, joined("pos:", pl.Series(till).cast(pl.String)), None), "r": regular})
    tags = frame.select(pl.concat_str("t", "r", separator=", ", ignore_nulls=True).replace("", None)).to_series()
    no = pl.Series("", ["no"]).new_from_index(0, rows)
    none = pl.Series("", [None], dtype=pl.String).new_from_index(0, rows)
    cells = (
        joined("'", pl.Series(world.account_id[who]).cast(pl.String)),
        first,
        last,
        records.email_at(persons, who, now - 1),
        choose_text(accepts_mail(world, who, now), "yes", "no"),
        none,
        when(bought, home.line1),
        when(bought, home.line2),
        when(bought, home.city),
        when(bought, home.province_code),
        when(bought, home.country_code),
        when(bought, joined("'", home.zip)),
        when(bought & phone_known, spelled),
        when(phone_known, phone),
        no,
        money(spent),
        pl.Series(orders).cast(pl.String),
        none,
        no,
        tags,
    )
    return pl.DataFrame(dict(zip(CUSTOMER_COLUMNS, cells, strict=True)))


_STATUSES = ("label_printed", "in_transit", "delayed", "out_for_delivery", "delivered")


def fulfillment_events(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON lines of the fulfilment events that happened in the night's window."""
    low, high = world.window(night)
    shop = world.shop
    sent = np.flatnonzero(shop.shipped_at >= 0)
    shipped, delivered = shop.shipped_at[sent], shop.delivered_at[sent]
    times = np.stack(
        (
            shipped - 1800,
            shipped + 6 * 3600,
            np.where(shop.is_delayed[sent], shipped + 4 * 86_400, -1),
            delivered - 4 * 3600,
            delivered,
        )
    )
    status, row = np.nonzero((times >= low) & (times < high))
    at = times[status, row]
    order = sent[row]
    by_time = np.lexsort((status, order, at))
    status, at, order = status[by_time], at[by_time], order[by_time]
    for start in range(0, len(at), chunk):
        part = slice(start, start + chunk)
        yield _event_lines(world, order[part], status[part], at[part])


def _event_lines(world: World, order: I64, status: I64, at: I64) -> pl.Series:
    event = FIRST_FULFILMENT_EVENT + order * 8 + status
    home = records.addresses(world.draws, world.persons, world.shop.recipient[order], at)
    moment = stamps(at, "%Y-%m-%dT%H:%M:%S%:z", SHOP_ZONE)
    delivered = status == _STATUSES.index("delivered")
    estimate = when(~delivered, stamps(world.shop.shipped_at[order] + 4 * 86_400, "%Y-%m-%dT%H:%M:%S%:z", SHOP_ZONE))
    frame = pl.DataFrame(
        {
            "id": event,
            "fulfillment_id": 2_608_403_447_971 + order * 16,
            "order_id": FIRST_SHOP_ORDER + order * 32_768,
            "status": lookup(_STATUSES, status),
            "message": choose_text(status == 2, "The parcel is delayed", None),
            "happened_at": moment,
            "city": when(delivered, home.city),
            "province": when(delivered, home.province_code),
            "country": when(delivered, home.country_code),
            "zip": when(delivered, home.zip),
        }
    )
    frame = frame.with_columns(
        pl.lit(None, dtype=pl.String).alias("address1"),
        pl.lit(None, dtype=pl.Float64).alias("latitude"),
        pl.lit(None, dtype=pl.Float64).alias("longitude"),
        pl.lit(49_144_037_539).alias("shop_id"),
        moment.alias("created_at"),
        moment.alias("updated_at"),
        estimate.alias("estimated_delivery_at"),
        pl.concat_str(pl.lit("gid://shopify/FulfillmentEvent/"), pl.col("id").cast(pl.String)).alias(
            "admin_graphql_api_id"
        ),
    )
    return frame.select(pl.struct(pl.all()).struct.json_encode()).to_series()
