"""Quality of linking on sets in many dialects, the way a stranger links: CSV → suggest → link → compare with the truth.

    python -m benchmarks.quality                                   # every set, 5,000 records each
    python -m benchmarks.quality --sets historic,voters --records 20000 --seeds 1,2 --calibration
    .venv-bench/bin/python -m benchmarks.quality --peers splink    # Splink's documented settings beside it

Nothing is configured by hand: the types come from `suggest`, passes and threshold from the data. `found` is the share
of true pairs that blocking compares; `best F1` the best of a grid of thresholds chosen on the truth, to show what the
automatic threshold costs. Peers are told the types of the columns and are given the best threshold of the grid.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.dialects import DIALECTS, Dialect
from benchmarks.identity import SAMPLES, febrl

GRID = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)
BINS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99, 0.999, 1.0)
HEAD = ("set", "records", "precision", "recall", "F1", "B-cubed", "threshold", "found", "best F1", "pairs", "CPU s")


def fake() -> Dialect:
    """The sample set with known truth."""
    frame = pd.read_csv(SAMPLES / "fake_1000.csv", dtype=str)
    told = {"first_name": "given_name", "surname": "family_name", "dob": "birth_date", "city": "city", "email": "email"}
    return Dialect(frame, "unique_id", "cluster", told)


def toolkit_set(number: int) -> Dialect:
    """A FEBRL set."""
    frame, settings = febrl(number)
    told = {k: v for k, v in settings["attributes"].items() if k not in ("street_number", "state")}
    return Dialect(frame, "rec_id", "person", told, settings.get("source"))


SETS: dict[str, Callable[[], Dialect]] = {
    "fake_1000": fake,
    **{f"febrl{n}": (lambda n=n: toolkit_set(n)) for n in (1, 2, 3, 4)},  # type: ignore[misc]
}


def link_like_a_stranger(one: Dialect, folder: Path, free: bool) -> tuple[Any, np.ndarray, str]:
    """(result of linking, true person by position, suggested configuration).

    free: say that no source holds a person twice, as its owner would.
    """
    from resolution.config import load_config
    from resolution.linking import link_file
    from resolution.suggestion import suggest_config
    from resolution.tables import read_table

    file, config = folder / "people.csv", folder / "match.yml"
    one.records.drop(columns=[one.truth]).to_csv(file, index=False)
    text = suggest_config(read_table(file), "people.csv")
    if free:
        text = text.replace("duplicate_free_sources: []", "duplicate_free_sources: all")
    config.write_text(text, encoding="utf-8")
    clusters, result = link_file([file], load_config(config), folder / "clusters.csv")
    if clusters.height != len(one.records):
        raise RuntimeError("linking lost or added records")
    return result, one.records[one.truth].to_numpy(), text  # clusters are in the order of the file


def true_pairs(truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all pairs of records of one person."""
    code = pd.factorize(truth)[0]
    order = np.argsort(code, kind="stable")
    size = np.bincount(code)
    start = np.repeat(np.r_[0, np.cumsum(size)[:-1]], size)
    within = np.arange(len(code)) - start
    left = np.repeat(np.arange(len(code)), within)
    right = start[left] + (np.arange(len(left)) - np.repeat(np.cumsum(within) - within, within))
    return order[right], order[left]


def share_found(one: Dialect, folder: Path, result: Any, truth: np.ndarray) -> float:
    """Share of the true pairs that the passes compare."""
    from resolution.config import check_columns, load_config
    from resolution.index import pass_keys
    from resolution.linking import with_row_numbers
    from resolution.standardise import standardise
    from resolution.tables import read_table

    config = load_config(folder / "match.yml")
    frame = with_row_numbers(read_table(folder / "people.csv"), config)
    config = check_columns(config, frame.columns)
    std = standardise(frame, config)
    left, right = true_pairs(truth)
    found = np.zeros(len(left), bool)
    for one_pass in result.model.passes:
        position, key = pass_keys(std, one_pass)
        rows = pd.DataFrame({"position": position, "key": key})
        size = rows.groupby("key")["position"].transform("size")
        rows = rows[(size > 1) & (size <= config.max_block_size)].assign(key=lambda r: pd.factorize(r["key"])[0])
        # A record may have several keys in one pass: each of the one against each of the other.
        slots = []
        for _, part in rows.groupby(rows.groupby("position").cumcount()):
            keys = pd.Series(part["key"].to_numpy(), index=part["position"]).reindex(range(std.n))
            slots.append((keys.notna().to_numpy(), keys.fillna(0).to_numpy(np.int64)))
        for has, own in slots:
            for has_too, other in slots:
                found |= has[left] & has_too[right] & (own[left] == other[right])
    return float(found.mean()) if len(found) else 1.0


