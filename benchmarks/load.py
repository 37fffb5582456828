"""How fast exports become audited raw tables, beside plain COPY and dlt loading the same files.

    python -m benchmarks.load [--rows 1000000] [--formats csv,jsonl,graph,segment] [--peers copy,dlt]

Makes a 10-column CSV and a JSON lines file (seeded), pages of Graph comments with replies and Segment events, then, in
this one run and on the warehouse of the settings:
  journeyline   land (fetch, parse, type, COPY) + audit_batch + promote into an empty raw table
  copy text     psycopg COPY of the CSV into a table of ten text columns, of JSON lines into one (the least to do)
  copy typed    the same into typed columns, JSON into jsonb
  dlt           dlt's filesystem-free pipeline reading the same file, if dlt is installed (requirements-bench.lock)
Each measurement is a process of its own; its peak memory is the process's resident set. CPU s counts that process and
the embedded server, and is the figure to compare on a machine with other work. Rows per second count the whole way of
the file. Contracts of the measured objects are made for the run; nothing of the product's is changed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.documents import make_documents

COLUMNS = (
    "order_id",
    "customer_id",
    "email",
    "created_at",
    "status",
    "quantity",
    "price",
    "is_gift",
    "country",
    "note",
)
TYPES = ("text", "text", "text", "timestamptz", "text", "integer", "numeric(18,2)", "boolean", "text", "text")
NIGHT = "2026-01-31"
NESTED = {"graph": ("instagram", "comment"), "segment": ("segment", "message")}  # kind → shipped contract, object
CONTRACT = """
platform: {platform}
title: Benchmark
description: Made by benchmarks/load.py.
objects:
  sale:
    description: One row = one sale.
    files:
      - {{pattern: "sale/dt={{date}}/*.csv", format: csv}}
      - {{pattern: "sale/dt={{date}}/*.jsonl", format: json, line_delimited: true}}
    key: [order_id]
    columns:
      order_id: {{required: true}}
      customer_id: {{}}
      email: {{pii: email}}
      created_at: {{type: timestamptz, required: true}}
      status: {{}}
      quantity: {{type: integer}}
      price: {{type: "numeric(18,2)"}}
      is_gift: {{type: boolean}}
      country: {{}}
      note: {{}}
"""


def make_file(path: Path, rows: int, seed: int = 7) -> None:
    """A seeded file of `rows` sales, about 110 bytes each as CSV."""
    draw = random.Random(seed)
    notes = ["", "", "", "ring twice", "leave it, please, at the door", "gift"]
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            file.write(",".join(COLUMNS) + "\n")
        for n in range(rows):
            note = notes[draw.randrange(6)]
            when = f"2026-01-{1 + n % 30:02d}T{n % 24:02d}:{n % 60:02d}:{draw.randrange(60):02d}+01:00"
            customer, quantity, price = (
                draw.randrange(rows // 3 + 1),
                draw.randrange(1, 9),
                f"{draw.randrange(99999) / 100:.2f}",
            )
            values = (f"ord-{n:09d}", f"c{customer}", f"person{customer}@example.org", when, "paid", quantity, price)
            gift = draw.random() < 0.1
            if path.suffix == ".csv":
                text = f'"{note}"' if "," in note else note
                file.write(",".join(map(str, values)) + f",{'true' if gift else 'false'},DE,{text}\n")
            else:
                file.write(json.dumps(dict(zip(COLUMNS, (*values, gift, "DE", note), strict=True))) + "\n")


def journeyline(path: Path) -> dict[str, float]:
    """Export file → audited raw; seconds of each step. Nested documents use the contracts of their platforms, under
    other names."""
    import connectors
    import expectations
    import warehouse
    from connectors import catalogue, contracts

    kind = path.name.split(".")[-2] if path.suffix == ".jsonl" and "." in path.stem else path.suffix[1:]
    shipped, table = NESTED.get(kind, ("", "sale"))
    platform = f"bench_{kind}"
    folder = path.parent / platform
    exports = folder / "exports" / platform / table / f"dt={NIGHT}"
    exports.mkdir(parents=True, exist_ok=True)
    os.link(path, exports / path.name)
    text = CONTRACT.format(platform=platform)
    if shipped:
        text = (
            (contracts.CONTRACTS / f"{shipped}.yml")
            .read_text()
            .replace(f"platform: {shipped}", f"platform: {platform}")
        )
    catalogue.CONTRACTS = contracts.CONTRACTS = folder
    (folder / f"{platform}.yml").write_text(text)
    with warehouse.connect() as connection:
        for schema in ("landing", "raw"):
            connection.execute(f'drop table if exists {schema}."{platform}__{table}"'.encode())
        connection.execute("delete from ops.batch_ledger where platform = %s", (platform,))
    import duckdb  # noqa: F401 - paid once a night, not once a file
    import great_expectations  # noqa: F401
    import pyarrow.csv  # noqa: F401

    times = [(time.perf_counter(), cpu_seconds())]
    landed = connectors.land(platform, NIGHT, str(folder / "exports"))
    (batch,) = (found for found in landed if found.object == table)
    times.append((time.perf_counter(), cpu_seconds()))
    if batch.status != "landed":
        raise SystemExit(f"{batch.status}: {batch.reason}")
    expectations.audit_batch(batch.batch_id)
    times.append((time.perf_counter(), cpu_seconds()))
    result = warehouse.promote(batch.batch_id, connectors.table_spec(platform, table))
    times.append((time.perf_counter(), cpu_seconds()))
    assert result.rows_inserted == result.rows_read
    figures = {"seconds": times[-1][0] - times[0][0], "cpu": times[-1][1] - times[0][1]}
    for name, before, after in zip(("land", "audit", "promote"), times, times[1:], strict=False):
        figures |= {name: after[0] - before[0], f"{name} cpu": after[1] - before[1]}
    return figures


def cpu_seconds() -> float:
    """Processor seconds so far of this process and of the embedded server's processes (0 for another server)."""
    import psutil

    import warehouse

    total = time.process_time()
    try:
        server = psutil.Process(int((warehouse.settings().home / "pgdata" / "postmaster.pid").read_text().split()[0]))
    except (OSError, psutil.NoSuchProcess):
        return total
    for process in (server, *server.children()):
        with contextlib.suppress(psutil.NoSuchProcess):  # a backend that ended meanwhile is counted by its parent
            spent = process.cpu_times()
            total += spent.user + spent.system
    spent = server.cpu_times()
    return total + spent.children_user + spent.children_system


