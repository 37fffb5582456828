"""Golden records: which value of each attribute survives, where it came from, and where the records disagree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resolution.errors import ConfigError
from resolution.identifier_rules import load_identifier_rules

if TYPE_CHECKING:
    import polars as pl

RULES_PATH = Path(__file__).parent / "config" / "survivorship.yml"
CRITERIA = ("usable", "verified", "kind", "frequency", "completeness", "recency")
COLUMNS = (
    "email", "phone", "full_name", "given_name", "family_name", "birth_date", "address_line", "city", "postcode",
    "region", "country_code", "company",
)  # fmt: skip
CONSENTS = ("email_consent", "sms_consent")


@dataclass(frozen=True)
class AttributeRule:
    """Columns that survive together, and the criteria that choose their record."""

    name: str
    columns: tuple[str, ...]
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class SurvivorshipRules:
    """The declared rules; see config/survivorship.yml."""

    kinds: tuple[str, ...]
    attributes: tuple[AttributeRule, ...]
    consents: dict[str, tuple[str, ...]]
    identified_kinds: tuple[str, ...]


def parse_survivorship_rules(document: object, origin: str = RULES_PATH.name) -> SurvivorshipRules:
    """Check a parsed YAML document; raises ConfigError naming the key and what to write instead."""
    if not isinstance(document, dict):
        raise ConfigError(f"{origin}: expected a mapping with kinds, attributes, consents, identified_kinds")
    missing = {"kinds", "attributes", "consents", "identified_kinds"} - set(document)
    if missing:
        raise ConfigError(f"{origin}: the key {', '.join(sorted(missing))} is missing")
    rules = []
    for name, entry in document["attributes"].items():
        unknown = [c for c in entry.get("criteria", ()) if c not in CRITERIA]
        if unknown:
            raise ConfigError(f"{origin}: attributes.{name}.criteria: {unknown[0]!r}; write {', '.join(CRITERIA)}")
        strange = [c for c in entry.get("columns", ()) if c not in COLUMNS]
        if strange or not entry.get("columns"):
            raise ConfigError(f"{origin}: attributes.{name}.columns must be some of {', '.join(COLUMNS)}")
        rules.append(AttributeRule(name, tuple(entry["columns"]), tuple(entry["criteria"])))
    columns = [c for rule in rules for c in rule.columns]
    if sorted(columns) != sorted(COLUMNS):
        raise ConfigError(f"{origin}: every column belongs to exactly one attribute: {', '.join(COLUMNS)}")
    if set(document["consents"]) != set(CONSENTS):
        raise ConfigError(f"{origin}: consents needs the keys {' and '.join(CONSENTS)}")
    return SurvivorshipRules(
        tuple(document["kinds"]),
        tuple(rules),
        {name: tuple(order) for name, order in document["consents"].items()},
        tuple(document["identified_kinds"]),
    )


@cache
def load_survivorship_rules(path: Path = RULES_PATH) -> SurvivorshipRules:
    """Read and check the rules file."""
    import yaml

    return parse_survivorship_rules(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)


def golden_records(records: pl.DataFrame, rules: SurvivorshipRules | None = None) -> pl.DataFrame:
    """One golden record per customer.

    records: golden_customer_id, source_record_key, source_platform, record_kind, the attributes of person records,
    consents and seen times. Returns golden_customer_id, the attributes, is_identified, record_count, platform_count,
    first_seen_at, last_seen_at, provenance (JSON text: attribute → record and deciding criterion), conflicts (list of
    attributes with more than one value), sorted by golden_customer_id. Depends on each customer's records only.
    """
    import polars as pl

    rules = rules or load_survivorship_rules()
    rows = _ranked(records, rules)
    result = rows.group_by("golden_customer_id").agg(
        record_count=pl.len().cast(pl.Int64),
        platform_count=pl.col("source_platform").n_unique().cast(pl.Int64),
        first_seen_at=pl.col("first_seen_at").min(),
        last_seen_at=pl.col("last_seen_at").max(),
        has_identified_kind=pl.col("record_kind").is_in(list(rules.identified_kinds)).any(),
        **{c: _most_restrictive(c, order) for c, order in rules.consents.items()},
    )
    pieces, conflicts = [], []
    for rule in rules.attributes:
        result = result.join(_survivors(rows, rule), on="golden_customer_id", how="left")
        pieces.append(
            pl.concat_str(
                pl.lit(f'"{rule.name}":{{"source_record_key":"'),
                pl.col(f"{rule.name}_record"),
                pl.lit('","rule":"'),
                pl.col(f"{rule.name}_rule"),
                pl.lit('"}'),
            )
        )
        conflicts.append(pl.when(pl.col(f"{rule.name}_conflict")).then(pl.lit(rule.name)))
    named = pl.any_horizontal(
        pl.col(c).is_not_null() for c in ("email", "phone", "full_name", "family_name", "given_name")
    )
    return result.select(
        "golden_customer_id",
        *COLUMNS,
        *CONSENTS,
        "record_count",
        "platform_count",
        "first_seen_at",
        "last_seen_at",
        is_identified=named | pl.col("has_identified_kind"),
        provenance=pl.concat_str(pl.lit("{"), pl.concat_str(pieces, separator=",", ignore_nulls=True), pl.lit("}")),
        conflicts=pl.concat_list(conflicts).list.drop_nulls(),
    ).sort("golden_customer_id")


def _ranked(records: pl.DataFrame, rules: SurvivorshipRules) -> pl.DataFrame:
    """Records with blanks as nulls and the criteria that do not depend on the attribute."""
    import polars as pl

    texts = [*COLUMNS, *CONSENTS]
    order = {kind: i for i, kind in enumerate(rules.kinds)}
    trimmed = [pl.col(c).cast(pl.String).str.strip_chars().alias(c) for c in texts]
    rows = records.with_columns(trimmed).with_columns(
        [pl.when(pl.col(c).str.len_chars() > 0).then(pl.col(c)).alias(c) for c in texts]
    )
    seen = pl.coalesce("last_seen_at", "first_seen_at")
    return rows.with_columns(
        kind_rank=pl.col("record_kind").replace_strict(order, default=len(order), return_dtype=pl.Int32),
        seen=seen.dt.epoch("us").fill_null(0),
    )


def _most_restrictive(column: str, order: tuple[str, ...]) -> pl.Expr:
    import polars as pl

    result = pl.lit(None, dtype=pl.String)
    for value in reversed(order):
        result = pl.when((pl.col(column) == value).any()).then(pl.lit(value)).otherwise(result)
    return result


def _survivors(rows: pl.DataFrame, rule: AttributeRule) -> pl.DataFrame:
    """Winner per customer: the rule's columns, `<name>_record`, `<name>_rule`, `<name>_conflict`."""
    import polars as pl

    columns = list(rule.columns)
    given = rows.filter(pl.any_horizontal(pl.col(c).is_not_null() for c in columns)).with_columns(
        value=pl.concat_str([pl.col(c).str.to_lowercase().fill_null("") for c in columns], separator="\x1f")
    )
    given = given.with_columns(frequency=pl.len().over("golden_customer_id", "value"))
    costs = {c: _cost(c, rule) for c in rule.criteria}
    given = given.with_columns(**{f"cost_{c}": cost for c, cost in costs.items()})
    cost_columns = [f"cost_{c}" for c in rule.criteria]
    given = given.sort("golden_customer_id", *cost_columns, "source_record_key")
    winner = given.unique("golden_customer_id", keep="first", maintain_order=True)
    second = (
        given.select("golden_customer_id", "value", *cost_columns)
        .join(winner.select("golden_customer_id", best="value"), on="golden_customer_id")
        .filter(pl.col("value") != pl.col("best"))
        .unique("golden_customer_id", keep="first", maintain_order=True)
        .select("golden_customer_id", *[pl.col(c).alias(f"other_{c}") for c in cost_columns])
    )
    joined = winner.join(second, on="golden_customer_id", how="left")
    has_other = pl.col(f"other_{cost_columns[0]}").is_not_null()
    decided = pl.lit("key")
    for criterion in reversed(rule.criteria):
        better = pl.col(f"cost_{criterion}") != pl.col(f"other_cost_{criterion}")
        decided = pl.when(better).then(pl.lit(criterion)).otherwise(decided)
    return joined.select(
        "golden_customer_id",
        *columns,
        pl.col("source_record_key").alias(f"{rule.name}_record"),
        pl.when(has_other).then(decided).otherwise(pl.lit("only value")).alias(f"{rule.name}_rule"),
        has_other.alias(f"{rule.name}_conflict"),
    )


