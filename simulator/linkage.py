"""Which records of a person the exports allow to be joined: connected components of records and evidence.

A record is one row of the truth's `identifiers`. Evidence is a value that the exports show on the record (e-mail as
written, phone, name with address, account id, order number, cookie, Instagram id, till account). Evidence is kept per
person, so a shared mailbox joins a person's own records and never two persons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.exports import platforms_of, plugs
from simulator.platforms.shopify import order_cookies, till_is_noted
from simulator.platforms.zendesk import identity_kinds, support_email_is_other
from simulator.plug import WIDTH, Edges, Records
from simulator.sales import till_account
from simulator.touches import K
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
EVIDENCE = ("mail", "relay", "phone", "home", "account", "order", "cookie", "social", "till")
# kind of record → platform, kind in the truth
KINDS: dict[str, tuple[str, str]] = {
    "shop_account": ("shopify", "account"),
    "shop_order": ("shopify", "order"),
    "web_account": ("segment", "account"),
    "cookie": ("segment", "cookie"),
    "support_user": ("zendesk", "support_user"),
    "social_profile": ("instagram", "social_profile"),
    "till_account": ("point_of_sale", "account"),
    "till_sale": ("point_of_sale", "order"),
    "till_return": ("point_of_sale", "order"),
}


def end_of(world: World) -> int:
    """First second after the last night."""
    return world.window(world.settings.nights - 1)[1]


def cookie_record(world: World, cookie: I64, person: I64) -> I64:
    """Record number of (cookie, person): a shared cookie is a record of each of its persons."""
    return person * 4 + np.where(cookie // 2 == person, cookie % 2, 2)


def kind_labels() -> dict[str, tuple[str, str]]:
    """Kind of record → platform and kind in the truth, of all platforms."""
    return {**KINDS, **{r.name: (r.platform, r.record_kind) for plug in plugs().values() for r in plug.records}}


def records_seen(world: World) -> dict[str, Records]:
    """All records that appear in the exports that are written, by kind."""
    written = platforms_of(world)
    own = {kind: found for kind, found in _core_records(world).items() if KINDS[kind][0] in written}
    further = [r for name, plug in plugs().items() if name in written for r in plug.records]
    return {**own, **{r.name: r.seen(world) for r in further}}


def _core_records(world: World) -> dict[str, Records]:
    end, web, till = end_of(world), world.web, world.till
    people = np.arange(len(world.persons), dtype=np.int64)
    seen = web.received_at < end
    accounts = people[(world.account_at >= 0) & (world.account_at < end)]
    signed = np.unique(web.person[seen & web.logged_in]).astype(np.int64)
    pairs = np.unique(cookie_record(world, web.cookie[seen], web.person[seen].astype(np.int64)))
    written = [w.person[(w.at < end) & ~w.is_brand] for w in (world.voices.comments, world.voices.messages)]
    social = np.unique(np.concatenate(written)).astype(np.int64)
    support = np.arange(len(world.support), dtype=np.int64)
    shown = np.unique(till.person[till.account >= 0])
    back = np.flatnonzero((till.refunded_at >= 0) & (till.refunded_at < end))
    return {
        "shop_account": Records(accounts, accounts),
        "shop_order": Records(np.arange(len(world.shop), dtype=np.int64), world.shop.person),
        "web_account": Records(signed, signed),
        "cookie": Records(pairs, pairs // 4),
        "support_user": Records(support, world.support.person),
        "social_profile": Records(social, social),
        "till_account": Records(shown, shown),
        "till_sale": Records(np.arange(len(till), dtype=np.int64), till.person),
        "till_return": Records(back, till.person[back]),
    }


def link_groups(world: World, seen: dict[str, Records]) -> dict[str, I64]:
    """Component number of each record, by kind; records that nothing joins have a component of their own."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = _edges(world)
    kinds = edges.record_kinds
    records = np.concatenate([r.number * WIDTH + kinds.index(kind) for kind, r in seen.items()])
    names, left = np.unique(np.concatenate((records, *edges.record)), return_inverse=True)
    evidence, right = np.unique(np.concatenate(edges.evidence), return_inverse=True)
    left_edges = left[len(records) :]
    size = len(names) + len(evidence)
    graph = coo_array((np.ones(len(right), dtype=np.int8), (left_edges, len(names) + right)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    # Numbered by the first record, so that the numbering does not depend on the library.
    own = label[left[: len(records)]]
    _, first, inverse = np.unique(own, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    groups = rank[inverse]
    bounds = np.cumsum([0] + [len(r.number) for r in seen.values()])
    return {kind: groups[bounds[i] : bounds[i + 1]] for i, kind in enumerate(seen)}


def _edges(world: World) -> Edges:
    written, labels, given = platforms_of(world), kind_labels(), plugs()
    evidence = (*EVIDENCE, *dict.fromkeys(kind for plug in given.values() for kind in plug.evidence))
    absent = frozenset(kind for kind, (platform, _) in labels.items() if platform not in written)
    edges = Edges(tuple(labels), evidence, skipped=absent)
    _account_edges(world, edges)
    _order_edges(world, edges)
    _web_edges(world, edges)
    _support_edges(world, edges)
    end, till, people = end_of(world), world.till, np.arange(len(world.persons), dtype=np.int64)
    edges.add("social_profile", people, "social", people, world.persons.has_instagram)
    shown = till.account >= 0
    sales = np.arange(len(till), dtype=np.int64)
    edges.add("till_account", till.person, "till", till.person, shown)
    edges.add("till_sale", sales, "till", till.person, shown)
    edges.add("till_return", sales, "till", till.person, shown & (till.refunded_at >= 0) & (till.refunded_at < end))
    for name, plug in given.items():
        if plug.link is not None and name in written:
            plug.link(world, edges)
    # Records that edges name but no export shows drop out: only records seen are labelled.
    return edges


def _account_edges(world: World, edges: Edges) -> None:
    persons, end, draws = world.persons, end_of(world), world.draws
    who = np.flatnonzero((world.account_at >= 0) & (world.account_at < end))
    edges.add("shop_account", who, "account", who)
    edges.add("shop_account", who, "mail", who * 2 + (persons.email_change_at[who] < end))
    phone = draws.chance("account/phone", who, 0.5)
    edges.add("shop_account", who, "phone", who * 2 + (persons.phone_change_at[who] < end), phone)
    bought = np.zeros(len(persons), dtype=bool)
    bought[world.shop.person[world.shop.contact != 2]] = True
    edges.add("shop_account", who, "home", who * 2 + (persons.move_at[who] < end), bought[who])
    noted = till_is_noted(world, who) & (till_account(persons, who) >= 0)
    edges.add("shop_account", who, "till", who, noted)


def order_mail_is_right(world: World, order: I64) -> Bool:
    """True where the order carries the buyer's address without a typing error."""
    shop = world.shop
    guest = world.account_at[shop.person[order]] < 0
    wrong = guest & world.draws.chance("order/mail/typo", np.where(guest, order, order + (1 << 40)), 0.012)
    return (shop.contact[order] == 0) & ~wrong


def _order_edges(world: World, edges: Edges) -> None:
    shop, persons = world.shop, world.persons
    order = np.arange(len(shop), dtype=np.int64)
    who, at = shop.person, shop.at
    edges.add("shop_order", order, "order", order)
    edges.add(
        "shop_order", order, "mail", who * 2 + (persons.email_change_at[who] <= at), order_mail_is_right(world, order)
    )
    edges.add("shop_order", order, "relay", who, shop.contact == 4)
    known = ((shop.contact == 1) | world.draws.chance("order/phone", order, 0.45)) & (shop.contact != 2)
    edges.add("shop_order", order, "phone", who * 2 + (persons.phone_change_at[who] <= at), known)
    edges.add("shop_order", order, "home", who * 2 + (persons.move_at[who] <= at), shop.contact != 2)
    cookie = order_cookies(world)
    edges.add("shop_order", order, "cookie", cookie_record(world, cookie, who), cookie >= 0)


def _web_edges(world: World, edges: Edges) -> None:
    web, persons, end = world.web, world.persons, end_of(world)
    rows = np.flatnonzero(web.received_at < end)
    who, at, kind = web.person[rows].astype(np.int64), web.at[rows], web.kind[rows]
    record = cookie_record(world, web.cookie[rows], who)
    signed = web.logged_in[rows]
    telling = np.isin(kind, (K["identify_mail"], K["identify_login"]))
    login = kind == K["identify_login"]
    edges.add("cookie", record, "cookie", record)
    edges.add("cookie", record, "account", who, signed)
    edges.add("web_account", who, "account", who, signed)
    edges.add("web_account", who, "cookie", record, signed)
    mail = who * 2 + (persons.email_change_at[who] <= at)
    edges.add("cookie", record, "mail", mail, telling)
    edges.add("web_account", who, "mail", mail, telling & signed)
    edges.add("web_account", who, "phone", who * 2 + (persons.phone_change_at[who] <= at), login & signed)
    edges.add("cookie", record, "phone", who * 2 + (persons.phone_change_at[who] <= at), login & signed)
    order = web.order[rows].astype(np.int64)
    edges.add("cookie", record, "order", order, (kind == K["completed"]) & (order >= 0))


def _support_edges(world: World, edges: Edges) -> None:
    support, t = world.support, world.voices.tickets
    user = np.arange(len(support), dtype=np.int64)
    who = support.person
    kinds = identity_kinds(world, user)
    other = support_email_is_other(world, who)
    edges.add("support_user", user, "mail", who * 2 + other, kinds["email"])
    edges.add("support_user", user, "mail", who * 2, kinds["other_email"])
    phone = who * 2 + (world.persons.phone_change_at[who] <= support.created_at)
    edges.add("support_user", user, "phone", phone, kinds["phone_number"])
    edges.add("support_user", user, "social", who, kinds["any_channel"])
    edges.add("support_user", support.of_ticket, "order", t.order.astype(np.int64), t.names_order & (t.order >= 0))
