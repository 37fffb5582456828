"""The gate before identities change: a hand-made registry, and proposals with one thing wrong each."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

import expectations
import warehouse

PEOPLE = """
create table intermediate.int_person_records (
    source_record_key uuid primary key, source_platform text, email text, full_name text, given_name text,
    birth_date date, is_internal boolean, is_deleted boolean, _changed_seq bigint)
"""
RECORDS = 200


def uid(number: int) -> UUID:
    return UUID(int=number)


@pytest.fixture
def registry(database: str) -> Iterator[psycopg.Connection]:
    """200 records in 100 customers, accepted by run 1; run 2 is proposed and empty."""
    with warehouse.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(PEOPLE)
        cursor.executemany(
            "insert into intermediate.int_person_records"
            " values (%s, 'shopify', %s, null, %s, '1990-01-01', false, false, 1)",
            [(uid(1000 + n), f"secret{n}@example.com", f"Name{n // 2}") for n in range(RECORDS)],
        )
        cursor.execute(
            "insert into identity.runs (export_date, kind, status, source_seq) values"
            " ('2026-03-13', 'full', 'accepted', 1), ('2026-03-14', 'increment', 'proposed', 5)"
        )
        cursor.executemany(
            "insert into identity.golden_customers (golden_customer_id, created_run_id, created_date, record_count,"
            " founding_record_key) values (%s, 1, '2026-03-13', 2, %s)",
            [(uid(n), uid(1000 + 2 * n)) for n in range(RECORDS // 2)],
        )
        cursor.executemany(
            "insert into identity.record_links (source_record_key, golden_customer_id, valid_from_run_id, decided_by)"
            " values (%s, %s, 1, 'certain')",
            [(uid(1000 + n), uid(n // 2)) for n in range(RECORDS)],
        )
        yield connection


def propose(connection: psycopg.Connection, links: list[tuple[int, int | None]], **customers: int) -> None:
    """Propose links (record number → customer number) and the customers they touch."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into identity.next_record_links values (2, %s, %s, 'certain', 1.0)",
            [(uid(1000 + record), None if customer is None else uid(customer)) for record, customer in links],
        )
        cursor.executemany(
            "insert into identity.next_golden_customers values (2, %s, 'live', null, %s, %s, %s)",
            [
                (uid(customer), customers.get("size", 2), uid(1000 + 2 * customer), customer >= RECORDS // 2)
                for customer in {customer for _, customer in links if customer is not None}
            ],
        )


def audit() -> dict[str, str]:
    result = expectations.audit_identities(2, raise_on_fail=False)
    assert not [check.message for check in result.checks if "Cannot be evaluated" in check.message]
    return {check.check: check.severity for check in result.failed}


def test_a_run_that_proposes_nothing_passes_without_checks(registry: psycopg.Connection) -> None:
    result = expectations.audit_identities(2)
    assert [check.check for check in result.checks] == ["nothing_to_audit"]


def test_a_good_proposal_passes(registry: psycopg.Connection) -> None:
    registry.execute(
        "insert into intermediate.int_person_records values (%s, 'zendesk', null, null, 'Neu', null, false, false, 3)",
        (uid(1000 + RECORDS),),
    )
    propose(registry, [(RECORDS, 100)], size=1)
    assert audit() == {}
    stored = registry.execute("select distinct point, subject, passed from ops.gate_results").fetchall()
    assert stored == [("identities", "2", True)]


def test_churn_warns_then_stops(registry: psycopg.Connection) -> None:
    propose(registry, [(record, record // 2 + 1) for record in range(10)])
    assert audit() == {"churn_low": "warning"}
    propose(registry, [(record, record // 2 + 40) for record in range(20, 70)])
    with pytest.raises(expectations.GateFailedError, match=r"30 %; allowed: at most 20 %") as caught:
        expectations.audit_identities(2)
    assert "secret" not in str(caught.value)


def test_a_record_without_a_customer_stops(registry: psycopg.Connection) -> None:
    registry.execute(
        "insert into intermediate.int_person_records values (%s, 'zendesk', null, null, 'Neu', null, false, false, 3),"
        " (%s, 'zendesk', null, null, 'Agent', null, true, false, 3),"
        " (%s, 'zendesk', null, null, 'Later', null, false, false, 9)",
        (uid(1000 + RECORDS), uid(1001 + RECORDS), uid(1002 + RECORDS)),
    )
    propose(registry, [(0, None), (1, 0)])
    # the record that left without being deleted, and the new one; neither the agent nor what came after the run read
    result = expectations.audit_identities(2, raise_on_fail=False)
    (check,) = result.failed
    assert check.check == "every_record_linked" and check.observed == "2 rows"


def test_links_to_customers_that_are_not_live_stop(registry: psycopg.Connection) -> None:
    propose(registry, [(0, 1)])
    registry.execute(
        "update identity.next_golden_customers set status = 'merged' where golden_customer_id = %s", (uid(1),)
    )
    assert audit() == {"linked_customers_live": "critical", "merges_have_targets": "critical"}


def test_giant_clusters_and_reused_ids_stop(registry: psycopg.Connection) -> None:
    propose(registry, [(0, 0)], size=4000)
    registry.execute("update identity.next_golden_customers set is_new = true")
    assert audit() == {
        "clusters_of_plausible_size": "warning",
        "no_giant_cluster": "critical",
        "ids_never_reused": "critical",
    }


def test_mixed_up_people_are_noticed(registry: psycopg.Connection) -> None:
    people = "update intermediate.int_person_records set given_name = 'Other' || source_record_key"
    registry.execute(people)
    registry.execute(
        "update intermediate.int_person_records set birth_date = '1950-01-01' where source_record_key = %s",
        (uid(1000),),
    )
    propose(registry, [(0, 3), (1, 3)])
    assert audit() == {"given_names_plausible": "warning", "birth_dates_plausible": "warning"}


def test_many_mixed_up_people_stop(registry: psycopg.Connection) -> None:
    registry.execute("delete from identity.record_links")
    registry.execute(
        "insert into intermediate.int_person_records"
        " select ('a' || lpad(n::text, 31, '0'))::uuid, 'zendesk', null, null,"
        " case when n % 4 = 0 and n < 100 then 'Anna' else 'Name' || n end,"
        " date '1950-01-01' + case when n < 100 then n else 0 end::integer, false, false, 1"
        " from generate_series(0, 999) n"
    )
    registry.execute("delete from intermediate.int_person_records where source_platform = 'shopify'")
    registry.execute(
        "insert into identity.next_record_links select 2, ('a' || lpad(n::text, 31, '0'))::uuid,"
        " ('b' || lpad((n / 4)::text, 31, '0'))::uuid, 'probable', 0.9 from generate_series(0, 999) n"
    )
    registry.execute(
        "insert into identity.next_golden_customers select 2, ('b' || lpad(n::text, 31, '0'))::uuid, 'live', null, 4,"
        " ('a' || lpad((4 * n)::text, 31, '0'))::uuid, true from generate_series(0, 249) n"
    )
    found = audit()
    assert found["given_names_not_mixed_up"] == "critical" and found["birth_dates_not_mixed_up"] == "critical"


def test_runs_that_cannot_be_audited(registry: psycopg.Connection) -> None:
    assert expectations.audit_identities(1).passed
    registry.execute("update identity.runs set status = 'discarded' where run_id = 2")
    with pytest.raises(expectations.AuditError, match="discarded"):
        expectations.audit_identities(2)
    with pytest.raises(expectations.AuditError, match="no identity run 9"):
        expectations.audit_identities(9)
