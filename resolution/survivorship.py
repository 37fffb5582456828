"""Golden records: which value of each attribute survives, where it came from, and where the records disagree."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resolution.errors import ConfigError
from resolution.identifier_rules import load_identifier_rules

if TYPE_CHECKING:
    import polars as pl

RULES_PATH = Path(__file__).parent / "config" / "survivorship.yml"
OWN_RULES = "JOURNEYLINE_SURVIVORSHIP"
"""Variable that names an installation's own rules file."""
BATCH_RECORDS = 250_000
CRITERIA = ("usable", "verified", "source", "kind", "frequency", "completeness", "recency")
COLUMNS = (
    "email", "phone", "full_name", "given_name", "family_name", "birth_date", "address_line", "city", "postcode",
    "region", "country_code", "company",
)  # fmt: skip
CONSENTS = {"email_consent": "email", "sms_consent": "phone"}
"""Consent → the attribute that it was given for."""


@dataclass(frozen=True)
class AttributeRule:
    """Columns that survive together, and the criteria that choose their record."""

    name: str
    columns: tuple[str, ...]
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class SurvivorshipRules:
    """The declared rules; see config/survivorship.yml. consents: name → values, the most restrictive first."""

    kinds: tuple[str, ...]
    sources: tuple[str, ...]
    trusted_kinds: tuple[str, ...]
    attributes: tuple[AttributeRule, ...]
    consents: dict[str, tuple[str, ...]]
    identified_kinds: tuple[str, ...]
    unusable: dict[str, tuple[str, ...]]


def parse_survivorship_rules(document: object, origin: str = RULES_PATH.name) -> SurvivorshipRules:
    """Check a parsed YAML document; raises ConfigError naming the key and what to write instead."""
    if not isinstance(document, dict):
        raise ConfigError(f"{origin}: expected a mapping; see {RULES_PATH.name} of the package for its keys")
    missing = {"kinds", "trusted_kinds", "attributes", "consents", "identified_kinds"} - set(document)
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
        if not entry.get("criteria"):
            raise ConfigError(f"{origin}: attributes.{name}.criteria must be some of {', '.join(CRITERIA)}")
        rules.append(AttributeRule(name, tuple(entry["columns"]), tuple(entry["criteria"])))
    columns = [c for rule in rules for c in rule.columns]
    if sorted(columns) != sorted(COLUMNS):
        raise ConfigError(f"{origin}: every column belongs to exactly one attribute: {', '.join(COLUMNS)}")
    if set(document["consents"]) != set(CONSENTS):
        raise ConfigError(f"{origin}: consents needs the keys {' and '.join(CONSENTS)}")
    for name, order in document["consents"].items():
        if len(order) < 2 or any(value != value.lower() for value in order):
            raise ConfigError(f"{origin}: consents.{name}: two values or more in lower case, the refusal first")
    return SurvivorshipRules(
        tuple(document["kinds"]),
        tuple(document.get("sources") or ()),
        tuple(document["trusted_kinds"]),
        tuple(rules),
        {name: tuple(order) for name, order in document["consents"].items()},
        tuple(document["identified_kinds"]),
        {name: tuple(patterns) for name, patterns in (document.get("unusable") or {}).items()},
    )


def rules_path() -> Path:
    """The installation's own rules file (JOURNEYLINE_SURVIVORSHIP), else the shipped one."""
    own = os.environ.get(OWN_RULES)
    return Path(own).expanduser() if own else RULES_PATH


def load_survivorship_rules(path: Path | None = None) -> SurvivorshipRules:
    """Read and check the rules file in force; ConfigError when it is missing or wrong."""
    return _load(path or rules_path())


@cache
def _load(path: Path) -> SurvivorshipRules:
    from resolution.yaml_text import parse_yaml

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read; {OWN_RULES} names a survivorship file, or nothing") from error
    return parse_survivorship_rules(parse_yaml(text), path.name)


