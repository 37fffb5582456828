"""What a night of identity resolution costs beside the full run: made-up people in an embedded warehouse of its own.

    .venv/bin/python -m benchmarks.identity_night --records 100000 --changed 1000 --home /tmp/night
    .venv/bin/python -m benchmarks.identity_night --home /tmp/night --again        # the same night, other code

The records go straight into `intermediate.int_person_records` and `int_identifiers`, as dbt would have left them. Three
nights follow, each in a process of its own, so that imports and peak memory count: a full one, one in which `--changed`
records are new, changed or gone, and one in which nothing happened. Between the first two the server's upkeep of what
the full run wrote is done and printed on its own, or it would fall into the second. Each prints the seconds of the
proposal and of its acceptance (wall, CPU of this program, CPU of the server) and the phases that the run stored; the
last line has the ratios. With `--home` the warehouse as it is before the night is kept beside it, and `--again` starts
from there, without the full run. Wall seconds mean little on a busy machine: read CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

DDL = """
create table intermediate.int_person_records (
    source_record_key uuid primary key, source_platform text, record_kind text, source_record_id text, email text,
    phone text, full_name text, given_name text, family_name text, birth_date date, address_line text, city text,
    postcode text, region text, country_code text, company text, is_email_verified boolean, is_phone_shared boolean,
    email_consent text, sms_consent text, email_consent_at timestamptz, sms_consent_at timestamptz,
    first_seen_at timestamptz, last_seen_at timestamptz, is_internal boolean, is_deleted boolean, _changed_seq bigint);
create index on intermediate.int_person_records (_changed_seq);
create table intermediate.int_identifiers (
    source_record_key uuid, identifier_type text, identifier_namespace text, identifier_value text, is_verified boolean,
    is_deleted boolean, first_seen_at timestamptz, last_seen_at timestamptz, _changed_seq bigint,
    primary key (source_record_key, identifier_type, identifier_namespace, identifier_value));
