"""Records → dictionary-encoded, cleaned columns. Works on distinct values, set-based (polars)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from resolution.config import MatchConfig, check_columns
from resolution.errors import InputError
from resolution.mailboxes import named_after_owner
from resolution.standardise.columns import Column, Standardised

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Column", "Standardised", "normalise_values", "standardise", "to_frame"]


def to_frame(records: Any) -> pl.DataFrame:
    """pandas, Arrow or polars table → polars (no copy where possible; mixed object columns become text)."""
    import polars as pl

    if isinstance(records, pl.DataFrame):
        return records
    if type(records).__module__.startswith("pyarrow"):
        frame = pl.from_arrow(records)
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()
    columns: dict[str, pl.Series] = {}
    for name in records.columns:
        column = records[name]
        try:
            columns[str(name)] = pl.Series(str(name), pl.from_pandas(column, nan_to_null=True))
        except (
            Exception
        ):  # object columns of uuids, dates and texts mixed: polars' and Arrow's errors have no common base
            text = [None if v is None or v != v else str(v) for v in column.tolist()]
            columns[str(name)] = pl.Series(str(name), text, dtype=pl.String)
    return pl.DataFrame(columns)


def _text(frame: pl.DataFrame, column: str) -> pl.Series:
    """A column as trimmed text, blank = null. Whole floats lose their `.0` (pandas turns integers with gaps into
    floats).
    """
    import polars as pl

    from resolution.standardise.text import blank_to_null

    series = frame[column]
    if series.dtype in (pl.Float32, pl.Float64):
        series = series.fill_nan(None).cast(pl.String).str.replace(r"\.0$", "")
    elif series.dtype in (pl.List, pl.Struct, pl.Object, pl.Binary, pl.Array):
        raise InputError(f"column {column!r} holds {series.dtype}, which cannot be compared; turn it into text first")
    else:
        series = series.cast(pl.String)
    return blank_to_null(series)


def standardise(records: Any, config: MatchConfig) -> Standardised:
    """Clean and encode the records' columns as the configuration describes them.

    records: pandas, Arrow or polars table, one row per record. Returns Standardised with columns named
    `given`, `family`, `email`, `email_base`, `email_local`, `phone`, `birth_date`, `<address>` and its `_number`,
    `_street`,
    `postcode`, … : the attribute's name, apart from names of persons. Raises InputError on a missing column or a
    repeated record id.
    """
    frame = to_frame(records)
    config = check_columns(config, frame.columns)
    ids = frame[config.record_id].cast(str)
    if ids.null_count():
        raise InputError(f"{ids.null_count()} records have no {config.record_id!r}; every record needs an id")
    repeated = len(ids) - ids.n_unique()
    if repeated:
        raise InputError(
            f"the record id column {config.record_id!r} has {repeated} repeated values; every record needs its own"
        )
    columns: dict[str, Column] = {}
    for name, attribute in config.attributes.items():
        if attribute.type in ("given_name", "family_name", "full_name"):
            continue
        made = _standardise_one(name, attribute.type, Column.encode(_text(frame, attribute.column)), frame, config)
        if attribute.unless:
            mask = frame[attribute.unless].cast(bool).fill_null(False).to_numpy()
            made = {k: c.without(mask) for k, c in made.items()}
        columns.update(made)
    columns.update(_standardise_names(frame, config))
    report = {f"{name}_missing": int((column.codes < 0).sum()) for name, column in columns.items()}
    for name, attribute in config.attributes.items():
        if attribute.type == "email":
            columns[f"{name}_named"] = named_after_owner(columns, name)
    source = Column.encode(frame[config.source].cast(str)) if config.source else None
    excluded = None
    if config.exclude:
        excluded = np.zeros(len(frame), bool)
        for column in config.exclude:
            excluded |= frame[column].cast(bool).fill_null(False).to_numpy()
        columns = {k: c.without(excluded) for k, c in columns.items()}
    return Standardised(len(frame), ids.to_numpy(), columns, source, excluded, report)


def _standardise_one(name: str, kind: str, raw: Column, frame: pl.DataFrame, config: MatchConfig) -> dict[str, Column]:
    """The standard columns of one attribute that is no person's name."""
    from resolution.standardise import contact, dates, places, text

    values = raw.series()
    if kind == "email":
        email = raw.derive(contact.clean_emails(values, config.blocked_emails))
        base, local = contact.email_parts(email.series())
        return {name: email, f"{name}_base": email.derive(base), f"{name}_local": email.derive(local)}
    if kind == "phone":
        return {name: _standardise_phone(raw, frame, config)}
    if kind in ("birth_date", "date"):
        return {name: raw.derive(dates.clean_dates(values, config.placeholder_dates if kind == "birth_date" else ()))}
    if kind == "address":
        address = raw.derive(places.clean_addresses(values))
        number, street = places.address_parts(address.series())
        return {name: address, f"{name}_number": address.derive(number), f"{name}_street": address.derive(street)}
    if kind == "postcode":
        return {name: raw.derive(places.clean_postcodes(values))}
    if kind == "number":
        import polars as pl

        return {name: raw.derive(values.str.replace_all(",", "").cast(pl.Float64, strict=False).cast(pl.String))}
    if kind == "exact":
        return {name: raw}
    if kind == "id":
        return {name: raw.derive(text.words(values.str.replace_all(r"[\s\-./]", "")))}
    return {name: raw.derive(text.words(values))}