def golden_records(
    records: pl.DataFrame, rules: SurvivorshipRules | None = None, *, batch_records: int = BATCH_RECORDS
) -> pl.DataFrame:
    """One golden record per customer.

    records: golden_customer_id, source_record_key, source_platform, record_kind, the attributes of person records,
    consents (with `<consent>_at`, if there) and seen times. Returns golden_customer_id, the attributes, is_identified,
    record_count, platform_count, first_seen_at, last_seen_at, provenance (JSON text: attribute → record and deciding
    criterion), conflicts (list of attributes of which trusted records say different things), sorted by
    golden_customer_id. Depends on each customer's records only, in any order; about `batch_records` records at a time,
    whole customers always, bound the memory.
    """
    import polars as pl

    rules = rules or load_survivorship_rules()
    ordered = records.sort("golden_customer_id", "source_record_key").with_columns(
        customer=pl.col("golden_customer_id").rle_id()
    )
    starts = ordered.select(pl.col("customer").search_sorted(pl.col("customer").unique(maintain_order=True)))
    edges = _batches(starts.to_series().to_list() if ordered.height else [], ordered.height, batch_records)
    parts = [_golden_batch(ordered.slice(a, b - a), rules) for a, b in edges] or [_golden_batch(ordered, rules)]
    return pl.concat(parts)


def _batches(starts: list[int], total: int, size: int) -> list[tuple[int, int]]:
    """Row ranges of about `size` that end where a customer ends."""
    from bisect import bisect_left

    edges, low = [], 0
    while low < total:
        place = bisect_left(starts, low + size)
        high = starts[place] if place < len(starts) else total
        edges.append((low, high))
        low = high
    return edges


def _golden_batch(records: pl.DataFrame, rules: SurvivorshipRules) -> pl.DataFrame:
    """Golden records of whole customers that come sorted by customer and record key."""
    import polars as pl

    rows = _ranked(records, rules)
    result = rows.group_by("customer", maintain_order=True).agg(
        pl.col("golden_customer_id").first(),
        record_count=pl.len().cast(pl.Int64),
        platform_count=pl.col("source_platform").n_unique().cast(pl.Int64),
        first_seen_at=pl.col("first_seen_at").min(),
        last_seen_at=pl.col("last_seen_at").max(),
        has_identified_kind=pl.col("record_kind").is_in(list(rules.identified_kinds)).any(),
    )
    conflicts = []
    for rule in rules.attributes:
        result = result.join(_survivors(rows, rule, rules), on="customer", how="left", maintain_order="left")
        conflicts.append(pl.when(pl.col(f"{rule.name}_conflict")).then(pl.lit(rule.name)))
    for consent, order in rules.consents.items():
        said = _consents(rows, result, consent, order)
        result = result.join(said, on="customer", how="left", maintain_order="left")
    pieces = [_provenance(name) for name in (*(rule.name for rule in rules.attributes), *rules.consents)]
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
    )


def _provenance(name: str) -> pl.Expr:
    """`"name":{"source_record_key":…,"rule":…}`; null where nothing survived."""
    import polars as pl

    return pl.concat_str(
        pl.lit(f'"{name}":{{"source_record_key":"'),
        pl.col(f"{name}_record"),
        pl.lit('","rule":"'),
        pl.col(f"{name}_rule"),
        pl.lit('"}'),
    )


def _ranked(records: pl.DataFrame, rules: SurvivorshipRules) -> pl.DataFrame:
    """Records with blanks as nulls and the criteria that do not depend on the attribute."""
    import polars as pl

    texts = [*COLUMNS, *CONSENTS]
    kinds = {kind: i for i, kind in enumerate(rules.kinds)}
    sources = {source: i for i, source in enumerate(rules.sources)}
    trimmed = [pl.col(c).cast(pl.String).str.strip_chars().alias(c) for c in texts]
    rows = records.with_columns(trimmed).with_columns(
        [pl.when(pl.col(c).str.len_chars() > 0).then(pl.col(c)).alias(c) for c in texts]
    )

    def rank(column: str, order: dict[str, int]) -> pl.Expr:
        if not order:
            return pl.lit(0, dtype=pl.Int64)
        return pl.col(column).replace_strict(order, default=len(order), return_dtype=pl.Int64)

    return rows.with_row_index("row").with_columns(
        kind_rank=rank("record_kind", kinds),
        source_rank=rank("source_platform", sources),
        is_trusted=pl.col("record_kind").is_in(list(rules.trusted_kinds)),
        seen=pl.coalesce("last_seen_at", "first_seen_at").dt.epoch("us").fill_null(0),
    )


