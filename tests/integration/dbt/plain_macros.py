"""Macros of the dbt project that are plain Jinja, rendered without dbt: the SQL that the models run, on any table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

MACROS = Path(__file__).resolve().parents[3] / "dbt_project" / "macros"


def render(file: str, macro: str, *arguments: Any, **named: Any) -> str:
    """The SQL that `macro` of macros/<file>.sql gives for the arguments."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(MACROS), extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined
    )
    return str(getattr(environment.get_template(f"{file}.sql").module, macro)(*arguments, **named))
