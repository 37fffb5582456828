"""Cleaning of names, contacts, dates and places."""

import pandas as pd
import polars as pl
import pytest

from resolution.config import config_from_dict
from resolution.errors import ConfigError, InputError
from resolution.standardise import names, standardise


def one(kind: str, values: list, **settings) -> list:
    """The standardised values of one column (given and family together for full names)."""
    config = config_from_dict({"record_id": "id", "attributes": {"x": kind}, **settings})
    frame = pd.DataFrame({"id": range(len(values)), "x": values, **settings.pop("columns", {})})
    std = standardise(frame, config)
    names = {"given_name": ["given"], "family_name": ["family"], "full_name": ["given", "family"]}.get(kind, ["x"])
    read = [[std.columns[n].values[c] if c >= 0 else None for c in std.columns[n].codes] for n in names]
    return read[0] if len(read) == 1 else list(zip(*read, strict=True))


def test_names_lose_case_accents_titles_and_emoji() -> None:
    found = one("given_name", ["Dr. Zoë", "ZOE", "José-María 😀", "  ", "N/A", "О́льга", "Prof."])
    assert found == ["zoe", "zoe", "jose maria", None, None, "olga", "prof"]


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        ("Ludwig van Beethoven", ("ludwig", "van beethoven")),
        ("Beethoven, Ludwig van", ("ludwig van", "beethoven")),
        ("Mr John Q. Public Jr.", ("john q", "public")),
        ("Cher", ("cher", None)),
        ("", (None, None)),
    ],
)
def test_full_names_are_split(full: str, expected: tuple) -> None:
    assert one("full_name", [full]) == [expected]


def test_right_to_left_and_very_long_names_are_kept_short_and_comparable() -> None:
    found = one("given_name", ["محمد", "محمد", "x" * 10_000])
    assert found[0] == found[1] and found[0]
    assert len(found[2]) <= 120


def test_emails_are_checked_and_blocked_ones_dropped() -> None:
    found = one("email", [" A.B@X.com ", "info@shop.de", "no at sign", "a@b", None], blocked_emails=["info@.*"])
    assert found == ["a.b@x.com", None, None, None, None]


def test_a_wrong_blocklist_pattern_is_named() -> None:
    with pytest.raises(ConfigError, match="blocked_emails"):
        one("email", ["a@b.de"], blocked_emails=["("])


def test_phones_of_one_person_written_differently_agree() -> None:
    config = config_from_dict({"record_id": "id", "country": "land", "attributes": {"x": "phone"}})
    frame = pd.DataFrame(
        {
            "id": range(6),
            "land": ["DE", "DE", None, "GB", "US", "US"],
            "x": [
                "0171 1234567",
                "+49 (0)171 1234567",
                "0049 171 1234567",
                "07700 900123",
                "(415) 555-0132",
                "000000000",
            ],
        }
    )
    column = standardise(frame, config).columns["x"]
    read = [column.values[c] if c >= 0 else None for c in column.codes]
    assert read == ["491711234567", "491711234567", "491711234567", "447700900123", "14155550132", None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1990-05-17", "19900517"),
        ("17/05/1990", "19900517"),
        ("5/17/1990", "19900517"),
        ("19900517", "19900517"),
        ("1990", "19900000"),
        ("1990-05", "19900500"),
        ("1990-05-17T00:00:00Z", "19900517"),
        ("19561399", "19561399"),
        ("1900-01-01", None),
        ("soon", None),
        ("31.12.", None),
    ],
)
def test_dates(text: str, expected: str | None) -> None:
    assert one("birth_date", [text]) == [expected]


def test_dates_of_any_python_type_agree() -> None:
    values = [pd.Timestamp("1990-05-17"), pd.Timestamp("1990-05-17").date(), "1990-05-17"]
    assert one("birth_date", values) == ["19900517"] * 3


def test_addresses_and_postcodes() -> None:
    assert one("address", ["12 High Street", "12 HIGH ST.", "Hauptstraße 5", "Hauptstr. 5"]) == [
        "12 high st",
        "12 high st",
        "haupt st 5",
        "haupt st 5",
    ]
    assert one("postcode", ["sw1a 1aa", "12345-6789", "00000", "02134", 2134.0]) == [
        "SW1A1AA",
        "12345",
        None,
        "02134",
        "2134",
    ]


def test_repeated_and_missing_record_ids_are_refused_without_showing_them() -> None:
    config = config_from_dict({"record_id": "id", "attributes": {"name": "full_name"}})
    with pytest.raises(InputError, match="'id' has 1 repeated"):
        standardise(pd.DataFrame({"id": ["secret", "secret"], "name": ["a b", "c d"]}), config)
    with pytest.raises(InputError, match="1 records have no 'id'"):
        standardise(pd.DataFrame({"id": ["a", None], "name": ["a b", "c d"]}), config)


def test_a_missing_column_is_named_with_file_key_and_what_there_is() -> None:
    config = config_from_dict({"record_id": "id", "attributes": {"surname": "family_name"}}, "match.yml")
    with pytest.raises(InputError, match=r"match.yml: attributes.surname.column names the column 'surname'.*id, name"):
        standardise(pd.DataFrame({"id": [1], "name": ["a"]}), config)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"attributes": {}}, "name at least one column"),
        ({"attributes": {"a": "nonsense"}}, "attributes.a.type"),
        ({"attributes": {"a": "string"}, "treshold": 1}, "treshold"),
        ({"attributes": {"a": "string"}, "threshold": 7.0}, "between 0 and 1"),
        ({"attributes": {"a": "given_name", "b": "given_name"}}, "both of type given_name"),
    ],
)
def test_wrong_settings_are_named(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_from_dict(settings, "match.yml")


def test_shared_phones_and_excluded_records_do_not_count() -> None:
    config = config_from_dict(
        {
            "record_id": "id",
            "exclude": ["is_internal"],
            "attributes": {"phone": {"type": "phone", "unless": "is_shared"}},
        }
    )
    frame = pd.DataFrame(
        {"id": [1, 2, 3], "phone": ["+4917112345"] * 3, "is_shared": [False, True, None], "is_internal": [0, 0, 1]}
    )
    assert standardise(frame, config).columns["phone"].codes.tolist() == [0, -1, -1]


def test_the_name_of_an_account_is_no_name_of_a_person() -> None:
    given, family = names.split_full_names(pl.Series(["the.john7262", "ann_lee", "ann@web.de", "J.Lee", "Ann Lee 2"]))
    assert given.to_list()[:3] == family.to_list()[:3] == [None] * 3
    assert given.to_list()[4] is not None
