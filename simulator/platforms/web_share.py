"""The part of the visits that another analytics tool than Segment sees too: one cookie in five, on a site of its own.

GA4 and Snowplow are alternatives to Segment; here each of them describes some of the same visits of the same persons,
so that a night has all formats without three times the events.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.linkage import cookie_record, end_of
from simulator.plug import Edges, RecordKind, Records
from simulator.touches import K
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
SHARE = 0.2
Values = Callable[[World, I64], pl.Series]


def is_shared(world: World, tool: str, without: tuple[str, ...]) -> Bool:
    """Which web events `tool` sees. without: kinds of events that it has no form for."""
    web = world.web
    seen = world.draws.chance(f"{tool}/cookie", web.cookie, SHARE)
    return seen & ~np.isin(web.kind, [K[kind] for kind in without])


def cookie_of(world: World, record: I64) -> I64:
    """Cookie number of a record number (the inverse of linkage.cookie_record)."""
    person, slot = record // 4, record % 4
    holder = np.where(slot == 2, world.persons.shares_device_with[person], person)
    return np.asarray(holder * 2 + np.where(slot == 2, 0, slot), dtype=np.int64)


def record_kinds(tool: str, without: tuple[str, ...], clients: Values, users: Values) -> tuple[RecordKind, RecordKind]:
    """Records of cookies and of logins, as staging makes them. clients: ids of cookies; users: user ids of persons."""

    def cookies_seen(world: World) -> Records:
        web = world.web
        rows = is_shared(world, tool, without) & (web.received_at < end_of(world))
        found = np.unique(cookie_record(world, web.cookie[rows], web.person[rows].astype(np.int64)))
        return Records(found, found // 4)

    def users_seen(world: World) -> Records:
        web = world.web
        rows = is_shared(world, tool, without) & (web.received_at < end_of(world)) & web.logged_in
        found = np.unique(web.person[rows]).astype(np.int64)
        return Records(found, found)

    return (
        RecordKind(f"{tool}_cookie", tool, "cookie", cookies_seen, lambda w, n: clients(w, cookie_of(w, n))),
        RecordKind(f"{tool}_account", tool, "account", users_seen, users),
    )


def link(world: World, edges: Edges, tool: str, without: tuple[str, ...], by_mail: Bool) -> None:
    """What the events show: the login on the browser, the order in the one that knows more of the buyer.

    by_mail: persons whose user id is an e-mail address instead of the shop's account number.
    """
    web, persons = world.web, world.persons
    rows = np.flatnonzero(is_shared(world, tool, without) & (web.received_at < end_of(world)))
    who, signed = web.person[rows].astype(np.int64), web.logged_in[rows]
    cookie, account = f"{tool}_cookie", f"{tool}_account"
    record = cookie_record(world, web.cookie[rows], who)
    mailed = by_mail[who]
    mail = who * 2 + (persons.email_change_at[who] <= world.account_at[who])
    for kind, number in ((cookie, record), (account, who)):
        edges.add(kind, number, "account", who, signed & ~mailed)
        edges.add(kind, number, "mail", mail, signed & mailed)
    order = web.order[rows].astype(np.int64)
    bought = np.isin(web.kind[rows], (K["completed"], K["refunded"])) & (order >= 0)
    edges.add(account, who, "order", order, bought & signed)
    edges.add(cookie, record, "order", order, bought & ~signed)
