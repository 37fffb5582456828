"""A program that is killed leaves no query behind that the next run would have to wait for."""

from __future__ import annotations

import subprocess
import sys
import time

QUERY = "select 'left behind', pg_sleep(120)"
PROGRAM = f"""
import warehouse
with warehouse.connect() as connection:
    connection.execute({QUERY!r})
"""
RUNNING = "select count(*) from pg_stat_activity where datname = current_database() and query = %s and state = 'active'"


def _running() -> int:
    import warehouse

    with warehouse.connect() as connection:
        row = connection.execute(RUNNING, (QUERY,)).fetchone()
    assert row is not None
    return int(row[0])


def _wait_for(count: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while _running() != count:
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def test_a_killed_program_s_query_ends_with_it(database: str) -> None:
    program = subprocess.Popen([sys.executable, "-c", PROGRAM])
    try:
        assert _wait_for(1, 60)
    finally:
        program.kill()
        program.wait()
    assert _wait_for(0, 30)  # without a look at the client it would go on for two minutes
