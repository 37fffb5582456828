"""What a night does when little, nothing or something bad happens."""

from __future__ import annotations

import pytest

import resolution
from resolution.decisions import ContradictoryDecisionsError, make_decision, store_decisions
from resolution.store.accept import RunStateError
from tests.integration.resolution.resolution_world import Brand, make_world


def snapshot(brand: Brand) -> tuple:
    return (
        brand.links(),
        brand.evidence(),
        brand.golden(),
        brand.rows("select * from identity.golden_customers order by 1"),
    )


def test_a_night_of_nights(brand: Brand) -> None:
    """Unchanged, replayed, discarded, crashed: one warehouse, in this order, to spare the time of many."""
    records = make_world(60, 3)
    brand.put(records[:100])
    first = brand.night()
    assert first.kind == "full" and first.customers_total == len(brand.partition())
    accepted = snapshot(brand)

    # nothing changed
    again = brand.night()
    assert (again.kind, again.run_id) == ("unchanged", first.run_id)
    assert snapshot(brand) == accepted

    # rewritten but equal: replay is a no-op
    brand.put(records[:30])
    replay = brand.night()
    assert replay.kind == "increment" and replay.churn_rate == 0
    assert (replay.created_count, replay.merged_count, replay.split_count, replay.retired_count) == (0, 0, 0, 0)
    assert snapshot(brand) == accepted

    # a look at everybody rewrites nobody whose record says the same: they would all count as affected
    everybody = brand.night(full=True)
    assert everybody.kind == "full"
    assert brand.rows(f"select count(*) from identity.golden_records where run_id = {everybody.run_id}") == [(0,)]

    # a proposal changes nothing until it is accepted; a discarded one never does
    brand.put(records[100:])
    proposed = resolution.resolve_night("2024-04-01")
    assert snapshot(brand) == accepted
    quality = brand.rows(
        "select run_id, customers_touched, largest_customer from identity.run_quality order by 1 desc limit 1"
    )
    assert len(quality) == 1 and quality[0][0] == proposed.run_id and quality[0][1] > 0
    resolution.discard_run(proposed.run_id, "the audit failed")
    assert brand.rows("select count(*) from identity.next_record_links") == [(0,)]
    with pytest.raises(RunStateError, match="discarded"):
        resolution.accept_run(proposed.run_id)
    assert snapshot(brand) == accepted

    # a crash leaves nothing behind
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resolution.store.propose.write_golden_records", _explode)
        with pytest.raises(RuntimeError, match="power"):
            resolution.resolve_night("2024-04-01")
    assert brand.rows("select count(*) from identity.runs where status = 'proposed'") == [(0,)]
    assert snapshot(brand) == accepted

    # left over, proposed anew, and the same as the discarded one
    left_over = resolution.resolve_night("2024-04-01")
    fresh = resolution.resolve_night("2024-04-01")
    assert brand.rows("select status from identity.runs where run_id = %s", left_over.run_id) == [("discarded",)]
    same = (
        "kind",
        "records_total",
        "customers_total",
        "created_count",
        "merged_count",
        "split_count",
        "pairs_compared",
    )
    assert [getattr(fresh, f) for f in same] == [getattr(proposed, f) for f in same]

    # accepting crashes half-way: nothing; accepting twice: once
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resolution.store.accept.empty_next", _explode)
        with pytest.raises(RuntimeError, match="power"):
            resolution.accept_run(fresh.run_id)
    assert snapshot(brand) == accepted
    resolution.accept_run(fresh.run_id)
    done = snapshot(brand)
    resolution.accept_run(fresh.run_id)
    assert snapshot(brand) == done != accepted
    with pytest.raises(RunStateError, match="accepted"):
        resolution.discard_run(fresh.run_id, "too late")
    with pytest.raises(RunStateError, match="no identity run"):
        resolution.accept_run(10_000)


def _explode(*_: object, **__: object) -> None:
    raise RuntimeError("the power went")


def test_deleted_and_internal_records_are_nobody(brand: Brand) -> None:
    records = make_world(30, 4)
    agent = next(r for r in records if r.values["email"])
    agent.values["is_internal"] = True
    brand.put(records)
    brand.night()
    assert agent.key not in brand.links()
    lonely = next(p for p in brand.partition() if len(p) == 1)
    (key,) = lonely
    golden = brand.links()[key]
    record = next(r for r in records if r.key == key)
    brand.put([record], deleted=True)
    result = brand.night()
    assert result.retired_count == 1 and key not in brand.links()
    assert brand.rows("select status from identity.golden_customers where golden_customer_id = %s", golden) == [
        ("retired",)
    ]
    assert brand.rows("select count(*) from identity.golden_records where golden_customer_id = %s", golden) == [(0,)]
    brand.put([record])
    result = brand.night()
    assert result.revived_count == 1 and brand.links()[key] == golden
    agent.values["is_internal"] = False
    brand.put([agent])
    brand.night()
    assert agent.key in brand.links()


