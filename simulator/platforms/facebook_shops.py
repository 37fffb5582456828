"""Facebook and Instagram Shops: part of the web shop's orders were placed there, and both sides export them.

An order carries the web shop's number (merchant_order_id), a relay address that is stable per buyer, and the address of
the recipient. It is sent again whenever something happened to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.linkage import end_of
from simulator.platforms.shopify import order_name
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records
from simulator.sales import PRICES
from simulator.text import choose_text, hex16, joined, money, stamps
from simulator.vocabulary import PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
TIME = "%Y-%m-%dT%H:%M:%S+00:00"
DAY_ONLY = "%Y-%m-%d"
FIRST_ORDER = 368_508_827_000_000
SHARE = 0.12


def is_shops_order(world: World, order: I64) -> Bool:
    """Orders of the web shop that were placed on Facebook or Instagram; drafts never are."""
    return world.draws.chance("shops/is", order, SHARE) & (world.shop.contact[order] != 2)


def shops_orders(world: World) -> I64:
    """All of them."""
    order = np.arange(len(world.shop), dtype=np.int64)
    return order[is_shops_order(world, order)]


def order_ids(world: World, order: I64) -> pl.Series:
    """Id on Facebook: digits, of two lengths."""
    number = FIRST_ORDER + order * 977
    return pl.Series(np.where(order % 7 == 0, number * 10, number)).cast(pl.String)


def relay_ids(world: World, who: I64) -> pl.Series:
    """The address under which the platform lets a shop write to a buyer."""
    return joined(hex16(world.draws.bits("shops/relay", who)).str.slice(0, 11), "@marketplace.facebook.com")


def _changed(world: World, night: int) -> I64:
    """Orders to which something happened in the night's window."""
    low, high = world.window(night)
    shop, order = world.shop, shops_orders(world)
    touched = np.zeros(len(order), dtype=bool)
    for times in (shop.at, shop.shipped_at, shop.cancelled_at, shop.refunded_at):
        touched |= (times[order] >= low) & (times[order] < high)
    return order[touched & (shop.at[order] < high)]


