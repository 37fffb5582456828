"""The night's report: one self-contained HTML file made from the published marts and the run book."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from journeys import charts, queries, wording
from journeys.errors import ReportError

TEMPLATES = Path(__file__).parent / "templates"
SALES_NIGHTS, TICKET_NIGHTS = 28, 90
QUESTIONS: dict[str, queries.Question] = {
    name.lower(): value for name, value in vars(queries).items() if isinstance(value, queries.Question)
}
Answers = dict[str, list[dict[str, Any]] | None]


def write_report(export_date: date | str, *, evaluation: Mapping[str, float] | Path | str | None = None) -> Path:
    """Write `$JOURNEYLINE_HOME/reports/journeyline-<export date>.html` and `latest.html`; returns the former.

    evaluation: match quality against a known truth, as resolution.evaluate(...).to_dict() or a JSON file of it; by
    default `reports/evaluation-<export date>.json` where it exists.
    Reads one snapshot; holds aggregates only. Sections whose tables do not exist yet say so.
    Errors: ReportError for a date or an evaluation that cannot be read.
    """
    import warehouse

    night = _night(export_date)
    folder = warehouse.settings().home / "reports"
    quality = _evaluation(evaluation, folder / f"evaluation-{night}.json")
    answers, missing = _ask(night)
    page = render(build_context(night, answers, missing, quality))
    path = _write(folder / f"journeyline-{night}.html", page)
    _write(folder / "latest.html", page)
    return path


def _night(export_date: date | str) -> date:
    try:
        return export_date if isinstance(export_date, date) else date.fromisoformat(str(export_date))
    except ValueError as error:
        raise ReportError(f"{export_date!r} is not a date: write it as YYYY-MM-DD") from error


def _evaluation(given: Mapping[str, float] | Path | str | None, default: Path) -> dict[str, float] | None:
    if isinstance(given, Mapping):
        return dict(given)
    path = Path(given) if given is not None else default
    if given is None and not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in found.items() if isinstance(value, int | float)}
    except (OSError, ValueError, AttributeError) as error:
        raise ReportError(f"{path}: not a JSON object of match-quality figures ({type(error).__name__})") from error


def _ask(night: date) -> tuple[Answers, dict[str, list[str]]]:
    """Answers by question, and for each question the tables that it lacks (none: it was asked)."""
    from journeys.reading import snapshot

    parameters = {
        "night": night,
        "from_date": night - timedelta(days=SALES_NIGHTS - 1),
        "tickets_from_date": night - timedelta(days=TICKET_NIGHTS - 1),
    }
    with snapshot(parameters) as warehouse_now:
        answers = {name: warehouse_now.rows(asked.sql, asked.needs) for name, asked in QUESTIONS.items()}
        missing = {name: warehouse_now.missing(asked.needs) for name, asked in QUESTIONS.items()}
    return answers, missing


def build_context(
    night: date, answers: Answers, missing: Mapping[str, list[str]], quality: Mapping[str, float] | None
) -> dict[str, Any]:
    """Everything the template shows, from the answers alone (no database, so it is easy to test)."""
    batches = answers["batches"] or []
    runs = answers["identity_runs"] or []
    run = next((run for run in runs if run["export_date"] == night), None)
    publishes = answers["publishes"] or []
    customers = next(iter(answers["customers"] or []), None)
    funnel_steps = _by_scope(answers["funnel"] or [])
    sales = answers["sales"] or []
    return {
        "night": night,
        "answers": answers,
        "missing": missing,
        "quality": quality,
        "rows": {name: sum(batch[name] for batch in batches) for name in _ROW_COUNTS},
        "accounted": all(_accounted(batch) for batch in batches if batch["status"] == "promoted"),
        "run": run,
        "publish": next((item for item in publishes if item["export_date"] == night), None),
        "customers": customers,
        "funnels": [
            {"scope": scope, "steps": steps, "wide": charts.funnel(steps, 960), "narrow": charts.funnel(steps, 340)}
            for scope, steps in funnel_steps.items()
        ],
        "sales_total": _total(sales),
        "sales_wide": _sales_days(answers, 960),
        "sales_narrow": _sales_days(answers, 340),
        "audits": _audits(answers["gates"] or []),
        "layers": _layers(answers["nodes"] or []),
        "sales_nights": SALES_NIGHTS,
        "ticket_nights": TICKET_NIGHTS,
    }


_ROW_COUNTS = ("rows_read", "rows_promoted", "rows_unchanged", "rows_duplicate", "rows_rejected")


def _accounted(batch: Mapping[str, Any]) -> bool:
    return bool(batch["rows_read"] == sum(batch[name] for name in _ROW_COUNTS[1:]))


def _by_scope(steps: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    scopes: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        scopes.setdefault(step["scope"], []).append(step)
    return scopes


def _total(sales: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("orders", "orders_tonight", "repeat_orders", "revenue", "refunded", "refunded_orders")
    total: dict[str, Any] = {name: sum(row[name] or 0 for row in sales) for name in names}
    return total | {"currency_code": sales[0]["currency_code"] if sales else None}


def _sales_days(answers: Answers, width: int) -> charts.Days | None:
    found = answers["sales_days"]
    return charts.days([(row["day"], row["revenue"]) for row in found], width) if found else None


def _audits(gates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry per audit: its checks counted, its failures listed."""
    audits: dict[tuple[str, str], dict[str, Any]] = {}
    for row in gates:
        audit = audits.setdefault(
            (row["point"], row["subject"]),
            {"point": row["point"], "subject": row["subject"], "what": row["what"], "checks": 0, "failed": []},
        )
        audit["checks"] += 1
        if not row["passed"]:
            audit["failed"].append(row)
    for audit in audits.values():
        severities = {row["severity"] for row in audit["failed"]}
        audit["worst"] = next((name for name in ("critical", "warning", "info") if name in severities), None)
    return list(audits.values())


def _layers(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    layers: dict[str, dict[str, Any]] = {}
    for node in nodes:
        layer = layers.setdefault(node["layer"], {"nodes": 0, "seconds": 0.0})
        layer["nodes"] += 1
        layer["seconds"] += node["seconds"] or 0.0
    return {"sums": layers, "slowest": nodes[:12], "longest": max((node["seconds"] or 0 for node in nodes), default=0)}


def render(context: Mapping[str, Any]) -> str:
    """The page. Every value is escaped; nothing is loaded from outside."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for name in ("count", "rate", "money", "duration", "seconds"):
        environment.filters[name] = getattr(wording, name)
    environment.globals["share"] = wording.share
    return environment.get_template("report.html.j2").render(**context)


def _write(path: Path, page: str) -> Path:
    """Replace a file in one step, so that nobody ever opens half a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".html")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page)
    Path(name).chmod(0o644)
    Path(name).replace(path)
    return path
