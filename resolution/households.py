"""Households: customers of one family at one place, grouped apart from persons, with ids that stay.

Evidence is a function of golden records and of who else holds a value (config/households.yml), so that a night reaches
what a full run gives. A household has at least two members. It never joins persons: nothing here is read by matching.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resolution.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

RULES_PATH = Path(__file__).parent / "config" / "households.yml"
KINDS = {1: "name_address", 2: "name_phone", 3: "name_email", 4: "address_phone", 5: "address_email"}
NAME_AND_ADDRESS = 1
AT_ADDRESS = 6
"""Kind of the key that joins nobody: customers at an address, by which its families are counted."""
GOLDEN_COLUMNS = (
    "golden_customer_id", "full_name", "family_name", "address_line", "postcode", "city", "country_code", "phone",
    "email",
)  # fmt: skip


@dataclass(frozen=True)
class HouseholdLimits:
    """max_members: holders of a value, and members of a household. max_families: family names at one address."""

    max_members: int = 8
    max_families: int = 5


def parse_limits(document: object, origin: str = RULES_PATH.name) -> HouseholdLimits:
    """Check a parsed YAML document; ConfigError names the key and what to write instead."""
    if not isinstance(document, dict):
        raise ConfigError(f"{origin}: expected a mapping with max_members and max_families")
    for key, least in (("max_members", 2), ("max_families", 1)):
        value = document.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(f"{origin}: {key}: write a whole number of at least {least}")
    return HouseholdLimits(document["max_members"], document["max_families"])


@cache
def load_limits(path: Path = RULES_PATH) -> HouseholdLimits:
    """Read and check the rules file."""
    from resolution.yaml_text import parse_yaml

    return parse_limits(parse_yaml(path.read_text(encoding="utf-8")), path.name)


def household_keys(golden: pl.DataFrame) -> pl.DataFrame:
    """What each customer could share with a household.

    golden: GOLDEN_COLUMNS (text). Returns golden_customer_id, kind int16 (KINDS, AT_ADDRESS), household_key int64,
    distinct, sorted. Names, addresses, phones and e-mails are standardised as for matching.
    """
    import polars as pl

    from resolution.certain import hash_text
    from resolution.standardise.places import clean_addresses, clean_postcodes
    from resolution.standardise.text import words

    frame = golden.select(
        "golden_customer_id",
        family=_family(golden),
        street=_each(golden["address_line"], clean_addresses),
        code=_each(golden["postcode"], clean_postcodes),
        city=_each(golden["city"], words),
        phone=_phones(golden),
        email=_each(golden["email"], _clean_emails),
    ).with_columns(place=pl.coalesce("code", "city"))
    mark = pl.lit("\x1f")
    address = pl.when(pl.col("street").str.contains(r"\d")).then(pl.concat_str("place", mark, "street"))
    texts = {
        1: pl.concat_str("family", mark, "address"),
        2: pl.concat_str("family", mark, "phone"),
        3: pl.concat_str("family", mark, "email"),
        4: pl.concat_str("address", mark, "phone"),
        5: pl.concat_str("address", mark, "email"),
        AT_ADDRESS: pl.col("address"),
    }
    frame = frame.with_columns(address=address)
    parts = []
    for kind, text in texts.items():
        rows = frame.select("golden_customer_id", text=text).drop_nulls()
        keys = hash_text(rows["text"].to_numpy())
        parts.append(
            rows.select(
                "golden_customer_id",
                kind=pl.lit(kind, dtype=pl.Int16),
                household_key=pl.Series(keys, dtype=pl.Int64),
            )
        )
    return pl.concat(parts).unique().sort("golden_customer_id", "kind", "household_key")


def usable_keys(keys: pl.DataFrame, limits: HouseholdLimits) -> pl.DataFrame:
    """Keys that join: rows of `keys` (all customers' keys) of kinds 1 to 5 within the limits."""
    import polars as pl

    families = (
        keys.filter(pl.col("kind") == AT_ADDRESS)
        .join(keys.filter(pl.col("kind") == NAME_AND_ADDRESS), on="golden_customer_id", suffix="_named")
        .group_by("household_key")
        .agg(families=pl.col("household_key_named").n_unique())
    )
    crowded = families.filter(pl.col("families") > limits.max_families).select("household_key")
    in_buildings = (
        keys.filter(pl.col("kind") == AT_ADDRESS)
        .join(crowded, on="household_key", how="semi")
        .select("golden_customer_id", kind=pl.lit(NAME_AND_ADDRESS, dtype=pl.Int16))
    )
    joining = keys.filter(pl.col("kind") != AT_ADDRESS).join(
        in_buildings, on=["golden_customer_id", "kind"], how="anti"
    )
    return joining.filter(pl.len().over("kind", "household_key").is_between(2, limits.max_members))


def group_customers(keys: pl.DataFrame, limits: HouseholdLimits) -> pl.DataFrame:
    """Members of households: golden_customer_id, household int64 (a label), evidence list[str], sorted.

    keys: usable keys, with all holders of each. Connected components; one of more than `max_members` is cut back to
    family name and address, of which a customer has one each, so that it falls into parts within the limit.
    """
    import polars as pl

    from resolution.components import components

    def grouped(rows: pl.DataFrame) -> pl.DataFrame:
        people = rows.select("golden_customer_id").unique().sort("golden_customer_id").with_row_index("node")
        values = rows.select("kind", "household_key").unique().with_row_index("value", offset=people.height)
        edges = rows.join(people, on="golden_customer_id").join(values, on=["kind", "household_key"])
        labels = components(people.height + values.height, edges["node"].to_numpy(), edges["value"].to_numpy())
        named = people.with_columns(household=pl.Series(labels[: people.height], dtype=pl.Int64))
        return rows.join(named.drop("node"), on="golden_customer_id")

    first = grouped(keys)
    size = pl.col("golden_customer_id").n_unique().over("household")
    small = first.filter(size <= limits.max_members)
    large = first.filter((size > limits.max_members) & (pl.col("kind") == NAME_AND_ADDRESS))
    again = grouped(large.select(keys.columns)).with_columns(pl.col("household") + keys.height + first.height)
    return (
        pl.concat([small, again])
        .with_columns(name=pl.col("kind").replace_strict(KINDS, return_dtype=pl.String))
        .group_by("golden_customer_id", "household")
        .agg(evidence=pl.col("name").unique().sort())
        .filter(pl.len().over("household") > 1)
        .sort("golden_customer_id")
    )


@dataclass(frozen=True)
class HouseholdChange:
    """members: golden_customer_id, household_id (text; null = left), evidence list[str]; only what changed.

    households: household_id, status, merged_into_id, member_count, founding_customer_id, is_new; only what changed.
    """

    members: pl.DataFrame
    households: pl.DataFrame


def assign_households(
    groups: pl.DataFrame, members: pl.DataFrame, households: pl.DataFrame, issued: pl.DataFrame
) -> HouseholdChange:
    """Give household ids by the rules of golden ids: the part with most earlier members keeps the id (tie: the one
    with the smallest member), of several ids the oldest survives, new ids are made of their founder and never reused.

    groups: of `group_customers`. members: golden_customer_id, household_id, evidence, as stored, of all households
    that the groups can reach. households: household_id, created_run_id, member_count, founding_customer_id. issued:
    founding_customer_id, generations (ids founded by a customer before).
    """
    import polars as pl

    label = groups.group_by("household").agg(founder=pl.col("golden_customer_id").min(), count=pl.len().cast(pl.Int32))
    votes = (
        groups.join(members.select("golden_customer_id", "household_id"), on="golden_customer_id")
        .group_by("household_id", "household")
        .agg(votes=pl.len())
        .join(label, on="household")
        .sort("household_id", -pl.col("votes").cast(pl.Int64), "founder")
        .unique("household_id", keep="first", maintain_order=True)
        .join(households, on="household_id")
        .sort("household", "created_run_id", "household_id")
    )
    heirs = votes.select("household", survivor=pl.col("household_id").first().over("household")).unique()
    fresh = label.join(heirs, on="household", how="anti").join(
        issued, left_on="founder", right_on="founding_customer_id", how="left"
    )
    new_ids = [_new_id(str(f), int(g or 0)) for f, g in fresh.select("founder", "generations").iter_rows()]
    fresh = fresh.with_columns(survivor=pl.Series(new_ids, dtype=pl.String))
    named = pl.concat([heirs, fresh.select("household", "survivor")])
    today = groups.join(named, on="household").select("golden_customer_id", "evidence", household_id="survivor")

    same = ["golden_customer_id", "household_id", "evidence"]
    changed = today.select(same).join(members.select(same), on=same, how="anti")
    left = members.join(today, on="golden_customer_id", how="anti").select(
        "golden_customer_id",
        household_id=pl.lit(None, dtype=pl.String),
        evidence=pl.lit([], dtype=pl.List(pl.String)),
    )
    counts = today.group_by("household_id").agg(member_count=pl.len().cast(pl.Int32))
    merged = votes.join(heirs, on="household").filter(pl.col("household_id") != pl.col("survivor"))
    known = (
        households.join(counts, on="household_id", how="left", suffix="_today")
        .join(merged.select("household_id", merged_into_id="survivor"), on="household_id", how="left")
        .with_columns(
            status=pl.when(pl.col("merged_into_id").is_not_null())
            .then(pl.lit("merged"))
            .when(pl.col("member_count_today").is_null())
            .then(pl.lit("retired"))
            .otherwise(pl.lit("live")),
        )
        .filter(pl.col("member_count_today").is_null() | (pl.col("member_count_today") != pl.col("member_count")))
        .select(
            "household_id",
            "status",
            "merged_into_id",
            pl.col("member_count_today").fill_null(0).alias("member_count"),
            "founding_customer_id",
            is_new=pl.lit(False),
        )
    )
    created = fresh.select(
        household_id="survivor",
        status=pl.lit("live"),
        merged_into_id=pl.lit(None, dtype=pl.String),
        member_count="count",
        founding_customer_id="founder",
        is_new=pl.lit(True),
    )
    return HouseholdChange(
        pl.concat([changed, left]).sort("golden_customer_id"), pl.concat([known, created]).sort("household_id")
    )


def _new_id(founder: str, generation: int) -> str:
    from hashlib import md5
    from uuid import UUID

    return str(UUID(md5(f"household|{founder}|{generation}".encode(), usedforsecurity=False).hexdigest()))


def _family(golden: pl.DataFrame) -> pl.Series:
    """Family name in one writing, without spaces; of the full name where it is missing."""
    import polars as pl

    from resolution.standardise.names import clean_names, split_full_names

    own = _each(golden["family_name"], clean_names)
    split = _each(golden["full_name"], lambda names: split_full_names(names)[1])
    text = pl.select(pl.coalesce(own, split).str.replace_all(" ", "")).to_series()
    return pl.select(pl.when(text.str.len_chars() > 1).then(text)).to_series()


def _phones(golden: pl.DataFrame) -> pl.Series:
    """Numbers in one form; they depend on the country."""

    from resolution.standardise import normalise_values

    pairs = golden.select("phone", "country_code").with_row_index()
    distinct = pairs.select("phone", "country_code").drop_nulls("phone").unique()
    clean = distinct.with_columns(clean=normalise_values("phone", distinct["phone"], distinct["country_code"]))
    joined = pairs.join(clean, on=["phone", "country_code"], how="left", nulls_equal=True, maintain_order="left")
    return joined["clean"]


def _clean_emails(values: pl.Series) -> pl.Series:
    from resolution.standardise import normalise_values

    return normalise_values("email", values)


def _each(series: pl.Series, clean: object) -> pl.Series:
    """Apply a cleaning of distinct values to a column."""
    import polars as pl

    assert callable(clean)
    distinct = series.drop_nulls().unique()
    table = pl.DataFrame({"raw": distinct, "clean": clean(distinct)}, schema={"raw": pl.String, "clean": pl.String})
    joined = series.to_frame("raw").join(table, on="raw", how="left", maintain_order="left")["clean"]
    return pl.select(pl.when(joined.str.len_chars() > 0).then(joined)).to_series()
