"""Accepting and discarding a proposal: one transaction each, safe to repeat."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.errors import ResolutionError
from resolution.figures import RunFigures
from resolution.store.households import accept_households
from resolution.store.keys import change_keys, drop_staged, replace_keys
from resolution.store.propose import add_phases, empty_next, find_run

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)


class RunStateError(ResolutionError):
    """A run cannot be accepted or discarded as it stands; the message says why and what to do."""


RECORDS = """email, phone, full_name, given_name, family_name, birth_date, address_line, city, postcode, region,
    country_code, company, email_consent, sms_consent, is_identified, record_count, platform_count, first_seen_at,
    last_seen_at, provenance, conflicts"""


def _of(table: str) -> str:
    """RECORDS, each column qualified."""
    return ", ".join(f"{table}.{column.strip()}" for column in RECORDS.split(","))


ACCEPT = (
    """insert into identity.golden_customers
           (golden_customer_id, created_run_id, created_date, status, record_count, founding_record_key)
       select n.golden_customer_id, n.run_id, r.export_date, 'live', n.record_count, n.founding_record_key
       from identity.next_golden_customers n join identity.runs r using (run_id)
       where n.run_id = %(run)s and n.is_new""",
    """update identity.golden_customers c
       set status = n.status, merged_into_id = n.merged_into_id, record_count = n.record_count,
           closed_run_id = case when n.status = 'live' then null
                                when c.status = 'live' then n.run_id else c.closed_run_id end
       from identity.next_golden_customers n
       where n.run_id = %(run)s and not n.is_new and c.golden_customer_id = n.golden_customer_id
         and (c.status, c.merged_into_id, c.record_count) is distinct from (n.status, n.merged_into_id,
         n.record_count)""",
    # Closed ids point at a present one in one step: who pointed at an id that was merged tonight follows it.
    """update identity.golden_customers c set merged_into_id = n.merged_into_id
       from identity.next_golden_customers n
       where n.run_id = %(run)s and n.status = 'merged' and c.merged_into_id = n.golden_customer_id""",
    """update identity.record_links l set valid_to_run_id = %(run)s
       from identity.next_record_links n
       where n.run_id = %(run)s and l.source_record_key = n.source_record_key and l.valid_to_run_id is null""",
    """insert into identity.record_links
           (source_record_key, golden_customer_id, valid_from_run_id, decided_by, match_probability)
       select source_record_key, golden_customer_id, run_id, decided_by, match_probability
       from identity.next_record_links where run_id = %(run)s and golden_customer_id is not null
       order by source_record_key""",  # in the order of the key: millions of rows are indexed in half the time
    """insert into identity.golden_id_changes
           (run_id, export_date, change_kind, from_id, to_id, records_moved, reason, evidence)
       select n.run_id, r.export_date, n.change_kind, n.from_id, n.to_id, n.records_moved, n.reason, n.evidence
       from identity.next_golden_id_changes n join identity.runs r using (run_id)
       where n.run_id = %(run)s order by n.change_kind, n.from_id nulls first, n.to_id nulls first""",
    """delete from identity.match_edges m using identity.next_match_edges n
       where n.run_id = %(run)s and n.is_withdrawn
         and (m.left_key, m.right_key, m.kind, m.evidence) = (n.left_key, n.right_key, n.kind, n.evidence)""",
    """insert into identity.match_edges (left_key, right_key, kind, evidence, match_weight, match_probability, run_id)
       select left_key, right_key, kind, evidence, match_weight, match_probability, run_id
       from identity.next_match_edges where run_id = %(run)s and not is_withdrawn
       order by left_key, right_key, kind, evidence""",
    """delete from identity.near_pairs p using identity.next_near_pairs n
       where n.run_id = %(run)s and n.is_withdrawn and (p.left_key, p.right_key) = (n.left_key, n.right_key)""",
    """insert into identity.near_pairs (left_key, right_key, evidence, match_weight, match_probability, run_id)
       select left_key, right_key, evidence, match_weight, match_probability, run_id
       from identity.next_near_pairs where run_id = %(run)s and not is_withdrawn order by left_key, right_key""",
    """delete from identity.golden_records g using identity.next_golden_customers n
       where n.run_id = %(run)s and g.golden_customer_id = n.golden_customer_id and n.status <> 'live'""",
    # run_id says which run changed the content; a full run must not make every customer look changed.
    f"""insert into identity.golden_records as stored (golden_customer_id, run_id, {RECORDS})
       select golden_customer_id, run_id, {RECORDS} from identity.next_golden_records where run_id = %(run)s
       on conflict (golden_customer_id) do update set (run_id, {RECORDS}) = (excluded.run_id, {_of("excluded")})
       where ({_of("stored")}) is distinct from ({_of("excluded")})""",  # noqa: S608
    """update identity.model_parameters p set is_active = (p.parameter_version = r.parameter_version)
       from identity.runs r where r.run_id = %(run)s and r.parameter_version is not null
         and p.is_active <> (p.parameter_version = r.parameter_version)""",
    # Leave to move many records holds for one accepted run.
    """update identity.churn_allowances set used_run_id = %(run)s where used_run_id is null and revoked_at is null""",
    """update identity.runs set status = 'accepted', finished_at = clock_timestamp() where run_id = %(run)s""",
    """insert into ops.watermarks (consumer, source, seq)
       select 'resolution', 'int_person_records', source_seq from identity.runs where run_id = %(run)s
       on conflict (consumer, source) do update set seq = excluded.seq""",
)
_TARGET = re.compile(r"(?:identity|ops)\.(\w+)")
"""The table that a statement writes: the first that it names."""
ANALYSED = (
    "record_links",
    "golden_customers",
    "match_edges",
    "near_pairs",
    "block_keys",
    "golden_records",
    "household_keys",
    "household_members",
)


def accept(connection: psycopg.Connection[Any], run_id: int) -> str | None:
    """Make a proposal the truth; its kind, or None when it already was. The caller's transaction is all of it.

    Raises RunStateError for a run that is unknown, discarded, or not the newest proposal.
    """
    run = find_run(connection, run_id, lock=True)
    if run is None:
        raise RunStateError(f"there is no identity run {run_id}; `python -m resolution status` lists the runs")
    if run.status == "accepted":
        return None
    if run.status == "discarded":
        raise RunStateError(f"identity run {run_id} was discarded; run the night again to get a new proposal")
    figures = RunFigures()
    with figures.phase("accept keys"):
        if run.kind == "full":
            replace_keys(connection)
        else:
            change_keys(connection, run_id)
    if run.kind == "full":
        # A full run proposes all evidence, so the old goes at once.
        connection.execute("truncate identity.match_edges, identity.near_pairs")
    for statement in ACCEPT:
        with figures.phase(f"accept {_TARGET.search(statement)[1]}"):  # type: ignore[index]
            connection.execute(sql.SQL(statement), {"run": run_id})
    with figures.phase("accept households"):
        accept_households(connection, run_id)
    empty_next(connection)
    add_phases(connection, run_id, figures)
    log.info("identity run %d accepted (%s)", run_id, run.kind)
    return run.kind


def refresh_statistics(connection: psycopg.Connection[Any]) -> None:
    """Let the planner know the new sizes."""
    for table in ANALYSED:
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier("identity", table)))


def discard(connection: psycopg.Connection[Any], run_id: int, reason: str) -> bool:
    """Throw a proposal away; False when it already was. RunStateError when it is unknown or accepted."""
    run = find_run(connection, run_id, lock=True)
    if run is None:
        raise RunStateError(f"there is no identity run {run_id}; `python -m resolution status` lists the runs")
    if run.status == "discarded":
        return False
    if run.status == "accepted":
        raise RunStateError(f"identity run {run_id} is accepted and cannot be discarded")
    connection.execute(
        """update identity.runs set status = 'discarded', reason = %s, finished_at = clock_timestamp()
           where run_id = %s""",
        (reason, run_id),
    )
    empty_next(connection)
    drop_staged(connection)
    return True
