"""The gate before identities change: a hand-made registry, and proposals with one thing wrong each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

import expectations
import resolution
import warehouse
from resolution.quality import allow_churn, measure_proposal
from resolution.store.quality_book import forget_findings

INT_TABLES = """
create table intermediate.int_person_records (
    source_record_key uuid primary key, source_platform text, email text, full_name text, given_name text,
    birth_date date, is_internal boolean, is_deleted boolean, _changed_seq bigint);
create table intermediate.int_identifiers (
    source_record_key uuid, identifier_type text, identifier_namespace text, identifier_value text, is_verified boolean,
    is_deleted boolean, primary key (source_record_key, identifier_type, identifier_namespace, identifier_value))
"""
RECORDS = 200
DECIDE = "insert into identity.decisions (left_key, right_key, verdict, author, reason) values (%s, %s, %s, 'a', 'b')"


def uid(number: int) -> UUID:
    return UUID(int=number)


@pytest.fixture
def registry(database: str) -> Iterator[psycopg.Connection]:
    """200 records in 100 customers, accepted by run 1; run 2 is proposed and empty."""
    with warehouse.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(INT_TABLES)
        cursor.executemany(
            "insert into intermediate.int_person_records"
            " values (%s, 'shopify', %s, null, %s, '1990-01-01', false, false, 1)",
            [(uid(1000 + n), f"secret{n}@example.com", f"Name{n // 2}") for n in range(RECORDS)],
        )
        cursor.execute(
            "insert into identity.runs (export_date, kind, status, source_seq, records_total) values"
            " ('2026-03-13', 'full', 'accepted', 1, 200), ('2026-03-14', 'increment', 'proposed', 5, 200)"
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


def propose(connection: psycopg.Connection, links: list[tuple[int, int | None]]) -> None:
    """Propose links (record number → customer number) and the customers that they touch, sizes as they will be."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into identity.next_record_links values (2, %s, %s, 'certain', 1.0)",
            [(uid(1000 + record), None if customer is None else uid(customer)) for record, customer in links],
        )
        state = {record: record // 2 for record in range(RECORDS)} | dict(links)
        sizes: dict[int, int] = {}
        for customer in state.values():
            if customer is not None:
                sizes[customer] = sizes.get(customer, 0) + 1
        touched = {c for _, c in links if c is not None} | {r // 2 for r, _ in links if r < RECORDS}
        cursor.executemany(
            "insert into identity.next_golden_customers values (2, %s, %s, null, %s, %s, %s)"
            " on conflict (run_id, golden_customer_id) do update set record_count = excluded.record_count",
            [
                (
                    uid(customer), "live" if sizes.get(customer) else "retired", sizes.get(customer, 0),
                    uid(1000 + 2 * customer), customer >= RECORDS // 2,
                )
                for customer in sorted(touched)
            ],
        )  # fmt: skip


def plant(connection: psycopg.Connection, customers: list[list[dict[str, Any]]]) -> None:
    """Propose new customers with records of these values."""
    links, number = [], RECORDS
    with connection.cursor() as cursor:
        for customer, records in enumerate(customers, RECORDS // 2):
            for values in records:
                cursor.execute(
                    "insert into intermediate.int_person_records values"
                    " (%s, 'zendesk', null, %s, %s, %s, false, false, 3)",
                    (uid(1000 + number), values.get("full"), values.get("given"), values.get("born")),
                )
                if "account" in values:
                    cursor.execute(
                        "insert into intermediate.int_identifiers values (%s, 'account_id', 'shop.customer', %s, true,"
                        " false)",
                        (uid(1000 + number), values["account"]),
                    )
                links.append((number, customer))
                number += 1
    propose(connection, links)


def edge(connection: psycopg.Connection, left: int, right: int, probability: float) -> None:
    connection.execute(
        "insert into identity.next_match_edges values (2, %s, %s, 'probable', 'name', 3, %s)",
        (*sorted((uid(1000 + left), uid(1000 + right))), probability),
    )


def audit() -> dict[str, str]:
    measure_proposal(2)
    result = expectations.audit_identities(2, raise_on_fail=False)
    assert not [check.message for check in result.checks if "Cannot be evaluated" in check.message]
    return {check.check: check.severity for check in result.failed}


def command(*words: str, fails: bool = False) -> str:
    from typer.testing import CliRunner

    from resolution.__main__ import app

    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == int(fails), result.output
    return result.output


def findings(connection: psycopg.Connection, finding: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select subject, figure, record_keys from identity.quality_findings where run_id = 2 and finding = %s"
        " order by place",
        (finding,),
    ).fetchall()


def test_a_run_that_proposes_nothing_passes_without_checks(registry: psycopg.Connection) -> None:
    result = expectations.audit_identities(2)
    assert [check.check for check in result.checks] == ["nothing_to_audit"]


def test_a_good_proposal_passes(registry: psycopg.Connection) -> None:
    plant(registry, [[{"given": "Neu"}]])
    assert expectations.audit_identities(2, raise_on_fail=False).failed[0].check == "quality_measured"
    assert audit() == {}
    stored = registry.execute(
        "select distinct on (run_at) point, subject, passed from ops.gate_results order by run_at desc, passed"
    ).fetchone()
    assert stored == ("identities", "2", True)


def test_churn_warns_then_stops_unless_somebody_gave_leave(registry: psycopg.Connection) -> None:
    propose(registry, [(record, record // 2 + 1) for record in range(10)])
    assert audit() == {"churn_low": "warning"}
    propose(registry, [(record, record // 2 + 40) for record in range(20, 70)])
    with pytest.raises(expectations.GateFailedError, match=r"30 %; allowed: at most 20 %.*allow-churn") as caught:
        expectations.audit_identities(2)
    assert "secret" not in str(caught.value)
    # an installation of more than a thousand records is held to two per cent
    registry.execute("update identity.runs set records_total = 2000 where run_id = 1")
    assert audit() == {"churn_low": "warning", "churn_within_leave": "critical"}
    allow_churn(0.02, "ann", "a new list of nicknames")
    assert audit() == {"churn_low": "warning", "churn_within_leave": "critical"}
    assert "0.05" in command("allow-churn", "0.05", "--author", "ann", "--reason", "a new list of nicknames")
    assert audit() == {"churn_low": "warning"}
    with pytest.raises(resolution.InputError, match="at most 1"):
        allow_churn(5, "ann", "a new list of nicknames")
    assert "author and a reason" in command("allow-churn", "0.5", "--author", "ann", "--reason", " ", fails=True)
    with pytest.raises(resolution.InputError, match="reason"):
        allow_churn(0.5, "ann", " ")
    # one accepted run spends it
    resolution.accept_run(2)
    used = "select share, used_run_id, revoked_at is null from identity.churn_allowances order by allowance_id"
    assert registry.execute(used).fetchall() == [(0.02, None, False), (0.05, 2, True)]
    trend = "select churn_allowed_rate, churn_allowed_by from identity.quality_over_time where run_id = 2"
    assert registry.execute(trend).fetchall() == [(0.05, "ann")]


def test_a_record_without_a_customer_stops(registry: psycopg.Connection) -> None:
    registry.execute(
        "insert into intermediate.int_person_records values (%s, 'zendesk', null, null, 'Neu', null, false, false, 3),"
        " (%s, 'zendesk', null, null, 'Agent', null, true, false, 3),"
        " (%s, 'zendesk', null, null, 'Later', null, false, false, 9)",
        (uid(1000 + RECORDS), uid(1001 + RECORDS), uid(1002 + RECORDS)),
    )
    propose(registry, [(0, None), (1, 0)])
    measure_proposal(2)
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
    propose(registry, [(0, 0)])
    registry.execute("update identity.next_golden_customers set is_new = true, record_count = 4000")
    registry.execute("update identity.runs set records_total = 10000")
    assert audit() == {
        "record_counts_right": "critical",
        "clusters_of_plausible_size": "warning",
        "no_giant_cluster": "critical",
        "largest_customer_small": "critical",
        "ids_never_reused": "critical",
    }
    ((subject, figure, records),) = findings(registry, "customers_oversized")
    assert (subject, figure, records) == (str(uid(0)), 4000, [uid(1000), uid(1001)])


def test_a_live_customer_without_records_stops(registry: psycopg.Connection) -> None:
    propose(registry, [(0, 1), (1, 1)])
    registry.execute("update identity.next_golden_customers set status = 'live'")
    assert audit() == {"customers_have_records": "critical"}


ONE_PERSON = [
    {"given": "Robert", "born": "1980-03-04"}, {"given": "Bob", "born": "1980-04-03"}, {"given": "R.", "born": None},
    {"given": "Robrt", "born": "1980-03-05"}, {"full": "Smith, Rob", "born": "1980-01-01"},
    {"full": "Dr. Robert James Smith", "born": "1970-01-01"}, {"given": "Bobby"}, {"given": "James Robert"},
]  # fmt: skip


def test_nicknames_initials_and_typing_errors_are_one_person(registry: psycopg.Connection) -> None:
    plant(registry, [ONE_PERSON])
    assert audit() == {}


def test_mixed_up_people_are_noticed_then_stop(registry: psycopg.Connection) -> None:
    family = [
        {"given": name, "born": f"19{50 + 7 * n}-0{n + 1}-1{n}"}
        for n, name in enumerate(("Anna", "Bert", "Carl", "Dora"))
    ]
    plant(registry, [family, *([{"given": "Emil"}, {"given": "Emil"}] for _ in range(60))])
    assert audit() == {"given_names_plausible": "warning", "birth_dates_plausible": "warning"}
    for finding in ("customers_many_given_names", "customers_several_birth_dates"):
        ((subject, figure, records),) = findings(registry, finding)
        assert (subject, figure, len(records)) == (str(uid(100)), 4, 4)
    yesterday = registry.execute("select * from identity.record_links order by 1, 3").fetchall()
    registry.execute("delete from identity.next_record_links")
    registry.execute("delete from intermediate.int_person_records where source_platform = 'zendesk'")
    plant(registry, [*(family for _ in range(20)), *([{"given": "Emil"}, {"given": "Emil"}] for _ in range(180))])
    found = audit()
    assert found["given_names_not_mixed_up"] == "critical" and found["birth_dates_not_mixed_up"] == "critical"
    # what the DAG does then: yesterday's identities stay, and what was found can still be looked at
    result = expectations.audit_identities(2, raise_on_fail=False)
    resolution.discard_run(2, result.message)
    assert registry.execute("select * from identity.record_links order by 1, 3").fetchall() == yesterday
    assert len(findings(registry, "customers_many_given_names")) == 20
    erased = str(uid(1000 + RECORDS))
    assert forget_findings(registry, [erased]) == 2  # names and birth dates of the first customer
    assert forget_findings(registry, [erased]) == 0
    told = command("findings", "2")
    assert f"customers_many_given_names #1: customer {uid(100)} (4)" in told and "Anna" not in told
    assert "discarded" in command("quality") and f"{20}" in command("quality")
    assert json.loads(command("quality", "--json", "--limit", "1"))[0]["customers_many_given_names"] == 20
    assert "Nothing to find fault with" in command("findings", "1")


def test_weak_bridges_are_noticed_then_stop(registry: psycopg.Connection) -> None:
    customers = [[{"given": "Emil"}] * 4 for _ in range(50)] + [[{"given": "Emil"}] for _ in range(200)]
    plant(registry, customers)
    for customer in range(50):
        first = RECORDS + 4 * customer
        edge(registry, first, first + 1, 0.99)
        edge(registry, first + 2, first + 3, 0.99)
        edge(registry, first + 1, first + 2, 0.7 if customer < 3 else 0.95)
        if customer == 2:
            edge(registry, first, first + 3, 0.7)  # two links between the groups: no bridge
    assert audit() == {}
    (first_found, _) = findings(registry, "customers_weakly_bridged")
    assert first_found == (str(uid(100)), 0.7, [uid(1000 + RECORDS + 1), uid(1000 + RECORDS + 2)])
    registry.execute("update identity.next_match_edges set match_probability = 0.6 where match_probability = 0.95")
    assert audit() == {"bridges_few": "warning", "bridges_tolerable": "critical"}


def test_two_verified_accounts_stop_unless_decided(registry: psycopg.Connection) -> None:
    plant(registry, [[{"account": "7"}, {"account": "8"}], [{"account": "9"}, {"account": "9"}]])
    assert audit() == {"accounts_apart": "critical"}
    ((subject, figure, _),) = findings(registry, "customers_two_accounts")
    assert (subject, figure) == (str(uid(100)), 2)
    registry.execute(
        DECIDE,
        (uid(1000 + RECORDS), uid(1001 + RECORDS), "same"),
    )
    assert audit() == {}


def test_disregarded_decisions_stop(registry: psycopg.Connection) -> None:
    propose(registry, [(0, 0)])
    registry.execute(DECIDE, (uid(1000), uid(1001), "different"))
    registry.execute(DECIDE, (uid(1000), uid(1002), "different"))  # kept
    registry.execute(DECIDE, (uid(1004), uid(1006), "same"))
    assert audit() == {"decisions_kept": "critical"}
    assert [records for _, _, records in findings(registry, "decisions_disregarded")] == [
        [uid(1000), uid(1001)],
        [uid(1004), uid(1006)],
    ]


@pytest.mark.parametrize("count", ["merged_count", "split_count"])
def test_storms_stop(registry: psycopg.Connection, count: str) -> None:
    what = {"merged_count": ("merges_usual", "no_merge_storm"), "split_count": ("splits_usual", "no_split_storm")}[
        count
    ]
    propose(registry, [(0, 0)])
    registry.execute("delete from identity.runs where run_id = 2")
    registry.execute(
        f"insert into identity.runs (export_date, kind, status, records_changed, {count}, records_total)"
        " select date '2026-03-13' + n, 'increment', 'accepted', 1000 + 50 * n, 40 + n % 5, 200"
        " from generate_series(1, 9) n"
    )
    registry.execute(
        "insert into identity.runs (run_id, export_date, kind, records_changed, source_seq) overriding system value"
        " values (99, '2026-03-30', 'increment', 10000, 5)"
    )
    for table in ("next_record_links", "next_golden_customers"):
        registry.execute(f"update identity.{table} set run_id = 99")

    def of(events: int) -> set[str]:
        registry.execute(f"update identity.runs set {count} = {events} where run_id = 99")
        measure_proposal(99)
        return {check.check for check in expectations.audit_identities(99, raise_on_fail=False).failed}

    assert of(400) == set()  # ten times the changes, ten times the events: no storm
    assert of(800) == {what[0]}
    assert of(4000) == set(what)
    registry.execute("update identity.runs set records_changed = 10 where run_id = 99")
    assert of(19) == set()  # few are no storm, however few changes there were
    assert of(20) == set(what)


def test_values_of_too_many_are_noticed(registry: psycopg.Connection) -> None:
    propose(registry, [(0, 0)])
    registry.execute(
        "insert into identity.next_block_keys select 2, ('a' || lpad(n::text, 31, '0'))::uuid, 1005,"
        " case when n <= 10 then 7 else n end from generate_series(1, 300) n"
    )
    assert audit() == {}
    # with those that are stored the value has more holders than a phone may have
    registry.execute(
        "insert into identity.block_keys select ('b' || lpad(n::text, 31, '0'))::uuid, 1005, 7"
        " from generate_series(1, 60) n"
    )
    assert audit() == {"values_of_few": "warning"}
    ((subject, figure, records),) = findings(registry, "values_crowded")
    assert (subject, figure, len(records)) == ("phone", 70, 10)


def test_large_households_are_noticed(registry: psycopg.Connection) -> None:
    propose(registry, [(0, 0)])
    registry.execute(
        "insert into identity.next_households values (2, %s, 'live', null, 9, %s, true)", (uid(5000), uid(0))
    )
    assert audit() == {"households_of_plausible_size": "warning"}
    assert [row[:2] for row in findings(registry, "households_oversized")] == [(str(uid(5000)), 9)]


def test_runs_that_cannot_be_audited(registry: psycopg.Connection) -> None:
    assert expectations.audit_identities(1).passed
    registry.execute("update identity.runs set status = 'discarded' where run_id = 2")
    with pytest.raises(expectations.AuditError, match="discarded"):
        expectations.audit_identities(2)
    with pytest.raises(expectations.AuditError, match="no identity run 9"):
        expectations.audit_identities(9)
