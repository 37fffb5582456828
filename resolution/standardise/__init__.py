"""Records → dictionary-encoded, cleaned columns. Works on distinct values, set-based (polars)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.config import Attribute, MatchConfig, check_columns
from resolution.errors import InputError
from resolution.parallel import in_parallel
from resolution.standardise.columns import HASH_SEED, Column, Columns, Standardised

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Column", "Standardised", "normalise_values", "standardise", "to_frame"]


def column_names(records: Any) -> list[str]:
    """Names of a table's columns (pandas, Arrow or polars)."""
    if type(records).__module__.startswith("pyarrow"):
        return list(records.schema.names)
    return [str(name) for name in records.columns]


def to_frame(records: Any, wanted: Iterable[str] | None = None) -> pl.DataFrame:
    """pandas, Arrow or polars table → polars (no copy where possible; mixed object columns become text).

    wanted: the columns to take; those that the records lack are left out. None: all.
    """
    import polars as pl

    have = column_names(records)
    names = have if wanted is None else [name for name in have if name in set(wanted)]
    if isinstance(records, pl.DataFrame):
        return records.select(names)
    if type(records).__module__.startswith("pyarrow"):
        frame = pl.from_arrow(records.select(names))
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()
    return pl.DataFrame({str(name): _from_pandas(str(name), records[name]) for name in records if str(name) in names})


def _from_pandas(name: str, column: Any) -> pl.Series:
    import polars as pl

    try:
        if column.dtype == object:
            return pl.Series(name, column.to_numpy(), dtype=pl.String, strict=True)
        return pl.Series(name, pl.from_pandas(column, nan_to_null=True))
    except Exception:  # polars' and Arrow's errors on what they cannot hold have no common base
        pass
    try:
        return pl.Series(name, pl.from_pandas(column, nan_to_null=True))
    except Exception:  # object columns of uuids, dates and texts mixed
        text = [None if v is None or v != v else str(v) for v in column.tolist()]
        return pl.Series(name, text, dtype=pl.String)


def needed_columns(config: MatchConfig) -> set[str]:
    """Columns of the records that a linkage reads."""
    named = {config.record_id, config.source, config.country, *config.exclude, "is_phone_shared"}
    named |= {"source_platform", "record_kind"}  # which platform keeps a person twice (lives.py)
    named |= {c for a in config.attributes.values() for c in (a.column, *a.parts)}
    named |= {a.unless for a in config.attributes.values()}
    return {name for name in named if name}


def _text(frame: pl.DataFrame, column: str) -> Column:
    """A column's distinct texts as they stand. Whole floats lose their `.0` (pandas turns integers with gaps into
    floats).
    """
    import polars as pl

    series = frame[column]
    if series.dtype in (pl.Float32, pl.Float64):
        series = series.fill_nan(None).cast(pl.String).str.replace(r"\.0$", "")
    elif series.dtype in (pl.List, pl.Struct, pl.Object, pl.Binary, pl.Array):
        raise InputError(f"column {column!r} holds {series.dtype}, which cannot be compared; turn it into text first")
    return Column.encode(series.cast(pl.String))


def _joined(frame: pl.DataFrame, attribute: Attribute) -> Column:
    """The attribute's column with its further parts: `1975` `3` `9` → `1975-03-09`, `High St` `12` → `High St 12`.

    A date ends before its first missing part: a day without a month says nothing.
    """
    import polars as pl

    from resolution.standardise.text import blank_to_null

    column = _text(frame, attribute.column)
    if not attribute.parts:
        return column
    is_date = attribute.type in ("birth_date", "date")
    joined = pl.DataFrame({"all": blank_to_null(column.spread(column.codes))})
    joined = joined.with_columns(open=pl.col("all").is_not_null())
    for name in attribute.parts:
        raw = _text(frame, name)
        part = blank_to_null(raw.spread(raw.codes))
        if is_date:
            part = part.str.zfill(2)
        joined = joined.with_columns(part.alias("part")).with_columns(
            all=pl.when(pl.col("part").is_null() | (is_date & ~pl.col("open")))
            .then("all")
            .otherwise(pl.concat_str(["all", "part"], separator="-" if is_date else " ", ignore_nulls=True)),
            open=pl.col("open") & pl.col("part").is_not_null(),
        )
    return Column.encode(joined["all"])


def standardise(records: Any, config: MatchConfig) -> Standardised:
    """Clean and encode the records' columns as the configuration describes them.

    records: pandas, Arrow or polars table, one row per record. Returns Standardised with columns named
    `given`, `family`, `email`, `email_base`, `email_local`, `phone`, `birth_date`, `<address>` and its `_number`,
    `_street`,
    `postcode`, … : the attribute's name, apart from names of persons. Raises InputError on a missing column or a
    repeated record id.
    """
    config = check_columns(config, column_names(records))
    frame = to_frame(records, needed_columns(config))
    ids = frame[config.record_id].cast(str).rename("id")
    if ids.null_count():
        raise InputError(f"{ids.null_count()} records have no {config.record_id!r}; every record needs an id")
    hashed = np.sort(ids.hash(HASH_SEED).to_numpy())
    repeated = len(ids) - ids.n_unique() if (hashed[1:] == hashed[:-1]).any() else 0
    if repeated:
        raise InputError(
            f"the record id column {config.record_id!r} has {repeated} repeated values; every record needs its own"
        )
    plain = {k: a for k, a in config.attributes.items() if a.type not in ("given_name", "family_name", "full_name")}
    tasks = [partial(_standardise_attribute, attribute, frame, config) for attribute in plain.values()]
    *made, named = in_parallel([*tasks, partial(_standardise_names, frame, config)], config.jobs)
    columns = Columns()
    for (name, attribute), found in zip(plain.items(), made, strict=True):
        columns.add(name, found["value"])
        _derive_later(columns, name, attribute.type)
    for name, column in named.items():
        columns.add(name, column)
    report = {f"{name}_missing": int((column.codes < 0).sum()) for name, column in columns.made.items()}
    source = Column.encode(frame[config.source].cast(str)) if config.source else None
    excluded: npt.NDArray[np.bool_] | None = None
    if config.exclude:
        excluded = np.zeros(len(frame), bool)
        for flag in config.exclude:
            excluded |= frame[flag].cast(bool).fill_null(False).to_numpy()
        columns = columns.map(partial(_without, mask=excluded))
    return Standardised(len(frame), ids, columns, source, excluded, report)


