"""Street addresses, postcodes, cities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolution.standardise.text import words

if TYPE_CHECKING:
    import polars as pl

STREET_WORDS = {
    "street": "st",
    "str": "st",
    "strasse": "st",
    "road": "rd",
    "avenue": "av",
    "ave": "av",
    "boulevard": "bd",
    "blvd": "bd",
    "drive": "dr",
    "drv": "dr",
    "lane": "ln",
    "court": "ct",
    "place": "pl",
    "square": "sq",
    "terrace": "tce",
    "terr": "tce",
    "close": "cl",
    "crescent": "cr",
    "cres": "cr",
    "circuit": "cct",
    "highway": "hwy",
    "parkway": "pkwy",
    "apartment": "unit",
    "apt": "unit",
    "flat": "unit",
    "suite": "unit",
    "ste": "unit",
    "no": "",
    "nr": "",
    "number": "",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "saint": "st",
    "mount": "mt",
    "gardens": "gdns",
    "grove": "gr",
    "building": "bldg",
    "floor": "fl",
    "place of": "pl",
    "platz": "pl",
    "weg": "way",
}


def clean_addresses(series: pl.Series) -> pl.Series:
    """Distinct address lines with street types, directions and units abbreviated alike (`12 High Street` → `12 high
    st`).
    """
    import polars as pl

    text = words(series).str.replace_all(r"strasse\b", " st").str.replace_all(r"\b(\w+)str\b", "$1 st")
    # `st` glued to a German street name is split off, so that Hauptstr. and Hauptstrasse agree.
    tokens = (
        text.str.split(" ")
        .list.eval(pl.element().replace(STREET_WORDS))
        .list.eval(pl.element().filter(pl.element() != ""))
    )
    joined = tokens.list.join(" ")
    return pl.select(pl.when(joined != "").then(joined)).to_series()


def address_parts(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Distinct clean addresses → (house number, street words without numbers, unit or type)."""
    import polars as pl

    house = series.str.replace_all(r"\b(?:unit|fl) \d+[a-z]?\b", " ")
    number = house.str.extract(r"\b(\d+)[a-z]?\b", 1).str.replace(r"^0+(\d)", "$1")
    street = series.str.replace_all(
        r"\b(?:unit |fl )?\d+[a-z]?\b|\b(?:st|rd|av|bd|dr|ln|ct|pl|sq|tce|cl|cr|cct|way|the)\b", " "
    )
    street = street.str.replace_all(r" +", " ").str.strip_chars()
    return number, pl.select(pl.when(street.str.len_chars() > 1).then(street)).to_series()


def clean_postcodes(series: pl.Series) -> pl.Series:
    """Distinct postcodes in upper case without spaces; ZIP+4 is cut to five digits; a lost leading zero of five is
    not guessed.
    """
    import polars as pl

    text = series.str.slice(0, 20).str.to_uppercase().str.replace(r"\.0$", "").str.replace(r"^(\d{5})-\d{4}$", "$1")
    text = text.str.replace_all(r"[^A-Z0-9]", "")
    good = (
        text.str.len_chars().is_between(2, 12)
        & ~text.str.contains(r"^0+$")
        & text.is_in(["NA", "NULL", "NONE", "NAN"]).not_()
    )
    return pl.select(pl.when(good).then(text)).to_series()


def postcode_areas(series: pl.Series) -> pl.Series:
    """Distinct clean postcodes → the larger area: outward code of British ones, all but the last two characters of
    others.
    """
    import polars as pl

    british = series.str.contains(r"^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$")
    area = pl.when(british).then(series.str.head(-3)).otherwise(series.str.head(-2))
    text = pl.select(area).to_series()
    return pl.select(pl.when(text.str.len_chars() >= 1).then(text)).to_series()