def _consents(rows: pl.DataFrame, golden: pl.DataFrame, consent: str, order: tuple[str, ...]) -> pl.DataFrame:
    """What the customer may be held to: customer, the consent, `<consent>_record`, `<consent>_rule`.

    The most restrictive statement of any record holds, newer or older: only its own platform may take a refusal back. A
    grant (the last value of the order) speaks for the address it was given for, so it needs a record with the surviving
    address (or without any). A word that the order does not know is no grant, and lets none through.
    """
    import polars as pl

    address, column = CONSENTS[consent], pl.col(consent).str.to_lowercase()
    last, at = len(order) - 1, f"{consent}_at"
    when = pl.col(at).dt.epoch("us").fill_null(0) if at in rows.columns else pl.lit(0, dtype=pl.Int64)
    ranks = {value: i for i, value in enumerate(order)}
    said = (
        rows.filter(pl.col(consent).is_not_null())
        .select(
            "customer",
            "source_record_key",
            own=_plain_address(address),
            rank=column.replace_strict(ranks, default=-1, return_dtype=pl.Int64),
            when=when,
        )
        .join(golden.select("customer", golden_address=_plain_address(address)), on="customer")
        .with_columns(speaks=(pl.col("own") == pl.col("golden_address")).fill_null(True))
    )
    known = said.filter(pl.col("rank") >= 0)
    verdict = known.group_by("customer").agg(lowest=pl.col("rank").min(), words=pl.col("rank").n_unique())
    strange = said.filter(pl.col("rank") < 0).select("customer").unique().with_columns(strange=pl.lit(True))
    return (
        known.join(verdict, on="customer")
        .join(strange, on="customer", how="left")
        .filter(pl.col("rank") == pl.col("lowest"))
        .filter((pl.col("lowest") < last) | pl.col("speaks"))
        .filter((pl.col("lowest") == 0) | pl.col("strange").is_null())
        .sort("customer", -pl.col("when"), "source_record_key")
        .unique("customer", keep="first", maintain_order=True)
        .select(
            "customer",
            pl.col("rank").replace_strict(list(range(len(order))), list(order), return_dtype=pl.String).alias(consent),
            pl.col("source_record_key").alias(f"{consent}_record"),
            pl.when(pl.col("words") > 1)
            .then(pl.lit("most restrictive"))
            .otherwise(pl.lit("only value"))
            .alias(f"{consent}_rule"),
        )
    )


def _plain_address(column: str) -> pl.Expr:
    import polars as pl

    text = pl.col(column).str.to_lowercase()
    return text.str.replace_all(r"[^0-9]", "") if column == "phone" else text