create index on intermediate.int_identifiers (identifier_value, identifier_namespace);
create index on intermediate.int_identifiers (_changed_seq);
"""
FULL = "full-run.json"
"""Beside what is kept for `--again`: the figures of its full run."""
PLATFORMS = ("shop", "crm", "help", "web")
KINDS = ("account", "contact", "support_user", "lead")


def make_people(records: int, changed: int, seed: int) -> tuple[Any, Any]:
    """(records, identifiers) of `records` people records and of half of `changed` that come later (column wave 2)."""
    import numpy as np
    import pandas as pd
    import polars as pl

    from benchmarks.identity_data import hard

    later = changed // 2
    frame = hard(records + later, seed, typo=0.04, missing=0.2)
    rng = np.random.default_rng(seed + 1)
    n = len(frame)
    platform = rng.integers(0, len(PLATFORMS), n)
    keys = frame["record_id"].map(lambda name: _key(f"people|{name}"))
    table = pd.DataFrame(
        {
            "source_record_key": keys,
            "source_platform": np.array(PLATFORMS, dtype=object)[platform],
            "record_kind": np.array(KINDS, dtype=object)[platform],
            "source_record_id": frame["record_id"],
            "email": frame["email"],
            "phone": frame["phone"],
            "given_name": frame["given_name"],
            "family_name": frame["surname"],
            "birth_date": pd.to_datetime(frame["birth_date"], errors="coerce").dt.strftime("%Y-%m-%d"),
            "address_line": frame["address"],
            "city": frame["city"],
            "postcode": frame["postcode"],
            "country_code": "US",
            "wave": np.where(np.arange(n) < records, 1, 2),
        }
    )
    people = pl.from_pandas(table)
    parts = [
        people.select(
            "source_record_key", "wave", identifier_type=pl.lit(kind), identifier_namespace=pl.lit("global"),
            identifier_value=kind, is_verified=pl.lit(False),
        ).drop_nulls("identifier_value")
        for kind in ("email", "phone")
    ]  # fmt: skip
    owned = pl.DataFrame(
        {
            "source_record_key": people["source_record_key"],
            "wave": people["wave"],
            "identifier_type": "account_id",
            "identifier_namespace": "shop.customer",
            "identifier_value": "c" + pl.Series(frame["person"].to_numpy()).cast(pl.String),
            "platform": platform,
            "is_verified": True,
        }
    )
    owned = owned.filter(pl.col("platform") == 0).drop("platform")  # only the shop gives accounts
    return people, pl.concat([*parts, owned])


def _key(text: str) -> str:
    from hashlib import md5

    digits = md5(text.encode(), usedforsecurity=False).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def fill(records: int, changed: int, seed: int) -> None:
    """The people of the first wave into the int tables; those of the second into tables aside."""
    import polars as pl

    import warehouse
    from resolution.store.bulk import copy_in

    warehouse.migrate()
    people, identifiers = make_people(records, changed, seed)
    with warehouse.connect(name="benchmark") as connection:
        connection.execute(DDL)
        connection.execute("create table public.later_records (like intermediate.int_person_records)")
        connection.execute("create table public.later_identifiers (like intermediate.int_identifiers)")
        for wave, schema, prefix in ((1, "intermediate", "int_person_"), (2, "public", "later_")):
            flags = [pl.lit(False).alias("is_deleted"), pl.lit(wave, dtype=pl.Int64).alias("_changed_seq")]
            rows = people.filter(pl.col("wave") == wave).drop("wave")
            copy_in(
                connection,
                f"{schema}.{prefix}records",
                rows.with_columns(*flags, is_internal=pl.lit(False)).to_arrow(),
            )
            values = identifiers.filter(pl.col("wave") == wave).drop("wave").with_columns(*flags).to_arrow()
            copy_in(connection, f"{schema}.{'int' if wave == 1 else 'later'}_identifiers", values)
    with warehouse.connect(autocommit=True, name="benchmark") as connection:
        connection.execute("vacuum analyze intermediate.int_person_records")
        connection.execute("vacuum analyze intermediate.int_identifiers")


def change(changed: int) -> None:
    """What a day brings: half new records, three eighths with another e-mail, phone or name, one eighth gone."""
    import warehouse

    rewritten, gone = changed * 3 // 8, changed // 8
    with warehouse.connect(name="benchmark") as connection:
        connection.execute("insert into intermediate.int_person_records select * from public.later_records")
        connection.execute("insert into intermediate.int_identifiers select * from public.later_identifiers")
        connection.execute(
            """create temp table picked on commit drop as
               select source_record_key, row_number() over (order by md5(source_record_key::text)) as n
               from intermediate.int_person_records where _changed_seq = 1 order by n limit %s""",
            (rewritten + gone,),
        )
        connection.execute(
            """update intermediate.int_person_records r
               set email = case n %% 3 when 0 then 'new' || n || '@mail.org' else email end,
                   phone = case n %% 3 when 1 then '+1416' || lpad((2000000 + n)::text, 7, '0') else phone end,
                   given_name = case n %% 3 when 2 then upper(given_name) else given_name end, _changed_seq = 2
               from picked p where p.source_record_key = r.source_record_key and n <= %s""",
            (rewritten,),
        )
        connection.execute(
            """update intermediate.int_identifiers i set identifier_value = r.email, _changed_seq = 2
               from picked p join intermediate.int_person_records r using (source_record_key)
               where i.source_record_key = p.source_record_key and i.identifier_type = 'email' and n %% 3 = 0
                 and n <= %s and r.email is not null""",
            (rewritten,),
        )
        for table in ("int_person_records", "int_identifiers"):
            connection.execute(
                f"""update intermediate.{table} r set is_deleted = true, _changed_seq = 2
                    from picked p where p.source_record_key = r.source_record_key and n > %s""",  # noqa: S608
                (rewritten,),
            )
    with warehouse.connect(autocommit=True, name="benchmark") as connection:
        connection.execute("analyze intermediate.int_person_records")
        connection.execute("analyze intermediate.int_identifiers")


def settle() -> dict[str, Any]:
    """The server's upkeep of what was written so far, which it would do by itself at some time; what it took."""
    import warehouse

    begin, server = time.perf_counter(), server_seconds()
    with warehouse.connect(autocommit=True, name="benchmark") as connection:
        connection.execute("vacuum (analyze)")
    return _seconds(time.perf_counter() - begin, 0.0, server_seconds() - server)


def night(date: str, *, accept: bool = True) -> dict[str, Any]:
    """One night in this process: seconds, memory, figures of the run."""
    begin, used = time.perf_counter(), time.process_time()
    server = server_seconds()
    import resolution

    run = resolution.resolve_night(date)
    proposed = (time.perf_counter() - begin, time.process_time() - used, server_seconds() - server)
    if accept:
        resolution.accept_run(run.run_id)
    total = (time.perf_counter() - begin, time.process_time() - used, server_seconds() - server)
    return {
        **{k: v for k, v in run.to_dict().items() if v},
        **_stored_figures(run.run_id),
        "propose": _seconds(*proposed),
        "accept": _seconds(*(t - p for t, p in zip(total, proposed, strict=True))),
        "total": _seconds(*total),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "modules": [m for m in ("sklearn", "recordlinkage", "pandas", "scipy", "numba") if m in sys.modules],
    }


