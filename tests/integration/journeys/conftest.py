"""One brand of 2,500 simulated persons. Its night is published once per session, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import BASE, FULL_TEMPLATE, _run, ensure_full_template, ensure_template, fresh_database
from tests.integration.journeys.answering_brand import planted, publish

ANSWERS_TEMPLATE = "journeyline_template_answers"


@pytest.fixture(scope="module")
def answers_database(warehouse_server: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the module's own copy of the published brand."""
    folder = BASE / f"session-{_run()}" / "answers"
    ensure_full_template(warehouse_server, tmp_path_factory)
    ensure_template(
        warehouse_server, ANSWERS_TEMPLATE, tmp_path_factory.mktemp("answers"),
        template=FULL_TEMPLATE, fill=lambda: publish(folder),
    )  # fmt: skip
    with fresh_database(warehouse_server, tmp_path_factory.mktemp("home"), template=ANSWERS_TEMPLATE) as url:
        yield url


@pytest.fixture(scope="module")
def truth(answers_database: str) -> dict[str, Any]:
    """Planted effects of the brand whose night is published."""
    return planted(BASE / f"session-{_run()}" / "answers")