def _standardise_phone(raw: Column, frame: pl.DataFrame, config: MatchConfig) -> Column:
    """Numbers depend on the record's country, so distinct (number, country) pairs are cleaned."""
    import polars as pl

    from resolution.standardise.contact import clean_phones

    if not config.country:
        return raw.derive(clean_phones(raw.series(), None, config.default_country))
    pairs = pl.DataFrame({"code": raw.codes, "country": _text(frame, config.country)})
    distinct = pairs.unique().sort("code", "country")
    number = pl.Series(np.append(raw.values, np.array([None], object)), dtype=pl.String).gather(
        np.where(distinct["code"].to_numpy() < 0, len(raw.values), distinct["code"].to_numpy())
    )
    cleaned = distinct.with_columns(phone=clean_phones(number, distinct["country"], config.default_country))
    joined = pairs.join(cleaned, on=["code", "country"], how="left", nulls_equal=True, maintain_order="left")
    return Column.encode(joined["phone"])


def _standardise_names(frame: pl.DataFrame, config: MatchConfig) -> dict[str, Column]:
    """Columns `given` and `family`; where both are missing they come from the full name."""
    import polars as pl

    from resolution.standardise import names

    by_type: dict[str, str] = {a.type: a.column for a in config.attributes.values()}
    found: dict[str, Column] = {}
    for key, kind in (("given", "given_name"), ("family", "family_name")):
        if kind in by_type:
            raw = Column.encode(_text(frame, by_type[kind]))
            found[key] = raw.derive(names.clean_names(raw.series()))
    if "full_name" in by_type:
        raw = Column.encode(_text(frame, by_type["full_name"]))
        given, family = names.split_full_names(raw.series())
        split = {"given": raw.derive(given), "family": raw.derive(family)}
        if found:
            absent = np.all([c.codes < 0 for c in found.values()], axis=0)
            for key, column in split.items():
                own = found[key] if key in found else Column(np.full(len(frame), -1, np.int32), np.empty(0, object))
                merged = np.where(absent, column.codes, -1)
                values = np.concatenate([own.values, column.values, np.array([None], object)])
                index = np.where(own.codes >= 0, own.codes, np.where(merged >= 0, merged + len(own.values), -1))
                found[key] = Column.encode(
                    pl.Series(values, dtype=pl.String).gather(np.where(index < 0, len(values) - 1, index))
                )
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
