"""Shopify: products and their variants as a warehouse extract keeps them, whole every night. Stock is today's only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from simulator.journey import DAY
from simulator.platforms.letters import product_ids
from simulator.sales import PRICES
from simulator.text import joined, lookup, money, stamps
from simulator.vocabulary import PRODUCTS
from simulator.world import World

PRODUCT_COLUMNS = (
    "id", "title", "handle", "product_type", "vendor", "created_at", "updated_at", "published_at", "published_scope",
    "status", "_fivetran_deleted", "_fivetran_synced",
)  # fmt: skip
VARIANT_COLUMNS = (
    "id", "product_id", "inventory_item_id", "title", "sku", "price", "position", "inventory_policy",
    "inventory_quantity", "created_at", "updated_at", "_fivetran_synced",
)  # fmt: skip
TIME = "%Y-%m-%d %H:%M:%S"
FIRST_VARIANT = 43_100_000_010_000
SOLD_OUT = 0.1  # share of products that are out of stock on a day


def products_export(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """One row per product."""
    place = np.arange(len(PRODUCTS), dtype=np.int64)
    made, synced = _times(world, night)
    handles = [p.title.lower().replace(" ", "-").replace('"', "").replace(",", "") for p in PRODUCTS]
    frame = pl.DataFrame(
        {
            "id": product_ids(place),
            "title": lookup([p.title for p in PRODUCTS], place),
            "handle": lookup(handles, place),
            "product_type": lookup([p.category for p in PRODUCTS], place),
        }
    )
    constant = {
        "vendor": "Journeyline Home", "created_at": made, "updated_at": made, "published_at": made,
        "published_scope": "web", "status": "active", "_fivetran_deleted": "false", "_fivetran_synced": synced,
    }  # fmt: skip
    yield frame.with_columns(pl.lit(value).alias(name) for name, value in constant.items()).select(PRODUCT_COLUMNS)


def variants_export(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """One variant per product, with what is left of it."""
    place = np.arange(len(PRODUCTS), dtype=np.int64)
    made, synced = _times(world, night)
    key = place * 4_096 + night
    left = 1 + world.draws.below("catalogue/stock", key, 140)
    left = np.where(world.draws.chance("catalogue/sold_out", key, SOLD_OUT), 0, left)
    moment = stamps(np.full(len(place), world.window(night)[1] - 3_600), TIME)
    variant = joined("", pl.Series(FIRST_VARIANT + place).cast(pl.String))
    frame = pl.DataFrame(
        {
            "id": variant,
            "product_id": product_ids(place),
            "inventory_item_id": joined("4", variant),
            "title": lookup(["Default Title"], np.zeros(len(place), dtype=np.int64)),
            "sku": lookup([p.sku for p in PRODUCTS], place),
            "price": money(PRICES[place]),
            "inventory_quantity": pl.Series(left).cast(pl.String),
            "updated_at": moment,
        }
    )
    constant = {"position": "1", "inventory_policy": "deny", "created_at": made, "_fivetran_synced": synced}
    yield frame.with_columns(pl.lit(value).alias(name) for name, value in constant.items()).select(VARIANT_COLUMNS)


def _times(world: World, night: int) -> tuple[str, str]:
    made, synced = (world.first_day - world.settings.history_days - 30) * DAY, world.window(night)[1] + 3_600
    first, second = stamps(np.array([made, synced]), TIME).to_list()
    return str(first), f"{second}.000"