def orders(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON records of the orders that changed, as they stand at the end of the night."""
    todo = _changed(world, night)
    for start in range(0, len(todo), chunk):
        yield _records(world, todo[start : start + chunk], world.window(night)[1])


def _records(world: World, order: I64, now: int) -> pl.Series:
    shop, persons, draws = world.shop, world.persons, world.draws
    who, at, gift = shop.person[order], shop.at[order], shop.is_gift[order]
    receiver = np.where(gift, shop.recipient[order], who)
    spelling = records.Spelling(mixed_case=False)
    buyer = joined(*_spaced(records.names(draws, persons, who, at, order, "shops/name", spelling)))
    other = joined(*_spaced(records.names(draws, persons, receiver, at, order, "shops/recipient", spelling)))
    home = records.addresses(draws, persons, receiver, at)

    def when_done(times: I64) -> I64:
        return np.where((times[order] >= 0) & (times[order] < now), times[order], -1)

    shipped, cancelled, refunded = map(when_done, (shop.shipped_at, shop.cancelled_at, shop.refunded_at))
    last = np.max([at + 300, shipped, cancelled, refunded], axis=0)
    name = order_name(order)
    bare = draws.chance("shops/bare_number", order, 0.3)
    columns = zip(
        order.tolist(),
        order_ids(world, order).to_list(),
        stamps(at, TIME).to_list(),
        stamps(last, TIME).to_list(),
        choose_text(bare, name.str.strip_prefix("#"), name).to_list(),
        choose_text(draws.chance("shops/instagram", order, 0.6), "instagram", "facebook").to_list(),
        buyer.to_list(),
        relay_ids(world, who).to_list(),
        draws.chance("shops/agrees", who, 0.3).tolist(),
        choose_text(gift, other, buyer).to_list(),
        zip(home.line1, home.line2, home.city, home.province_code, home.zip, home.country_code, strict=True),
        zip(
            money(shop.subtotal[order] - shop.discount[order]), money(shop.shipping[order]), money(shop.tax[order]),
            money(shop.total[order]), money(shop.refund_cents[order]), strict=True,
        ),
        shipped.tolist(),
        cancelled.tolist(),
        refunded.tolist(),
        stamps(refunded, TIME).to_list(),
        stamps(at + 3 * 86_400, DAY_ONLY).to_list(),
        strict=True,
    )  # fmt: skip
    lines = []
    for (
        number, identity, created, updated, merchant, channel, buyer_name, relay, agrees, to, place, amounts, ship,
        cancel, refund, refunded_at, ship_by,
    ) in columns:  # fmt: skip
        goods, parcel, tax, total, back = amounts
        state = "COMPLETED" if ship >= 0 or cancel >= 0 else "CREATED"
        record: dict[str, Any] = {
            "id": identity, "order_status": {"state": state}, "created": created, "last_updated": updated,
            "ship_by_date": ship_by, "merchant_order_id": merchant, "channel": channel,
            "buyer_details": {"name": buyer_name, "email": relay, "email_remarketing_option": agrees},
            "shipping_address": {
                "name": to, "street1": place[0], "street2": place[1] or "", "city": place[2], "state": place[3] or "",
                "postal_code": place[4], "country": place[5],
            },
            "estimated_payment_details": {
                "subtotal": {"items": _usd(goods), "shipping": _usd(parcel)}, "tax": _usd(tax),
                "total_amount": _usd(total), "tax_remitted": True,
            },
            "is_test_order": False,
            "items": {"data": _items(world, number, identity, ship >= 0, cancel >= 0)},
        }  # fmt: skip
        if ship >= 0:
            parcel_of = {"carrier": "USPS", "tracking_number": f"9400{number:016d}"}
            record["shipments"] = {"data": [{"id": f"{identity}7", "tracking_info": parcel_of}]}
        if cancel >= 0:
            reason = {"reason_code": "CUSTOMER_REQUESTED"}
            record["cancellations"] = {"data": [{"id": f"{identity}8", "cancel_reason": reason}]}
        if refund >= 0:
            record["refunds"] = {
                "data": [
                    {
                        "id": f"{identity}9", "created": refunded_at, "refund_amount": {"total_amount": _usd(back)},
                        "refund_reason": {"reason_code": "BUYERS_REMORSE"},
                    }
                ]
            }  # fmt: skip
        lines.append(json.dumps(record, ensure_ascii=False))
    return pl.Series("", lines, dtype=pl.String)


def _spaced(parts: tuple[pl.Series, pl.Series]) -> tuple[pl.Series, str, pl.Series]:
    return parts[0], " ", parts[1]


def _usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def _items(world: World, order: int, identity: str, is_shipped: bool, is_cancelled: bool) -> list[dict[str, Any]]:
    lines = world.shop.lines
    items = []
    for place, line in enumerate(range(int(lines.start[order]), int(lines.start[order + 1]))):
        product, quantity = PRODUCTS[int(lines.product[line])], int(lines.quantity[line])
        items.append(
            {
                "id": f"{identity}{place + 1:02d}", "retailer_id": product.sku, "product_id": f"24{line:012d}",
                "product_name": product.title, "quantity": quantity,
                "price_per_unit": _usd(f"{int(PRICES[lines.product[line]]) / 100:.2f}"),
                "status": {
                    "in_progress": 0 if is_shipped or is_cancelled else quantity,
                    "fulfilled": quantity if is_shipped and not is_cancelled else 0,
                    "cancelled": quantity if is_cancelled else 0,
                },
            }
        )  # fmt: skip
    return items


def _seen(world: World) -> Records:
    order = shops_orders(world)
    order = order[world.shop.at[order] < end_of(world)]
    return Records(order, world.shop.person[order])


def _link(world: World, edges: Edges) -> None:
    shop, order = world.shop, shops_orders(world)
    who = shop.person[order]
    home = who * 2 + (world.persons.move_at[who] <= shop.at[order])
    edges.add("shops_order", order, "order", order)
    edges.add("shops_order", order, "facebook_relay", who)
    edges.add("shops_order", order, "home", home, ~shop.is_gift[order])


PLUG = Plug(
    platform="facebook_shops",
    exports=(ExportObject("facebook_shops", "order", "graph", "json", orders),),
    records=(RecordKind("shops_order", "facebook_shops", "guest_order", _seen, order_ids),),
    evidence=("facebook_relay",),
    link=_link,
)
