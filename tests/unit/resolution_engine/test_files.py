"""The file commands as a person runs them."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from benchmarks.identity_data import hard
from resolution.__main__ import app
from resolution.suggestion import column_profiles, suggest_config

run = CliRunner().invoke


@pytest.fixture
def people(tmp_path: Path) -> Path:
    frame = hard(500, seed=9).drop(columns=["source", "birth_place", "occupation", "sex"])
    file = tmp_path / "people.csv"
    frame.to_csv(file, index=False, sep=";")
    return file


def test_suggest_link_evaluate_profile(people: Path, tmp_path: Path) -> None:
    config, clusters = tmp_path / "match.yml", tmp_path / "clusters.parquet"
    assert run(app, ["suggest", str(people), "--output", str(config)]).exit_code == 0
    linked = run(app, ["link", str(people), "--config", str(config), "--output", str(clusters)])
    assert linked.exit_code == 0, linked.output
    assert "500 records" in linked.output
    table = pl.read_parquet(clusters)
    assert table.columns == ["record_id", "golden_customer_id", "match_probability", "cluster_size"]
    assert table.height == 500
    sizes = table.group_by("golden_customer_id").agg(pl.len(), pl.col("cluster_size").first())
    assert (sizes["len"] == sizes["cluster_size"]).all()
    assert table.filter(pl.col("cluster_size") > 1)["match_probability"].null_count() == 0
    measured = run(
        app, ["evaluate", str(clusters), str(people), "--truth-column", "person", "--record-id", "record_id", "--json"]
    )
    assert json.loads(measured.output)["pairwise_f1"] > 0.9
    assert "given_name" in run(app, ["profile", str(people)]).output


def test_golden_ids_do_not_depend_on_the_order_of_the_file(people: Path, tmp_path: Path) -> None:
    back = tmp_path / "back.csv"
    pl.read_csv(people, separator=";", infer_schema=False).reverse().write_csv(back)
    found = []
    for file in (people, back):
        out = tmp_path / f"{file.stem}_clusters.csv"
        assert run(app, ["link", str(file), "--output", str(out)]).exit_code == 0
        found.append(pl.read_csv(out).sort("record_id"))
    assert found[0].equals(found[1])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            "record_id: record_id\nattributes: {nothing: string}\n",
            "attributes.nothing.column names the column 'nothing'",
        ),
        ("record_id: record_id\nattributes: {city: town}\n", "attributes.city.type"),
        ("record_id: person\nattributes: {city: city}\n", "stands in records 1 and"),
        ("attributes: [", "not valid YAML"),
    ],
)
def test_wrong_configurations_say_what_to_do(people: Path, tmp_path: Path, config: str, message: str) -> None:
    file = tmp_path / "match.yml"
    file.write_text(config)
    result = run(app, ["link", str(people), "--config", str(file), "--output", str(tmp_path / "c.csv")])
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")


def test_wrong_files_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    for name, message in ((empty, "empty"), (tmp_path / "gone.csv", "no such file")):
        result = run(app, ["profile", str(name)])
        assert result.exit_code == 2
        assert message in result.output


def test_types_follow_names_and_values() -> None:
    frame = pl.DataFrame(
        {
            "CustomerID": ["1", "2", "3"],
            "First Name": ["Ann", "Bob", "Cy"],
            "surname": ["a", "b", "c"],
            "E-Mail": ["a@b.de"] * 3,
            "contact": ["x@y.de", "z@y.de", "q@y.de"],
            "plz": ["1", "2", "3"],
            "DOB": ["2000-01-01"] * 3,
            "empty": [None] * 3,
        }
    )
    kinds = {p.name: p.suggested for p in column_profiles(frame)}
    assert kinds == {
        "CustomerID": "record_id",
        "First Name": "given_name",
        "surname": "family_name",
        "E-Mail": "email",
        "contact": "email",
        "plz": "postcode",
        "DOB": "birth_date",
        "empty": "",
    }
    assert "First Name: given_name" in suggest_config(frame, "x.csv")
