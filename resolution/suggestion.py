"""A starting configuration for a table nobody has described: types from column names and values, and a profile of
the columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

# First match wins; names are lower case with words parted by `_`.
NAMED: tuple[tuple[str, str], ...] = (
    (r"(^|_)e_?mail(_?address|_?addr)?$", "email"),
    (r"(^|_)(phone|mobile|cell|tel|telephone|telefon|fax)(_?(number|no|nr))?$", "phone"),
    (r"(^|_)(dob|birth_?da(te|y)|date_?of_?birth|geburtsdatum|born)$", "birth_date"),
    (r"^(first|given|fore|christian)_?names?$|^vorname$|^fname$|^prenom$", "given_name"),
    (r"^(last|family|sur)_?names?$|^nachname$|^lname$|^nom$|^surname$", "family_name"),
    (r"^(full_?)?name$|^(customer|person|contact|display|account)_?name$", "full_name"),
    (r"(^|_)(zip|zip_?code|postcode|postal_?code|post_?code|plz)(_.*)?$", "postcode"),
    (r"(^|_)(address|street|addr)(_?(line)?_?1?|_address)$|^strasse$|^address_?line_?1?$", "address"),
    (r"(^|_)(city|town|suburb|locality|ort|stadt)$", "city"),
    (r"(^|_)(ssn|soc_?sec_?id|social_?security.*|tax_?id|passport.*|national_?id|licen[cs]e.*)$", "id"),
    (r"(^|_)(state|province|region|county|sex|gender|country|country_?code)$", "exact"),
)
IDS = re.compile(r"^(.*_)?(record|row|unique|source_record)?_?(id|key)$|^rec_id$")
SKIP = re.compile(
    r"^(cluster|truth|true_.*|label|golden.*|ent(ity)?_?id|cluster_id|person_id|is_.*|has_.*|created.*|updated.*|.*_at)$"
)
SOURCES = re.compile(r"^(source|src|system|source_(system|platform|dataset|name)|file|origin|dataset)$")


@dataclass(frozen=True)
class ColumnProfile:
    """Counts of one column; shares 0–1. No values: a profile may be shown to anybody."""

    name: str
    filled: float
    distinct: int
    largest_share: float
    mean_length: float
    suggested: str


def column_profiles(frame: pl.DataFrame) -> list[ColumnProfile]:
    """Profile of every column, with the attribute type that its name and values suggest ('' = not for matching)."""
    import polars as pl

    result = []
    for name in frame.columns:
        text = frame[name].cast(pl.String, strict=False).str.strip_chars()
        text = text.filter(text != "")
        distinct = text.n_unique() if len(text) else 0
        most = int(text.value_counts()["count"].max() or 0) if len(text) else 0  # type: ignore[arg-type]
        length = text.str.len_chars().mean()
        filled = len(text) / max(len(frame), 1)
        kind = suggest_type(name, text, distinct)
        mean = round(float(length), 1) if isinstance(length, int | float) else 0.0
        result.append(ColumnProfile(name, round(filled, 4), distinct, round(most / max(len(text), 1), 4), mean, kind))
    return result


def suggest_type(name: str, text: pl.Series, distinct: int) -> str:
    """The attribute type of a column, by its name, else by what its values look like; '' when it is no attribute of
    a person.
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    plain = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if IDS.match(plain) and not any(re.search(p, plain) for p, kind in NAMED if kind == "id"):
        return "record_id" if len(text) and distinct == len(text) else ""
    if SOURCES.match(plain) and distinct <= max(50, len(text) // 100):
        return "source"
    for pattern, kind in NAMED:
        if re.search(pattern, plain):
            return kind
    if SKIP.match(plain) or distinct <= 1:
        return ""
    sample = text.head(1000)
    for pattern, kind in (
        (r"^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$", "email"),
        (r"^\d{4}-\d{2}-\d{2}", "date"),
        (r"^-?\d+[.,]\d+$", "number"),
    ):
        share = sample.str.contains(pattern).mean()
        if isinstance(share, float) and share > 0.8:
            return kind
    if distinct <= 30:
        return "exact"
    numeric = sample.str.contains(r"^\d+$").mean()
    return "id" if isinstance(numeric, float) and numeric > 0.9 else "string"


def suggest_config(frame: pl.DataFrame, origin: str) -> str:
    """A configuration as commented YAML text."""
    profiles = column_profiles(frame)
    ids = [p.name for p in profiles if p.suggested == "record_id"]
    sources = [p.name for p in profiles if p.suggested == "source"]
    lines = [f"# Matching configuration suggested for {origin}. Check the types, then run `python -m resolution link`."]
    if ids:
        lines.append(f"record_id: {_quoted(ids[0])}")
    else:
        lines.append(
            "record_id: row_number          # no column has a value of its own in every row: rows are numbered"
        )
    if sources:
        lines += [
            f"source: {_quoted(sources[0])}",
            "duplicate_free_sources: []      # `all`, or the names of sources that hold nobody twice",
        ]
    seen: set[str] = set()
    lines += ["attributes:                     # column: type"]
    for p in profiles:
        kind = p.suggested
        if kind in ("", "record_id", "source"):
            continue
        if kind in ("given_name", "family_name", "full_name"):
            if kind in seen:
                kind = "string"
            seen.add(kind)
        lines.append(f"  {_quoted(p.name)}: {kind:<14} # {p.filled:.0%} filled, {p.distinct} different")
    skipped = [p.name for p in profiles if p.suggested == "" or (p.suggested == "record_id" and p.name not in ids[:1])]
    if skipped:
        lines.append(f"# not used: {', '.join(skipped)}")
    lines += [
        "blocking: auto                  # or a list of passes, for example [[family:soundex, 'birth_date:year']]",
        "threshold: auto                 # or a probability, for example 0.9",
    ]
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    import yaml

    return yaml.safe_dump(name, default_style=None, width=1000).splitlines()[0].strip()


def profile_rows(profiles: list[ColumnProfile]) -> list[dict[str, Any]]:
    """Profiles as plain dictionaries."""
    return [vars(p) for p in profiles]
