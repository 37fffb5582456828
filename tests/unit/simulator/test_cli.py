"""The command line."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from simulator.cli import app


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_a_run_shows_what_it_wrote(tmp_path: Path) -> None:
    output = tmp_path / "o"
    code, text = run(
        "--customers", "400", "--end-date", "2026-03-02", "--seed", "1", "--output", str(output), "--history-days", "90"
    )  # fmt: skip
    assert code == 0 and "orders_export" in text and "400 persons" in text
    assert {p.name for p in output.iterdir()} >= {
        "shopify",
        "instagram",
        "segment",
        "zendesk",
        "point_of_sale",
        "_truth",
    }
    assert {p.name for p in (output / "segment" / "message").iterdir()} == {"dt=2026-03-01", "dt=2026-03-02"}


def test_wrong_arguments_say_what_to_write(tmp_path: Path) -> None:
    base = ("--customers", "10", "--seed", "1", "--output", str(tmp_path / "o"))
    assert "--nights or --end-date" in run(*base)[1]
    assert "lies before" in run(*base, "--end-date", "2020-01-01")[1]
    assert "one of the two" in " ".join(run(*base, "--nights", "9", "--end-date", "2026-03-03")[1].split())
    assert run(*base, "--nights", "1", "--faults", "perhaps")[0] == 2
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "x").write_text("")
    code, text = run(*base, "--nights", "1")
    assert code == 2 and "not an empty folder" in " ".join(text.split())