def plain_copy(path: Path, typed: bool) -> dict[str, float]:
    """psycopg COPY of the file, straight into one table; JSON lines go whole into one column (typed: jsonb)."""
    import warehouse

    if path.suffix == ".csv":
        kinds = TYPES if typed else ("text",) * len(COLUMNS)
        listed = ", ".join(f"{name} {kind}" for name, kind in zip(COLUMNS, kinds, strict=True))
        form = "format csv, header"
    else:
        listed = f"document {'jsonb' if typed else 'text'}"
        form = r"format csv, quote e'\x01', delimiter e'\x02'"  # bytes that JSON never has: a line is one cell
    with warehouse.connect() as connection:
        connection.execute("drop table if exists public.bench_copy")
        connection.execute(f"create table public.bench_copy ({listed})".encode())
        start = time.perf_counter()
        copying = f"copy public.bench_copy from stdin ({form})".encode()
        with path.open("rb") as file, connection.cursor() as cursor, cursor.copy(copying) as copy:
            while chunk := file.read(1 << 20):
                copy.write(chunk)
        connection.commit()
        seconds = time.perf_counter() - start
        connection.execute("drop table public.bench_copy")
    return {"seconds": seconds}


def with_dlt(path: Path) -> dict[str, float]:
    """dlt loading the same file into the same server; {} when dlt is not installed."""
    try:
        import dlt
    except ImportError:
        return {}
    import csv

    import warehouse

    def rows():
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file) if path.suffix == ".csv" else map(json.loads, file)

    pipeline = dlt.pipeline(
        "journeyline_bench", destination=dlt.destinations.postgres(warehouse.warehouse_url()), dataset_name="bench_dlt",
        pipelines_dir=str(path.parent / "dlt"),
    )  # fmt: skip
    start = time.perf_counter()
    pipeline.run(rows(), table_name="sale", write_disposition="replace", primary_key="order_id")
    seconds = time.perf_counter() - start
    with warehouse.connect() as connection:
        connection.execute("drop schema if exists bench_dlt cascade")
    return {"seconds": seconds}


def measure(kind: str, path: Path) -> dict[str, float]:
    """Run one measurement in a process of its own; adds peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.load", "--one", kind, "--file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{kind}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_one(kind: str, path: Path) -> None:
    import resource

    functions = {
        "journeyline": journeyline, "copy text": lambda p: plain_copy(p, False),
        "copy typed": lambda p: plain_copy(p, True),
        "dlt": with_dlt,
    }  # fmt: skip
    before = cpu_seconds()
    figures = functions[kind](path)
    figures.setdefault("cpu", cpu_seconds() - before)
    print(json.dumps({**figures, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", default="csv,jsonl,graph,segment")
    parser.add_argument("--peers", default="copy,dlt")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.file)
        return
    import warehouse

    warehouse.migrate()
    with tempfile.TemporaryDirectory(prefix="journeyline-bench-") as folder:
        for kind in options.formats.split(","):
            path = Path(folder) / f"sales.{kind}"
            rows = options.rows
            if kind in NESTED:
                path = path.with_name(f"documents.{kind}.jsonl")
                rows = make_documents(path, rows)
            else:
                make_file(path, rows)
            print(f"\n{kind}: {rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores")
            report(path, rows, options.peers.split(",") if kind not in NESTED else [])


def report(path: Path, rows: int, peers: list[str]) -> None:
    """One line per way of loading; `x` is how many times as long as that way Journeyline took in this run."""
    kinds = ["journeyline"]
    kinds += ["copy text", "copy typed"] if "copy" in peers else []
    kinds += ["dlt"] if "dlt" in peers else []
    print(f"  {'':<12}{'seconds':>9}{'rows/s':>12}{'CPU s':>8}{'peak MB':>9}   Journeyline takes")
    own = None
    for kind in kinds:
        figures = measure(kind, path)
        if "seconds" not in figures:
            print(f"  {kind:<12}is not installed here: run `make bench`, which has an environment for it")
            continue
        own = own or figures["seconds"]
        ratio = "" if kind == "journeyline" else f"   {own / figures['seconds']:.2f} x as long"
        print(
            f"  {kind:<12}{figures['seconds']:>9.1f}{rows / figures['seconds']:>12,.0f}{figures['cpu']:>8.1f}"
            f"{figures['memory']:>9.0f}{ratio}"
        )
        if kind == "journeyline":
            steps = ", ".join(
                f"{name} {figures[name]:.1f} s ({figures[f'{name} cpu']:.1f} CPU)"
                for name in ("land", "audit", "promote")
            )
            print(f"  {'':<12}of which {steps}")


if __name__ == "__main__":
    main()
