"""Data Docs: what is expected of the data, in plain words, and what the last audits found. Static, self-contained HTML.

Built from the suite files and ops.gate_results, so it shows what stopped a night long after the rows are gone. (Great
Expectations' own pages load their style and scripts from the internet and know only the running process's results.)
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from expectations import history
from expectations.suites import FIGURE_TYPE, Check, Suite, load_all

TEMPLATES = Path(__file__).parent / "templates"


def build_docs(limit: int = 60) -> Path:
    """Write index.html under $JOURNEYLINE_HOME/data_docs and return its path. limit: how many audits to show."""
    import jinja2

    import warehouse

    audits = history.audits(limit=limit)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("data_docs.html.j2").render(
        audits=[(audit, results) for audit, results in history.all_checks(audits).items()],
        latest=_latest(audits),
        suites=[(suite, _rules(suite)) for suite in load_all()],
        newest=max((audit.export_date for audit in audits if audit.export_date), default=None),
    )
    return _write(warehouse.settings().home / "data_docs" / "index.html", page)


def _latest(audits: list[history.Audit]) -> list[history.Audit]:
    """Per gate (batches by object), the newest audit only."""
    seen: dict[tuple[str, str], history.Audit] = {}
    for audit in audits:
        seen.setdefault((audit.point, audit.what), audit)
    order = {"batch": 0, "identities": 1, "marts": 2}
    return sorted(seen.values(), key=lambda audit: (order.get(audit.point, 9), audit.what))


def _rules(suite: Suite) -> list[tuple[str, Check, str]]:
    """(object, check, rule in words) of a suite."""
    sections = [("every object" if suite.layer == "batch" else "", suite.checks)]
    sections += [(name, section.checks) for name, section in suite.objects.items()]
    return [(name, check, _rule(check)) for name, checks in sections for check in checks]


def _rule(check: Check) -> str:
    given: dict[str, Any] = {name: value for name, value in check.arguments.items() if value is not None}
    subject = check.figure if check.type == FIGURE_TYPE else check.type.removeprefix("expect_").replace("_", " ")
    return f"{subject}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in given.items())


def _write(path: Path, page: str) -> Path:
    """Replace a file in one step, so that nobody ever opens half a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".html")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page)
    Path(name).chmod(0o644)
    Path(name).replace(path)
    return path
