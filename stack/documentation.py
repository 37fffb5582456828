"""`make docs`: dbt's model documentation and the data-quality documentation, as files that open without a server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from stack.errors import StackError
from stack.settings import stack_settings


def build() -> list[tuple[str, Path]]:
    """(title, path) of each documentation. Raises StackError when dbt cannot write its part."""
    import expectations
    from stack.system import prepare_warehouse

    prepare_warehouse()
    return [("Models (dbt)", _dbt_docs()), ("Data quality", Path(expectations.build_docs()))]


def _dbt_docs() -> Path:
    """dbt's documentation as one static page: catalogue of columns, lineage, tests."""
    from psycopg.conninfo import conninfo_to_dict

    import warehouse

    settings = stack_settings()
    target = settings.home / "dbt" / "docs"
    target.mkdir(parents=True, exist_ok=True)
    parts = conninfo_to_dict(warehouse.warehouse_url())
    environment = {
        **os.environ,
        "JL_DBT_HOST": str(parts.get("host") or "127.0.0.1"),
        "JL_DBT_PORT": str(parts.get("port") or 5432),
        "JL_DBT_USER": str(parts.get("user") or ""),
        "JL_DBT_PASSWORD": str(parts.get("password") or ""),
        "JL_DBT_DATABASE": str(parts.get("dbname") or ""),
        "JL_DBT_SSLMODE": str(parts.get("sslmode") or "prefer"),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    parsed = settings.home / "dbt" / "project" / "partial_parse.msgpack"
    if parsed.exists():  # the nights parsed the project: only what changed since is parsed again
        shutil.copyfile(parsed, target / parsed.name)
    project = str(settings.repository / "dbt_project")
    result = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "docs", "generate", "--static", "--project-dir", project,
         "--profiles-dir", project, "--target-path", str(target), "--log-path", str(target)],
        env=environment, cwd=project, capture_output=True, text=True,
    )  # fmt: skip
    if result.returncode != 0:
        raise StackError(f"dbt could not write its documentation:\n{result.stdout[-2000:]}{result.stderr[-1000:]}")
    return target / "static_index.html"