def best_on_grid(result: Any, config_file: Path, records: Path, truth: np.ndarray) -> tuple[float, float]:
    """(best pairwise F1, its threshold) of the grid, with the constraints that linking used."""
    from dataclasses import replace

    from resolution import evaluate
    from resolution.cluster import cluster
    from resolution.config import check_columns, load_config
    from resolution.constraints import make_constraints
    from resolution.linking import with_row_numbers
    from resolution.standardise import standardise
    from resolution.tables import read_table

    config = load_config(config_file)
    frame = with_row_numbers(read_table(records), config)
    config = check_columns(config, frame.columns)
    std = standardise(frame, config)
    _, constraints = make_constraints(std, frame, config, None, None, result.model)
    rules = constraints(0.5)
    scored = []
    for threshold in GRID:
        limits = replace(rules.limits, threshold=threshold)
        labels = cluster(std.n, result.edges, replace(rules, limits=limits))
        scored.append((evaluate(labels, truth).pairwise_f1, threshold))
    return max(scored)


def calibration(result: Any, truth: np.ndarray) -> list[dict[str, Any]]:
    """Predicted probability of compared pairs against the share that is right, in bins."""
    code = pd.factorize(truth)[0]
    edges = result.edges
    right = code[edges["left"].to_numpy()] == code[edges["right"].to_numpy()]
    share = edges["match_probability"].to_numpy(float)
    rows = []
    for low, high in itertools.pairwise(BINS):
        inside = (share >= low) & ((share < high) | (high == 1.0))
        if inside.any():
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "pairs": int(inside.sum()),
                    "predicted": round(float(share[inside].mean()), 3),
                    "right": round(float(right[inside].mean()), 3),
                }
            )
    return rows


def ours(name: str, one: Dialect, free: bool) -> dict[str, Any]:
    """All figures of one set."""
    from resolution import evaluate

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        used = time.process_time()
        result, truth, text = link_like_a_stranger(one, folder, free)
        used = time.process_time() - used
        measured = evaluate(result.labels, truth)
        best, at = best_on_grid(result, folder / "match.yml", folder / "people.csv", truth)
        return {
            "set": name,
            "records": len(truth),
            "precision": measured.pairwise_precision,
            "recall": measured.pairwise_recall,
            "F1": measured.pairwise_f1,
            "B-cubed": measured.bcubed_f1,
            "threshold": result.model.threshold,
            "found": share_found(one, folder, result, truth),
            "best F1": best,
            "best at": at,
            "pairs": result.report["pairs_compared"],
            "CPU s": round(used, 1),
            "calibration": calibration(result, truth),
            "configuration": text,
            "passes": result.report["passes"],
        }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join([*SETS, *DIALECTS]), help=f"of {', '.join([*SETS, *DIALECTS])}")
    parser.add_argument("--records", type=int, default=5000, help="records of each made-up set")
    parser.add_argument("--seeds", default="", help="several draws of the made-up sets, for example 1,2,3")
    parser.add_argument("--peers", default="", help="splink: its documented settings on the same records")
    parser.add_argument("--free", action="store_true", help="say that sources hold nobody twice, where that is so")
    parser.add_argument("--calibration", action="store_true", help="predicted probability against the truth, in bins")
    parser.add_argument("--configuration", action="store_true", help="show what was suggested")
    parser.add_argument("--passes", action="store_true", help="show the blocking passes")
    parser.add_argument("--json", action="store_true", help="one JSON line per set")
    options = parser.parse_args()
    if not options.json:
        print("  ".join(f"{h:>9}" for h in HEAD))
    for name in options.sets.split(","):
        seeds = [int(s) for s in options.seeds.split(",")] if options.seeds and name in DIALECTS else [None]
        for seed in seeds:
            draw = {} if seed is None else {"seed": seed}
            one = SETS[name]() if name in SETS else DIALECTS[name](options.records, **draw)
            _show(ours(name, one, options.free and one.source is not None), options)
            if options.peers == "splink":
                from benchmarks.peers import splink_documented

                _show({"set": " splink", **splink_documented(one)}, options)


def _show(row: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(row))
        return
    if "skipped" in row:
        print(f"{row['set']:>9}  skipped: {row['skipped']}")
        return
    cells = [row.get(h, "") for h in HEAD]
    print("  ".join(f"{round(c, 4) if isinstance(c, float) else c!s:>9}" for c in cells))
    if options.calibration and "calibration" in row:
        for line in row["calibration"]:
            shares = f"predicted {line['predicted']:.3f}  right {line['right']:.3f}"
            print(f"{'':11}{line['from']:>6} – {line['to']:<6}{line['pairs']:>9} pairs  {shares}")
    if options.configuration and "configuration" in row:
        print(row["configuration"])
    if options.passes and "passes" in row:
        for line in row["passes"]:
            print(f"{'':11}{line['pairs']:>9} pairs  {line['pass']}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