def _survivors(rows: pl.DataFrame, rule: AttributeRule, rules: SurvivorshipRules) -> pl.DataFrame:
    """Winner per customer: the rule's columns, `<name>_record`, `<name>_rule`, `<name>_conflict`."""
    import polars as pl

    given = rows.filter(pl.any_horizontal(pl.col(c).is_not_null() for c in rule.columns)).with_columns(
        value=_comparable(rule).hash(1)
    )
    if "frequency" in rule.criteria:
        given = given.with_columns(frequency=pl.len().over("customer", "value"))
    costs = [f"cost_{c}" for c in rule.criteria]
    given = given.select(
        "customer",
        "row",
        "value",
        "is_trusted",
        *[_cost(c, rule, rules).alias(f"cost_{c}") for c in rule.criteria],
    ).sort("customer", *costs, "row")
    winner = given.unique("customer", keep="first", maintain_order=True)
    others = given.join(winner.select("customer", best="value"), on="customer").filter(
        pl.col("value") != pl.col("best")
    )
    second = others.unique("customer", keep="first", maintain_order=True).select(
        "customer", *[pl.col(c).alias(f"other_{c}") for c in costs]
    )
    told = pl.col("is_trusted") & (pl.col("cost_usable") == 0 if "usable" in rule.criteria else pl.lit(True))
    conflicts = (
        given.join(second.select("customer"), on="customer", how="semi")
        .filter(told)
        .group_by("customer")
        .agg(conflict=pl.col("value").n_unique() > 1)
    )
    joined = winner.join(second, on="customer", how="left").join(conflicts, on="customer", how="left")
    decided = pl.lit("key")
    for criterion in reversed(rule.criteria):
        better = pl.col(f"cost_{criterion}") != pl.col(f"other_cost_{criterion}")
        decided = pl.when(better).then(pl.lit(criterion)).otherwise(decided)
    has_other = pl.col(f"other_{costs[0]}").is_not_null()
    first = rows["row"][0] if rows.height else 0
    values = rows.select(*rule.columns, "source_record_key")[(joined["row"].cast(pl.Int64) - int(first))]
    return pl.concat(
        [
            joined.select(
                "customer",
                pl.when(has_other).then(decided).otherwise(pl.lit("only value")).alias(f"{rule.name}_rule"),
                pl.col("conflict").fill_null(False).alias(f"{rule.name}_conflict"),
            ),
            values.rename({"source_record_key": f"{rule.name}_record"}),
        ],
        how="horizontal",
    )


def _comparable(rule: AttributeRule) -> pl.Expr:
    """The value in a writing in which two records that say the same agree: case, spaces and punctuation left out."""
    import polars as pl

    def plain(text: pl.Expr) -> pl.Expr:
        return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")

    if "full_name" in rule.columns:
        parts = pl.concat_str("given_name", "family_name", separator=" ", ignore_nulls=True)
        return plain(pl.coalesce("full_name", parts))
    if rule.columns in (("email",), ("phone",)):
        return _plain_address(rule.columns[0])
    if {"address_line", "postcode"} <= set(rule.columns):
        whole = plain(pl.concat_str(pl.col("address_line"), pl.coalesce("postcode", "city"), ignore_nulls=True))
        return pl.concat_str(whole, pl.when(whole.str.len_chars() == 0).then(plain(pl.concat_str(
            [pl.col(c) for c in rule.columns], ignore_nulls=True))).otherwise(pl.lit("")))  # fmt: skip
    return plain(pl.concat_str([pl.col(c).fill_null("") for c in rule.columns], separator="|"))


def _cost(criterion: str, rule: AttributeRule, rules: SurvivorshipRules) -> pl.Expr:
    """The criterion as an int64 of which the lowest wins; never null."""
    import polars as pl

    columns = list(rule.columns)
    if criterion == "usable":
        return _blocked(columns[0], rules).cast(pl.Int64)
    if criterion == "verified":
        return (~pl.col("is_email_verified").fill_null(False)).cast(pl.Int64)
    if criterion in ("kind", "source"):
        return pl.col(f"{criterion}_rank")
    if criterion == "frequency":
        return -pl.col("frequency").cast(pl.Int64)
    if criterion == "completeness":
        filled = pl.sum_horizontal(pl.col(c).is_not_null().cast(pl.Int64) for c in columns)
        length = pl.sum_horizontal(pl.col(c).str.len_chars().fill_null(0).cast(pl.Int64) for c in columns)
        return -(filled * 100_000 + length)
    return -pl.col("seen")


def _blocked(name: str, rules: SurvivorshipRules) -> pl.Expr:
    """Whether a value is a relay, a placeholder or another that is nobody's (config/identifiers.yml)."""
    import polars as pl

    known = load_identifier_rules()
    patterns = [*known.blocked_patterns, *known.rule(name).blocked_patterns] if name in known.names else []
    patterns += rules.unusable.get(name, ())
    text = pl.col(name).str.to_lowercase()
    if name == "phone":
        text = text.str.replace_all(r"[^0-9+]", "")
    if not patterns:
        return pl.lit(False)
    # One alternation: each pattern of its own would read every value again.
    return text.str.contains("|".join(f"(?:{p})" for p in patterns)).fill_null(True)
