"""E-mail addresses and phone numbers."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from resolution.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

REPEATED = r"^(?:.{0,4})(?:0{6,}|1{6,}|2{6,}|3{6,}|4{6,}|5{6,}|6{6,}|7{6,}|8{6,}|9{6,}|1234567890?)$"
"""Numbers that nobody has: one digit to the end, or the row of keys."""


def clean_emails(series: pl.Series, blocked: tuple[str, ...] = ()) -> pl.Series:
    """Distinct addresses in lower case; null where it is no address or a blocked one (role, relay, test mailboxes)."""
    import polars as pl

    text = series.str.strip_chars(" <>\"'\t\r\n").str.to_lowercase().str.replace(r"^mailto:", "")
    good = text.str.contains(r"^[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}$") & (text.str.len_chars() <= 254)
    for pattern in blocked:
        try:
            re.compile(pattern)
            good = good & ~text.str.contains(f"^(?:{pattern})$")
        except (re.error, pl.exceptions.ComputeError) as error:
            raise ConfigError(f"blocked_emails: {pattern!r} is not a regular expression: {error}") from None
    return pl.select(pl.when(good).then(text)).to_series()


def email_parts(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Distinct clean addresses → (base, local).

    base: the mailbox the address ends in as far as one can tell (plus-tag dropped, dots of Gmail dropped);
    local: its part before the @ with everything but letters and digits dropped, null below 4 characters.
    """
    import polars as pl

    domain = series.str.extract(r"@(.+)$", 1).str.replace(r"^googlemail\.com$", "gmail.com")
    local = series.str.extract(r"^([^@]+)@", 1).str.replace(r"(.)\+.*$", "$1")
    gmail = domain == "gmail.com"
    local = pl.select(pl.when(gmail).then(local.str.replace_all(".", "", literal=True)).otherwise(local)).to_series()
    base = local + "@" + domain
    plain = local.str.replace_all(r"[^a-z0-9]", "")
    return base, pl.select(pl.when(plain.str.len_chars() >= 4).then(plain)).to_series()


@cache
def _region(country: str) -> tuple[str, str, frozenset[int]] | None:
    """(calling code, national prefix, possible lengths of a national number) of a country, from phonenumbers'
    metadata.
    """
    import phonenumbers
    from phonenumbers.phonemetadata import PhoneMetadata

    meta = PhoneMetadata.metadata_for_region(country.upper(), None)
    if meta is None:
        return None
    possible = meta.general_desc.possible_length if meta.general_desc else None
    lengths = frozenset(length for length in (possible or ()) if length > 0)
    return str(phonenumbers.country_code_for_region(country.upper())), meta.national_prefix or "", lengths


def clean_phones(values: pl.Series, countries: pl.Series | None, default_country: str | None = None) -> pl.Series:
    """Raw numbers (with the record's country) → digits of the international number, or national digits when no
    country is known.

    Vectorised form of phonenumbers' rules (calling code, national prefix, possible lengths per region from its
    metadata): parsing
    each number by the library costs 40 µs. Fewer than 6 or more than 15 digits, or one digit repeated, is no number.
    """
    import polars as pl

    text = values.str.slice(0, 64).str.replace(r"(?i)\s*(?:ext|x|#)\.?\s*\d+\s*$", "")
    country = countries if countries is not None else pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
    frame = pl.DataFrame(
        {
            "text": text.str.replace(r"\(0\)", ""),
            "country": country.fill_null(default_country or "").str.to_uppercase().str.strip_chars(),
        }
    )
    frame = frame.with_columns(
        international=pl.col("text").str.contains(r"^\s*(?:\+|00)"),
        digits=pl.col("text").str.replace_all(r"\D", ""),
    ).with_columns(
        digits=pl.when("international").then(pl.col("digits").str.replace(r"^00", "")).otherwise("digits"),
    )
    number = pl.col("digits")
    for name in sorted(set(frame["country"].unique().drop_nulls().to_list()) - {""}):
        region = _region(name)
        if region is None:
            continue
        code, prefix, lengths = region
        here = (pl.col("country") == name) & ~pl.col("international")
        full = pl.col("digits").str.starts_with(code) & (pl.col("digits").str.len_chars() - len(code)).is_in(
            list(lengths)
        )
        national = pl.col("digits").str.len_chars().is_in(list(lengths))
        trunk = pl.lit(False)
        if prefix.isdigit():
            trunk = pl.col("digits").str.starts_with(prefix) & (pl.col("digits").str.len_chars() - len(prefix)).is_in(
                list(lengths)
            )
        number = (
            pl.when(here & trunk)
            .then(pl.lit(code) + pl.col("digits").str.slice(len(prefix)))
            .when(here & national)
            .then(pl.lit(code) + pl.col("digits"))
            .when(here & full)
            .then(pl.col("digits"))
            .otherwise(number)
        )
    digits = frame.select(number.alias("digits"))["digits"]
    good = digits.str.len_chars().is_between(6, 15) & ~digits.str.contains(REPEATED)
    return pl.select(pl.when(good).then(digits)).to_series()