def _cost(criterion: str, rule: AttributeRule) -> pl.Expr:
    """The criterion as a number of which the lowest wins; never null."""
    import polars as pl

    columns = list(rule.columns)
    if criterion == "usable":
        name = columns[0]
        known = load_identifier_rules()
        patterns = [*known.blocked_patterns, *known.rule(name).blocked_patterns] if name in known.names else []
        blocked = pl.lit(False)
        text = pl.col(name).str.to_lowercase()
        if name == "phone":
            text = text.str.replace_all(r"[^0-9+]", "")
        for pattern in patterns:
            blocked = blocked | text.str.contains(pattern)
        return blocked.fill_null(True).cast(pl.Int64)
    if criterion == "verified":
        return (~pl.col("is_email_verified").fill_null(False)).cast(pl.Int64)
    if criterion == "kind":
        return pl.col("kind_rank").cast(pl.Int64)
    if criterion == "frequency":
        return -pl.col("frequency").cast(pl.Int64)
    if criterion == "completeness":
        filled = pl.sum_horizontal(pl.col(c).is_not_null().cast(pl.Int64) for c in columns)
        length = pl.sum_horizontal(pl.col(c).str.len_chars().fill_null(0).cast(pl.Int64) for c in columns)
        return -(filled * 100_000 + length)
    return -pl.col("seen")
