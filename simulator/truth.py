"""The truth beside the exports, as Parquet and JSON in `_truth/`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.behaviour import CAMPAIGNS, PERSONAS, STATES, S
from simulator.effects import measured_effects
from simulator.exports import platforms_of, plugs
from simulator.linkage import end_of, kind_labels, link_groups, records_seen
from simulator.persons import NEVER
from simulator.platforms.instagram import comment_ids, message_ids, scoped_ids
from simulator.platforms.shopify import cookie_ids, order_name
from simulator.sales import FIRST_INVOICE, PRICES, till_account
from simulator.text import joined, lookup
from simulator.texts import T
from simulator.vocabulary import COUNTRIES, name_tables
from simulator.world import FIRST_SUPPORT_USER, FIRST_TICKET, World
from simulator.writing import Ledger
from simulator.writings import moments, writings

I64 = NDArray[np.int64]

STAGE_KEYS = {"complaint": "report_issue", "question": "direct_message"}


def write_truth(world: World, ledger: Ledger) -> None:
    """Write all truth files."""
    folder = world.settings.output / "_truth"
    folder.mkdir()
    _write(folder, "persons", persons_table(world))
    _write(folder, "identifiers", identifiers_table(world))
    _write(folder, "stage_entries", stage_entries_table(world))
    _write(folder, "orders", orders_table(world))
    _write(folder, "writings", writings_table(world))
    _write(folder, "expected_counts", counts_table(world, ledger))
    _write(folder, "faults", ledger.faults_table())
    (folder / "effects.json").write_text(json.dumps(measured_effects(world), indent=2) + "\n", encoding="utf-8")


def _write(folder: Path, name: str, frame: pl.DataFrame) -> None:
    frame.write_parquet(folder / f"{name}.parquet", compression="zstd")


def persons_table(world: World) -> pl.DataFrame:
    """One row per true person."""
    p, tables = world.persons, name_tables()
    who = np.arange(len(p), dtype=np.int64)
    before, after = records.addresses(world.draws, p, who, 0), records.addresses(world.draws, p, who, int(NEVER) + 1)
    till = till_account(p, who)
    columns: dict[str, pl.Series | NDArray] = {
        "person_id": who,
        "household_id": p.household,
        "persona": lookup(PERSONAS, p.persona),
        "campaign": lookup([c.name for c in CAMPAIGNS], world.campaign),
        "country_code": lookup([c.code for c in COUNTRIES], p.country),
        "given_name": lookup(tables.given, p.given),
        "nickname": lookup(tables.given, tables.nickname[p.given]),
        "family_name": lookup(tables.family, p.family),
        "family_name_after": lookup(tables.family, p.family_after),
        "name_changed_at": moments(p.name_change_at),
        "birth_date": pl.Series(p.birth_day.astype(np.int32)).cast(pl.Date),
        "email": p.email,
        "email_after": p.email_after,
        "email_changed_at": moments(p.email_change_at),
        "phone": p.phone,
        "phone_after": p.phone_after,
        "phone_changed_at": moments(p.phone_change_at),
        "address_line": before.line1,
        "postcode": before.zip,
        "city": before.city,
        "address_line_after": after.line1,
        "postcode_after": after.zip,
        "city_after": after.city,
        "moved_at": moments(p.move_at),
        "is_email_shared": p.is_email_shared,
        "is_role_mailbox": p.is_role_mailbox,
        "is_phone_shared": p.is_phone_shared,
        "is_namesake": p.is_namesake,
        "uses_relay": p.uses_relay,
        "shares_device_with": pl.Series(p.shares_device_with).replace(-1, None),
        "till_account": pl.Series(till).replace(-1, None),
    }
    return pl.DataFrame(columns)


def identifiers_table(world: World) -> pl.DataFrame:
    """One row per record of a person in the exports: who it is, and whether the exports allow joining it to others.

    Pairs that can be found at all: same person and same `link_group`.
    """
    seen = records_seen(world)
    groups, labels = link_groups(world, seen), kind_labels()
    further = {r.name: r for plug in plugs().values() for r in plug.records}
    parts = []
    for kind, found in seen.items():
        platform, label = labels[kind]
        own = further[kind].values(world, found.number) if kind in further else _value(world, kind, found.number)
        parts.append(
            pl.DataFrame(
                {
                    "value": own,
                    "person_id": found.person,
                    "link_group": groups[kind],
                }
            ).with_columns(pl.lit(platform).alias("source_platform"), pl.lit(label).alias("kind"))
        )
    table = pl.concat(parts)
    people = table.group_by("source_platform", "kind", "value").agg(pl.col("person_id").n_unique().alias("people"))
    sizes = table.group_by("link_group").agg(pl.len().alias("size"))
    keys = ["source_platform", "kind", "value"]
    table = table.join(people, on=keys, how="left", maintain_order="left").join(
        sizes, on="link_group", how="left", maintain_order="left"
    )
    return table.select(
        *keys,
        "person_id",
        (pl.col("people") > 1).alias("is_shared"),
        (pl.col("size") > 1).alias("is_linkable"),
        "link_group",
    )


def _value(world: World, kind: str, number: I64) -> pl.Series:
    text = pl.Series(number).cast(pl.String)
    if kind in ("shop_account", "web_account"):
        return pl.Series(world.account_id[number]).cast(pl.String)
    if kind == "shop_order":
        return order_name(number)
    if kind == "cookie":
        person, slot = number // 4, number % 4
        holder = np.where(slot == 2, world.persons.shares_device_with[person], person)
        return cookie_ids(world, holder * 2 + np.where(slot == 2, 0, slot))
    if kind == "support_user":
        return pl.Series(FIRST_SUPPORT_USER + number * 1_009).cast(pl.String)
    if kind == "social_profile":
        return pl.Series(scoped_ids(world, number)).cast(pl.String)
    if kind == "till_account":
        return pl.Series(till_account(world.persons, number)).cast(pl.String)
    text = pl.Series(FIRST_INVOICE + number).cast(pl.String)
    return joined("C", text) if kind == "till_return" else text


def stage_entries_table(world: World) -> pl.DataFrame:
    """One row per stage entered, by the taxonomy's proof rules; stages entered twice in a row are one entry.

    Cancelled orders have no stage. Questions about stock count as choosing, about a parcel as waiting; other questions
    to support, and complaints, as `report_issue`.
    """
    steps = world.steps
    stage = np.array([STAGE_KEYS.get(s, s) for s in STATES])
    code = steps.state.astype(np.int64).copy()
    names = [*stage.tolist(), "reorder", "report_issue"]
    topic, by_ticket = _step_topics(world)
    code[topic == T["stock_question"]] = S["choose"]
    code[topic == T["where_is_my_order"]] = S["wait"]
    code[by_ticket & (steps.state == S["question"]) & (topic == T["question"])] = S["complaint"]
    linked = world.step_shop >= 0
    cancelled = np.zeros(len(steps), dtype=bool)
    cancelled[linked] = world.shop.cancelled_at[world.step_shop[linked]] >= 0
    ordering = (steps.state == S["order"]) & ~cancelled
    running = np.cumsum(ordering)
    first = np.searchsorted(steps.person, steps.person, side="left")
    before = running - np.where(first > 0, running[np.maximum(first - 1, 0)], 0)
    code[ordering & (before > 1)] = len(STATES)
    keep = ~(cancelled & (steps.state == S["order"]))
    frame = pl.DataFrame(
        {
            "person_id": steps.person[keep],
            "episode": steps.episode[keep],
            "stage": lookup(names, code[keep]),
            "entered_at": moments(steps.at[keep]),
        }
    )
    same = (
        (pl.col("person_id") == pl.col("person_id").shift())
        & (pl.col("episode") == pl.col("episode").shift())
        & (pl.col("stage") == pl.col("stage").shift())
    )
    frame = frame.filter(~same.fill_null(False))
    frame = frame.with_columns((pl.int_range(pl.len()).over("person_id", "episode") + 1).alias("seq"))
    return frame.select("person_id", "episode", "seq", "stage", "entered_at")


def _step_topics(world: World) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    topic = np.full(len(world.steps), -1, dtype=np.int8)
    by_ticket = np.zeros(len(world.steps), dtype=bool)
    for written in (world.voices.comments, world.voices.messages):
        own = ~written.is_brand
        topic[written.key[own] // 2] = written.topic[own]
    tickets = world.voices.tickets
    topic[tickets.key] = tickets.topic
    by_ticket[tickets.key] = True
    return topic, by_ticket


def orders_table(world: World) -> pl.DataFrame:
    """One row per order of the web shop or the till."""
    shop, till = world.shop, world.till
    number = np.arange(len(shop), dtype=np.int64)
    web = pl.DataFrame(
        {
            "order_id": order_name(number),
            "person_id": shop.person,
            "ordered_at": moments(shop.at),
            "amount": shop.total / 100,
            "refunded_at": moments(shop.refunded_at),
            "refund_amount": shop.refund_cents / 100,
            "cancelled_at": moments(shop.cancelled_at),
            "shipped_at": moments(shop.shipped_at),
            "delivered_at": moments(shop.delivered_at),
            "is_delayed": shop.is_delayed,
            "is_gift": shop.is_gift,
            "lines": np.diff(shop.lines.start),
            "contact": lookup(("email", "phone", "none", "placeholder", "relay"), shop.contact),
        }
    ).with_columns(pl.lit("shopify").alias("source_platform"))
    value = PRICES[till.lines.product] * till.lines.quantity
    total = np.add.reduceat(value, till.lines.start[:-1]) if len(till) else np.zeros(0, dtype=np.int64)
    back = np.where(till.refunded_line >= 0, value[np.maximum(till.refunded_line, 0)] if len(value) else 0, 0)
    sales = pl.DataFrame(
        {
            "order_id": pl.Series(FIRST_INVOICE + np.arange(len(till), dtype=np.int64)).cast(pl.String),
            "person_id": till.person,
            "ordered_at": moments(till.at),
            "amount": total / 100,
            "refunded_at": moments(till.refunded_at),
            "refund_amount": back / 100,
            "lines": np.diff(till.lines.start),
            "contact": lookup(("none", "card"), (till.account >= 0).astype(np.int64)),
        }
    ).with_columns(pl.lit("point_of_sale").alias("source_platform"))
    table = pl.concat([web, sales], how="diagonal")
    end = moments(np.array([end_of(world)]))[0]
    # What happens after the last night is in no file.
    later = [
        pl.when(pl.col(c) < end).then(c).alias(c) for c in ("refunded_at", "cancelled_at", "shipped_at", "delivered_at")
    ]
    return table.with_columns(later).with_columns(
        pl.when(pl.col("refunded_at").is_not_null()).then("refund_amount").otherwise(0.0).alias("refund_amount")
    )


def writings_table(world: World) -> pl.DataFrame:
    """One row per comment, message and ticket of a person, with what it is about."""
    end, t = end_of(world), world.voices.tickets
    parts = []
    for kind, written in (("comment", world.voices.comments), ("message", world.voices.messages)):
        rows = np.flatnonzero((written.at < end) & ~written.is_brand)
        ids = comment_ids(written.key[rows]) if kind == "comment" else message_ids(world, written.key[rows])
        parts.append(("instagram", kind, ids, written.person[rows], written.topic[rows], written.at[rows]))
    tickets = pl.Series(FIRST_TICKET + np.arange(len(t), dtype=np.int64)).cast(pl.String)
    parts.append(("zendesk", "ticket", tickets, t.person, t.topic, t.at))
    frames = [writings(*part) for part in parts]
    platforms = platforms_of(world)
    given = [plug.writings for name, plug in plugs().items() if name in platforms and plug.writings is not None]
    return pl.concat([*frames, *(make(world).select(frames[0].columns) for make in given)], how="vertical_relaxed")


def counts_table(world: World, ledger: Ledger) -> pl.DataFrame:
    """Rows per night, object and file, broken rows included, headers not."""
    return pl.DataFrame(
        [(world.settings.night_date(f.night), f.platform, f.object, f.path, f.rows) for f in ledger.files],
        schema={"night": pl.Date, "platform": pl.String, "object": pl.String, "file": pl.String, "rows": pl.Int64},
        orient="row",
    )