def _standardise_attribute(attribute: Attribute, frame: pl.DataFrame, config: MatchConfig) -> dict[str, Column]:
    column = _standardise_one(attribute.type, _joined(frame, attribute), frame, config)
    if attribute.unless:
        column = column.without(frame[attribute.unless].cast(bool).fill_null(False).to_numpy())
    return {"value": column}


def _without(column: Column, mask: npt.NDArray[np.bool_]) -> Column:
    return column.without(mask)


def _derive_later(columns: Columns, name: str, kind: str) -> None:
    """Columns that follow from an attribute: computed when a pass or a comparison needs them."""
    from resolution.standardise import contact, places

    def mailbox() -> dict[str, Column]:
        email = columns[name]
        base, local = contact.email_parts(email.series())
        return {f"{name}_base": email.derive(base), f"{name}_local": email.derive(local)}

    def parts() -> dict[str, Column]:
        address = columns[name]
        number, street = places.address_parts(address.series())
        return {f"{name}_number": address.derive(number), f"{name}_street": address.derive(street)}

    if kind == "email":
        columns.add_later((f"{name}_base", f"{name}_local"), mailbox)
    elif kind == "address":
        columns.add_later((f"{name}_number", f"{name}_street"), parts)


def _standardise_one(kind: str, raw: Column, frame: pl.DataFrame, config: MatchConfig) -> Column:
    """The standard column of one attribute that is no person's name."""
    import polars as pl

    from resolution.standardise import contact, dates, places, text

    values = text.blank_to_null(raw.series())
    if kind == "email":
        return raw.derive(contact.clean_emails(values, config.blocked_emails))
    if kind == "phone":
        return _standardise_phone(raw, frame, config)
    if kind in ("birth_date", "date"):
        return raw.derive(dates.clean_dates(values, config.placeholder_dates if kind == "birth_date" else ()))
    if kind == "address":
        return raw.derive(places.clean_addresses(values))
    if kind == "postcode":
        return raw.derive(places.clean_postcodes(values))
    if kind == "number":
        number = values.str.replace_all(",", "").cast(pl.Float64, strict=False)
        # NaN and infinity are no amounts: two records that hold them have nothing in common.
        return raw.derive(number.set(~number.is_finite(), None).cast(pl.String))
    if kind == "exact":
        return raw.derive(values)
    if kind == "id":
        return raw.derive(text.words(values.str.replace_all(r"[\s\-./]", "")))
    return raw.derive(text.words(values))


def _standardise_phone(raw: Column, frame: pl.DataFrame, config: MatchConfig) -> Column:
    """Numbers depend on the record's country, so distinct (number, country) pairs are cleaned."""
    import pandas as pd

    from resolution.standardise.contact import clean_phones

    if not config.country:
        return raw.derive(clean_phones(raw.series(), None, config.default_country))
    country = _text(frame, config.country)
    found, distinct = pd.factorize(raw.codes.astype(np.int64) * (country.size + 1) + country.codes + 1)
    number, land = np.divmod(distinct, country.size + 1)  # floored, so that a missing number stays -1
    cleaned = Column.encode(
        clean_phones(
            raw.spread(number.astype(np.int32)), country.spread(land.astype(np.int32) - 1), config.default_country
        )
    )
    return Column(cleaned.codes[found], cleaned.text)


def _standardise_names(frame: pl.DataFrame, config: MatchConfig) -> dict[str, Column]:
    """Columns `given` and `family`; where both are missing they come from the full name."""
    from resolution.standardise import names

    by_type: dict[str, Attribute] = {a.type: a for a in config.attributes.values()}
    found: dict[str, Column] = {}
    for key, kind in (("given", "given_name"), ("family", "family_name")):
        if kind in by_type:
            raw = _joined(frame, by_type[kind])
            found[key] = raw.derive(names.clean_names(raw.series()))
    if "full_name" in by_type:
        raw = _joined(frame, by_type["full_name"])
        given, family = names.split_full_names(raw.series())
        split = {"given": raw.derive(given), "family": raw.derive(family)}
        if found:
            absent = np.all([c.codes < 0 for c in found.values()], axis=0)
            for key, column in split.items():
                text = column.spread(np.where(absent, column.codes, np.int32(-1)))
                if key in found:
                    text = found[key].spread(found[key].codes).fill_null(text)
                found[key] = Column.encode(text)
        else:
            found = split
    return found


def normalise_values(
    kind: str, values: pl.Series, countries: pl.Series | None = None, config: MatchConfig | None = None
) -> pl.Series:
    """Identifier values of one type (`email`, `phone`, …) in the form in which the matcher compares them; null =
    not usable.
    """
    from resolution.standardise import contact, text

    if kind == "email":
        return contact.clean_emails(values, config.blocked_emails if config else ())
    if kind == "phone":
        return contact.clean_phones(values, countries, config.default_country if config else None)
    return text.blank_to_null(values)
