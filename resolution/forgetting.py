"""Erasing a customer: every row of theirs, in every layer; a tombstone of the golden id; a list of whom not to let in.

The order matters. First, in one transaction: what is known of the person goes on the deny-list as keyed hashes, and
their rows leave landing, raw, its history, the intermediate tables and the marts. Then an identity run, which sees the
records as gone: the id is deleted (it never comes back) and who hung on the person by evidence is looked at anew.
Last, what identity itself holds about the records. A crash leaves the erasure 'started'; saying it again goes on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from resolution.decisions import record_key
from resolution.errors import ResolutionError

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)


class ErasureError(ResolutionError):
    """A customer cannot be erased as things stand; the message says why and what to do first."""


@dataclass(frozen=True)
class Erasure:
    """What was erased. rows: table → rows. files: landed copies of exports that may still hold the person.
    already: it had been done before; nothing was to do.
    """

    golden_customer_id: str
    erasure_id: int
    rows: dict[str, int] = field(default_factory=dict)
    denied: int = 0
    files: tuple[str, ...] = ()
    already: bool = False


def forget(golden_customer_id: str, author: str, reason: str) -> Erasure:
    """Erase the person whom any golden id ever issued belongs to today. Safe to repeat.

    Raises ErasureError when the id is nobody's, or when changes wait that no night has looked at (they would go by
    unaudited); NightRunningError while a night is at work.
    """
    import warehouse
    from warehouse.locks import night_lock

    if not author.strip() or not reason.strip():
        raise ErasureError("an erasure needs an author and a reason (without personal data)")
    golden = record_key(golden_customer_id)
    with night_lock("forget"):
        with night_lock("resolution", 30), night_lock("publish", 30), warehouse.connect(name="forget") as connection:
            started = _start(connection, golden, author.strip(), reason.strip())
        if started.already:
            return started
        run_id = _resolve(golden)
        with warehouse.connect(name="forget") as connection:
            return _finish(connection, started, run_id)


def _start(connection: psycopg.Connection[Any], named: str, author: str, reason: str) -> Erasure:
    """The first transaction; or what an earlier attempt of it did."""
    from resolution.store import decided, erase, history, propose
    from warehouse import deny, erasure

    state = history.state_of(connection, named)
    if state is None:
        raise ErasureError(f"golden customer {named} was never issued")
    golden = str(state["present_id"] or named)
    earlier = erase.find(connection, golden)
    if earlier is not None and earlier[1] == "done" and state["status"] != "live":
        return Erasure(golden, earlier[0], erase.counts_of(connection, earlier[0]), already=True)
    if earlier is not None and earlier[1] == "started":
        return Erasure(golden, earlier[0], erase.counts_of(connection, earlier[0]))
    keys = decided.members_of(connection, [golden]).get(golden, [])
    last = propose.last_accepted(connection)
    if not keys or last is None:
        raise ErasureError(f"golden customer {golden} has no records today (status {state['status']})")
    pending = erase.pending_changes(connection, last.source_seq)
    if pending:
        raise ErasureError(
            f"{pending} changes wait that no night has looked at; run and accept the night first, then forget"
        )
    erasure_id = erase.begin(connection, golden, keys, last.export_date, author, reason)
    erase.gather_values(connection, keys)
    denied = deny.add_to_deny_list(connection, erasure_id, last.export_date)
    specs, orders = _tables()
    counts = erasure.erase_source_rows(connection, specs, orders)
    files = erasure.landed_files(connection, [name.split(".", 1)[1] for name in counts])
    counts |= erasure.erase_records(connection, keys)
    counts |= erasure.erase_customer_rows(connection, erase.erased_ids(connection, golden))
    counts |= erasure.blank_mentions(connection, erase.mentions(connection))
    erase.add_counts(connection, erasure_id, counts)
    return Erasure(golden, erasure_id, counts, denied, tuple(files))


def _resolve(golden: str) -> int:
    """The run in which the records are gone; its number."""
    import warehouse
    from resolution.night import accept_run, resolve_night
    from resolution.store import erase, propose

    with warehouse.connect(name="forget") as connection:
        found, last = erase.find(connection, golden), propose.last_accepted(connection)
    assert found is not None and last is not None
    result = resolve_night(last.export_date, erased=found[2])
    if result.kind != "unchanged":
        accept_run(result.run_id)
    return result.run_id


def _finish(connection: psycopg.Connection[Any], started: Erasure, run_id: int) -> Erasure:
    from resolution.store import erase
    from resolution.store.quality_book import forget_findings

    found = erase.find(connection, started.golden_customer_id)
    assert found is not None
    counts = erase.forget_identities(connection, found[2])
    if findings := forget_findings(connection, found[2]):
        counts["identity.quality_findings"] = findings
    erase.add_counts(connection, started.erasure_id, counts)
    erase.finish(connection, started.erasure_id, run_id)
    log.info("erasure %d of golden customer %s is done", started.erasure_id, started.golden_customer_id)
    rows = started.rows | counts
    return Erasure(started.golden_customer_id, started.erasure_id, rows, started.denied, started.files)


def _tables() -> tuple[list[Any], dict[str, tuple[str, ...]]]:
    """Tables of all contracts, and which of their columns hold order numbers."""
    import connectors
    from connectors.contracts import spec_of

    specs, orders = [], {}
    for platform in connectors.platforms():
        for name, thing in connectors.load_contract(platform).objects.items():
            spec = spec_of(platform, thing)
            specs.append(spec)
            named = set(thing.yields.identifiers.get("order_id", ())) | {"order_id"}
            orders[f"{platform}__{name}"] = tuple(column for column in spec.column_names if column in named)
    return specs, orders