def test_decisions_hold_through_nights_and_training(brand: Brand) -> None:
    records = make_world(60, 6)
    brand.put(records)
    brand.night()
    together = sorted(next(p for p in sorted(brand.partition(), key=sorted) if len(p) >= 3))
    single = sorted(next(k for p in sorted(brand.partition(), key=sorted) if len(p) == 1 for k in p) for _ in (0,))[0]
    store_decisions(
        [
            make_decision(together[0], together[1], "different", "ann", "two sisters"),
            make_decision(together[0], single, "same", "ann", "she called"),
        ]
    )
    result = brand.night()
    assert result.kind == "increment" and result.records_changed == 0
    for _ in range(2):
        links = brand.links()
        assert links[together[0]] != links[together[1]]
        assert links[together[0]] == links[single]
        brand.night(retrain=True)
    with pytest.raises(ContradictoryDecisionsError, match="revoke one"):
        store_decisions(
            [
                make_decision(together[1], together[2], "same", "bob", "one person"),
                make_decision(together[0], together[2], "same", "bob", "one person"),
            ]
        )
    from resolution.decisions import revoke

    assert revoke(together[0], single) and not revoke(together[0], single)
    brand.night()
    assert brand.links()[together[0]] != brand.links()[single]
    versions = brand.rows("select count(*), count(*) filter (where is_active) from identity.model_parameters")
    assert versions == [(3, 1)]


def test_explanations_show_the_path_and_no_values(brand: Brand) -> None:
    records = make_world(60, 7)
    brand.put(records)
    brand.night()
    by_key = {r.key: r for r in records}
    part = sorted(max(brand.partition(), key=len))
    text = resolution.explain(part[0], part[-1]).text
    assert "are one customer" in text and "bits, probability" in text
    golden = brand.links()[part[0]]
    page = resolution.explain_customer(golden)
    assert f"live, {len(part)} records" in page.title and "<li>" in page.html
    named = next(by_key[k] for k in part if by_key[k].values["full_name"])
    for words in (text, page.text, page.html):
        assert named.values["full_name"] not in words
        assert "@" not in words
    assert named.values["full_name"] in resolution.explain_customer(golden, show_values=True).text
    stranger = next(k for k in brand.links() if k not in part)
    assert "two customers" in resolution.explain(part[0], stranger).text


def test_measurement_against_a_truth(brand: Brand, tmp_path) -> None:
    import polars as pl

    from resolution.measure import evaluate_warehouse, format_evaluation

    records = make_world(60, 9)
    brand.put(records)
    brand.night()
    rows = [
        (r.values["source_platform"], r.values["record_kind"], r.values["source_record_id"], r.person, False, True)
        for r in records[:-3]
    ]
    columns = ["source_platform", "kind", "value", "person_id", "is_shared", "is_linkable"]
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(tmp_path / "identifiers.parquet")
    result = evaluate_warehouse(tmp_path)
    assert result.records == len(records) and result.records_without_truth == 3
    assert result.customers == len(brand.partition())
    assert result.persons.pairwise_precision > 0.7
    assert "pairwise" in format_evaluation(result)


def test_first_nights_with_nobody_and_with_one(brand: Brand) -> None:
    nobody = brand.night()
    assert (nobody.kind, nobody.customers_total) == ("full", 0)
    brand.put(make_world(1, 1)[:1])
    one = brand.night()
    assert one.customers_total == 1 and one.created_count == 1
    brand.put(make_world(40, 2))
    many = brand.night()
    assert many.kind == "full" and many.parameter_version > one.parameter_version  # learned anew from more than one
    assert many.customers_total == len(brand.partition()) > 1
    before = brand.partition()
    brand.night(full=True)
    assert brand.partition() == before


def test_new_parameters_say_what_they_would_move_before_anybody_accepts_them(
    brand: Brand, caplog: pytest.LogCaptureFixture
) -> None:
    """Parameters with a threshold that hardly any pair reaches, and then freshly trained ones."""
    brand.put(make_world(60, 11))
    first = brand.night()
    brand.run("update identity.model_parameters set parameters = jsonb_set(parameters, '{threshold}', '0.9999999999')")
    strict = brand.night(full=True)
    assert strict.parameter_version == first.parameter_version and strict.split_count > 0
    accepted = snapshot(brand)

    proposed = resolution.resolve_night("2024-03-20", retrain=True)
    assert proposed.kind == "full" and proposed.parameter_version != first.parameter_version
    assert proposed.moved_count > 0 and proposed.merged_count > 0 and proposed.churn_rate > 0
    assert brand.rows("select churn_rate, merged_count from identity.runs where status = 'proposed'") == [
        (proposed.churn_rate, proposed.merged_count)
    ]
    assert f"would move {proposed.moved_count} records" in caplog.text
    assert snapshot(brand) == accepted
    resolution.discard_run(proposed.run_id, "too many moved")
    in_force = "select parameter_version from identity.model_parameters where is_active"
    assert brand.rows(in_force) == [(first.parameter_version,)]
    assert brand.night().kind == "unchanged" and snapshot(brand) == accepted

    again = brand.night(retrain=True)
    assert (again.moved_count, again.merged_count) == (proposed.moved_count, proposed.merged_count)
    assert brand.rows(in_force) == [(again.parameter_version,)]


def test_a_run_keeps_what_it_took(brand: Brand) -> None:
    records = make_world(30, 12)
    brand.put(records)
    brand.night()
    brand.put(records[:5])
    brand.night()
    (full,), (night,) = brand.rows("select figures from identity.runs order by run_id")
    assert {"read", "standardise", "keys", "clusters", "accept match_edges"} <= {p["phase"] for p in full["phases"]}
    assert {"reach", "scope", "clusters", "accept keys"} <= {p["phase"] for p in night["phases"]}
    assert all(p["seconds"] >= 0 and p["cpu_seconds"] >= 0 for p in full["phases"] + night["phases"])
    assert night["counts"]["focus"] == 5 and night["counts"]["universe"] >= 5 and night["peak_memory_mb"] > 0
