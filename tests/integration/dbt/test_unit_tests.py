"""dbt's own unit tests, seeds' statistics, frameworks of stages that are rows of seeds only, coverage of rules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from simulated_nights import Brand

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))

from recipe import REPOSITORY, Kitchen

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"


@pytest.fixture(scope="module")
def built(brand: Brand) -> Brand:
    """The brand with its first night published."""
    return brand


def _dbt(arguments: list[str], tmp_path: Path) -> Any:
    """What dbt answers, on the project as a night parsed it."""
    from dbt.cli.main import dbtRunner

    from warehouse.dbt_invocation import _environment, _quiet_logging
    from warehouse.dbt_parse import parsed_project

    def options(target: Path) -> list[str]:
        places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
        return [*places, "--log-path", str(target), "--log-level", "none", "--log-level-file", "none"]

    with _environment(), _quiet_logging():
        manifest = parsed_project(PROJECT, lambda folder: dbtRunner().invoke(["parse", *options(folder)]))
        return dbtRunner(manifest=manifest).invoke([*arguments, *options(tmp_path)])


def test_dbt_unit_tests_pass(built: Brand, tmp_path: Path) -> None:
    result = _dbt(["test", "--select", "test_type:unit"], tmp_path)
    assert len(result.result) >= 5
    wrong = {item.node.name: item.message for item in result.result if str(item.status) != "pass"}
    assert wrong == {}


def test_seeds_have_statistics(built: Brand) -> None:
    """Autovacuum leaves tables of few rows alone: a join with one was planned as if it gave a row."""
    seeds = {path.stem for path in (PROJECT / "seeds").rglob("*.csv")}
    unknown = _rows(
        "select c.relname from pg_class as c where c.relnamespace = 'intermediate'::regnamespace and c.reltuples <> 0"
        " and not exists (select from pg_statistic as s where s.starelid = c.oid) and c.relkind = 'r'"
    )
    assert seeds & {name for (name,) in unknown} == set()


@pytest.fixture(scope="module")
def kitchen(built: Brand, tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    """docs/add-a-stage.md, followed to the letter in a copy of the project: five stages published, seven as rows."""
    kitchen = Kitchen.open(tmp_path_factory.mktemp("recipe") / "project", NIGHT=built.dates[0].isoformat())
    kitchen.follow(REPOSITORY / "docs" / "add-a-stage.md")
    return kitchen


def _rows(query: str) -> list[tuple[Any, ...]]:
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()


FIVE = {"awareness", "consideration", "purchase", "loyalty", "advocacy"}
# mart → its column of stages, other than those of nodes such as (start)
STAGED = {
    "fct_touchpoints": "stage_key", "fct_stage_entries": "stage_key", "fct_journeys": "furthest_stage_key",
    "fct_customer_stage_daily": "stage_key", "dim_customers": "current_stage_key", "stage_transition": "source_stage",
    "time_between_stages": "from_stage", "stage_scorecard": "stage_key", "next_step": "stage_key",
    "stage_population": "stage_key", "journey_map": "stage_key", "pain_point": "stage_code",
    "sentiment_stage": "stage_code", "opportunity": "stage_key",
}  # fmt: skip


def test_seeds_alone_bring_a_framework_of_five_stages(kitchen: Kitchen) -> None:
    assert "audit and publish marts" in kitchen.printed[-2]
    changed = subprocess.run(
        ["diff", "-rq", str(PROJECT), str(kitchen.root / "dbt_project")], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    assert changed
    assert [line for line in changed if "/seeds/" not in line or ".csv" not in line] == []
    for mart, column in STAGED.items():
        found = {row[0] for row in _rows(f"select distinct {column} from marts.{mart} where {column} is not null")}
        assert found <= FIVE | {"(start)", "(other)"}, mart
        assert len(found & FIVE) >= (1 if mart in ("pain_point", "time_between_stages", "opportunity") else 3), mart
    assert _rows("select distinct taxonomy_version from marts.fct_touchpoints") == [("five",)]
    assert _rows("select distinct taxonomy_version from marts.stage_taxonomy where is_in_force") == [("five",)]
    assert {row[0] for row in _rows("select distinct family from marts.fct_stage_entries")} == {
        "prospects", "customers", "fans",
    }  # fmt: skip
    # each stage plays its part: first orders are purchases, later ones loyalty
    assert _rows(
        "select count(*) from marts.fct_touchpoints where touchpoint_type = 'order_placed' and stage_key is distinct"
        " from case when customer_order_no = 1 then 'purchase' when customer_order_no > 1 then 'loyalty' end"
    ) == [(0,)]
    steps = _rows(
        "select scope, step_name, customers from marts.stage_funnel where persona_code = '(all)' and channel = '(all)'"
        " and cohort = '(all)' and scope in ('cradle_to_grave', 'loyal_customers') order by scope, step_no"
    )
    arc = [row for row in steps if row[0] == "cradle_to_grave"]
    assert [row[1] for row in arc] == ["Discovers the brand", "Considers it", "Buys", "Buys again", "Recommends"]
    assert arc[0][2] >= arc[1][2] >= arc[2][2] > 0
    assert _rows(
        "select planned_path from marts.journey_map_version where map_code = 'whole_arc' and observed_path is not null"
    ) == [(["awareness", "consideration", "purchase", "loyalty", "advocacy"],)]
    # what was published before in stages of v1 moved, and the log says by what
    assert ("fct_stage_entries", "rules") in _rows(
        "select mart, reason from marts.restatement_log where metric = 'stage_entries' and value_before > 0"
    )


def test_every_question_is_answered_in_five_stages(kitchen: Kitchen) -> None:
    from journeys.questions import ask_all, load_questions

    answers = {(a.question.number, a.question.asks): a for a in ask_all(load_questions())}
    assert len({number for number, _ in answers}) == 86
    of_stages = [a for a in answers.values() if a.question.room == "stages" and a.question.number != 61]
    assert [a.question.number for a in of_stages if not a.rows] == []


def test_seven_stages_with_rules_on_platform_sentiment_intent_and_sequence(
    kitchen: Kitchen, built: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    import warehouse

    seeds = kitchen.root / "dbt_project" / "seeds"
    swap = "s/,true$/,false/; s/^seven,(.*),false$/seven,\\1,true/"
    kitchen.run(f"sed -i -E '{swap}' dbt_project/seeds/taxonomies.csv")
    monkeypatch.setenv("JOURNEYLINE_DBT_PROJECT", str(seeds.parent))
    date = built.dates[0]
    assert warehouse.find_affected(date) > 100  # changed rules touch everybody
    warehouse.run_dbt("marts", date)
    found = dict(_rows("select stage_key, count(*) from marts_next.fct_stage_entries group by 1"))
    assert set(found) == {"see", "think", "ask", "choose", "buy", "get", "care"}
    for condition, stage in (
        ("t.touchpoint_type = 'review_written' and t.source_platform = 'judgeme'", "think"),
        ("t.touchpoint_type = 'review_written' and t.source_platform <> 'judgeme'", "care"),
        ("t.touchpoint_type = 'social_comment' and s.sentiment_class = 'positive'", "care"),
        ("t.touchpoint_type = 'social_comment' and s.sentiment_class = 'neutral' and t.intent = 'question'", "ask"),
        ("t.touchpoint_type in ('order_placed', 'store_purchase') and t.customer_order_no > 0", "buy"),
        (
            "t.touchpoint_type = 'page_view' and exists (select 1 from marts_next.fct_touchpoints d where"
            " d.golden_customer_id = t.golden_customer_id and d.touchpoint_no < t.touchpoint_no and d.touchpoint_type"
            " in ('shipment_delivered', 'store_purchase'))",
            "care",
        ),
    ):
        stages = _rows(
            "select distinct t.stage_key from marts_next.fct_touchpoints t left join intermediate.int_message_scores s"
            f" using (touchpoint_id) where not t.is_bot and {condition}"
        )
        assert stages == [(stage,)], condition
    # a framework that forgets types stops the build with the list of them, and BI still reads the five stages
    rules = (seeds / "stage_rules.csv").read_text()
    forgetful = [line for line in rules.splitlines() if not line.startswith(("seven,page_view", "seven,sms_click"))]
    (seeds / "stage_rules.csv").write_text("\n".join(forgetful) + "\n")
    with pytest.raises(Exception, match=r"without a stage rule.*: page_view, sms_click\."):
        warehouse.run_dbt("marts", date)
    (seeds / "stage_rules.csv").write_text(rules)
    assert _rows("select distinct taxonomy_version from marts.fct_touchpoints") == [("five",)]


def test_a_touchpoint_type_without_a_rule_stops_the_build_and_is_named(built: Brand) -> None:
    import warehouse

    with warehouse.connect() as connection:
        connection.execute(
            "update intermediate.int_touchpoints set touchpoint_type = 'brand_new_thing'"
            " where touchpoint_type = 'page_view'"
        )
    date = built.dates[0]
    assert warehouse.find_affected(date, everyone=True) > 0
    with pytest.raises(Exception, match=r"without a stage rule.*brand_new_thing"):
        warehouse.run_dbt("marts", date, select="fct_touchpoints")
