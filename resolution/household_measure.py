"""The warehouse's households against a simulated truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolution.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from resolution.evaluation import Evaluation


@dataclass(frozen=True)
class HouseholdEvaluation:
    """everybody: pairs of true persons who are customers. findable: those who gave an address, without which nobody can
    tell who lives with whom. persons_joined: pairs of different persons of one household who became one customer (must
    be few: a household is not a person).
    """

    everybody: Evaluation
    findable: Evaluation
    persons: int
    persons_joined: int
    household_pairs: int
    sizes: dict[int, int]


def evaluate_households(truth_dir: str | Path) -> HouseholdEvaluation:
    """Compare accepted households with `persons.parquet` and `identifiers.parquet` of a simulation's truth folder.

    A person stands for the customer that holds most of their records. Raises InputError when a file is missing.
    """
    import polars as pl

    import warehouse
    from resolution.measure import match_truth
    from resolution.store import lookup
    from resolution.store.quality_book import household_state

    files = {name: Path(truth_dir) / f"{name}.parquet" for name in ("persons", "identifiers")}
    for path in files.values():
        if not path.is_file():
            raise InputError(f"{path}: no such file; give the simulation's _truth folder")
    with warehouse.connect(name="evaluate households") as connection:
        records = pl.DataFrame(pl.from_arrow(lookup.linked_records(connection)))
        ids = pl.DataFrame(pl.from_arrow(lookup.platform_ids(connection)))
        state = household_state(connection)
    judged = match_truth(records, ids, pl.read_parquet(files["identifiers"]))
    known = judged.filter(pl.col("person_id").is_not_null() & ~pl.col("is_left_out"))
    homes = pl.read_parquet(files["persons"], columns=["person_id", "household_id"])
    return judge_households(known, state, homes)


def judge_households(records: pl.DataFrame, state: pl.DataFrame, homes: pl.DataFrame) -> HouseholdEvaluation:
    """records: golden_customer_id, person_id. state: golden_customer_id, household_id (null: none), is_findable. homes:
    person_id, household_id (the true one)."""
    import polars as pl

    from resolution.evaluation import evaluate

    own = (
        records.group_by("person_id", "golden_customer_id")
        .agg(records=pl.len())
        .sort("person_id", -pl.col("records").cast(pl.Int64), "golden_customer_id")
    )
    people = (
        own.unique("person_id", keep="first", maintain_order=True)
        .join(homes.rename({"household_id": "true_household"}), on="person_id")
        .join(state, on="golden_customer_id", how="left")
        .sort("person_id")
    )
    same = people.join(people, on=["golden_customer_id", "true_household"]).filter(
        pl.col("person_id") < pl.col("person_id_right")
    )
    # A customer of two persons stands for the first: what is judged here is who lives with whom.
    people = people.unique("golden_customer_id", keep="first", maintain_order=True)

    def judge(part: pl.DataFrame) -> Evaluation:
        alone = pl.concat_str(pl.lit("alone "), pl.col("golden_customer_id"))
        return evaluate(
            part.select(pl.coalesce("household_id", alone)).to_series().to_numpy(), part["true_household"].to_numpy()
        )

    everybody = judge(people)
    sizes = people.drop_nulls("household_id").group_by("household_id").len().group_by("len").len("count").sort("len")
    return HouseholdEvaluation(
        everybody=everybody,
        findable=judge(people.filter(pl.col("is_findable").fill_null(False))),
        persons=people.height,
        persons_joined=same.height,
        household_pairs=everybody.true_pairs,
        sizes=dict(sizes.iter_rows()),
    )


def format_households(result: HouseholdEvaluation) -> str:
    """A small table for people."""
    lines = [f"{result.persons} persons; {result.persons_joined} pairs of one household became one customer"]
    lines.append(f"{'':22}  pairs  precision  recall      F1")
    for name, part in (("everybody", result.everybody), ("with an address", result.findable)):
        lines.append(
            f"{name:22} {part.true_pairs:6}    {part.pairwise_precision:7.4f} {part.pairwise_recall:7.4f}"
            f" {part.pairwise_f1:7.4f}"
        )
    lines.append("persons per household: " + ", ".join(f"{s}: {c}" for s, c in result.sizes.items()))
    return "\n".join(lines)


def to_dict(result: HouseholdEvaluation) -> dict[str, Any]:
    """Plain values, for JSON."""
    from dataclasses import asdict

    return asdict(result)