def _stored_figures(run_id: int) -> dict[str, Any]:
    """Phases (seconds, CPU seconds of the program) and counts that the run keeps."""
    import warehouse

    with warehouse.connect(name="benchmark") as connection:
        row = connection.execute("select figures from identity.runs where run_id = %s", (run_id,)).fetchone()
    figures = dict(row[0]) if row else {}
    phases = {p["phase"]: f"{p['seconds']} ({p['cpu_seconds']})" for p in figures.pop("phases", [])}
    return {"phases": phases, **figures}


def _seconds(wall: float, cpu: float, server: float) -> dict[str, float]:
    return {
        "wall": round(wall, 2), "cpu": round(cpu, 2), "server_cpu": round(server, 2),
        "all_cpu": round(cpu + server, 2),
    }  # fmt: skip


def server_seconds() -> float:
    """CPU seconds of the embedded server so far: the postmaster, the backends it has buried, and those alive."""
    from warehouse.settings import settings

    pid_file = next(Path(settings().home).rglob("postmaster.pid"), None)
    if pid_file is None:
        return 0.0
    master = int(pid_file.read_text().split()[0])
    total = _ticks(master, with_children=True)
    for child in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        total += _ticks(int(child), with_children=False)
    return total / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int, *, with_children: bool) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # it ended between the list and the look
        return 0
    own = int(fields[11]) + int(fields[12])
    return own + (int(fields[13]) + int(fields[14]) if with_children else 0)


def _step(name: str, home: Path, *arguments: str) -> dict[str, Any]:
    """Run one step of this program in a process of its own; its last line of output as JSON."""
    command = [sys.executable, "-m", "benchmarks.identity_night", "--step", name, *arguments]
    environment = {**os.environ, "JOURNEYLINE_HOME": str(home)}
    environment.pop("JOURNEYLINE_WAREHOUSE_URL", None)
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.strip().splitlines()
    return dict(json.loads(lines[-1])) if lines else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, help="keep the warehouse here (default: a folder that is removed)")
    parser.add_argument("--again", action="store_true", help="only the nights, from what an earlier --home has kept")
    parser.add_argument("--step", choices=["fill", "change", "settle", "night", "stop"], help=argparse.SUPPRESS)
    parser.add_argument("--date", default="2026-03-01", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        _one_step(given)
        return
    if given.again and given.home is None:
        parser.error("--again starts from what an earlier run has kept: name its --home")
    home = given.home or Path(tempfile.mkdtemp(prefix="identity-night-"))
    kept = home.with_name(f"{home.name}-before-the-night")
    size = ("--records", str(given.records), "--changed", str(given.changed), "--seed", str(given.seed))
    nights: dict[str, dict[str, Any]] = {}
    try:
        if given.again:
            _step("stop", home)
            _copy(kept, home)
            nights["full"] = json.loads((kept / FULL).read_text())
        else:
            nights["full"] = _before_the_night(home, size)
            if given.home is not None:
                _step("stop", home)
                (home / FULL).write_text(json.dumps(nights["full"]))
                _copy(home, kept)
        nights["night"] = _step("night", home, "--date", "2026-03-02")
        print(json.dumps({"night": nights["night"]}, indent=1), flush=True)
        nights["quiet"] = _step("night", home, "--date", "2026-03-03")
        print(json.dumps({"quiet": nights["quiet"]}, indent=1), flush=True)
        whole = nights["full"]["total"]
        ratio = {
            name: {kind: round(nights[name]["total"][kind] / whole[kind], 4) for kind in ("wall", "all_cpu")}
            for name in ("night", "quiet")
        }
        people = {
            "records": nights["full"]["records_total"],
            "changed": nights["night"]["records_changed"],
        }
        print(json.dumps({**people, "share of the full run": ratio}))
    finally:
        _step("stop", home)
        if given.home is None:
            shutil.rmtree(home, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """A home with everything in it, owners too: the server's files may belong to an account of their own."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def _before_the_night(home: Path, size: tuple[str, ...]) -> dict[str, Any]:
    """Fill a warehouse, run the full night and change what a day changes; the full night's figures."""
    _step("fill", home, *size)
    full = _step("night", home, "--date", "2026-03-01")
    print(json.dumps({"full": full}, indent=1), flush=True)
    _step("change", home, *size)
    print(json.dumps({"upkeep": _step("settle", home)}), flush=True)
    return full


def _one_step(given: argparse.Namespace) -> None:
    import warehouse
    from warehouse.server import EmbeddedServer
    from warehouse.settings import settings

    if given.step == "stop":
        EmbeddedServer(Path(settings().home)).stop()
    elif given.step == "fill":
        fill(given.records, given.changed, given.seed)
    elif given.step == "change":
        change(given.changed)
    elif given.step == "settle":
        print(json.dumps(settle()))
    else:
        warehouse.connect().close()
        print(json.dumps(night(given.date), default=str))


if __name__ == "__main__":
    main()
