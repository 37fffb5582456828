"""Certain links and their guards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from resolution.certain import certain_edges, identifier_keys
from resolution.errors import ConfigError
from resolution.hints import NameHints
from resolution.identifier_rules import load_identifier_rules, parse_identifier_rules

RULES = load_identifier_rules()


def table(*rows: tuple[int, str, str], verified: bool = True, namespace: str = "global") -> pd.DataFrame:
    return pd.DataFrame(
        [(p, t, namespace, v, verified) for p, t, v in rows],
        columns=["position", "identifier_type", "identifier_namespace", "identifier_value", "is_verified"],
    )


def pairs(identifiers: pd.DataFrame, n: int, hint: list[int] | NameHints | None = None) -> set[tuple[int, int]]:
    edges = certain_edges(identifiers, n, name_hint=np.array(hint) if isinstance(hint, list) else hint)
    assert (edges["left"] < edges["right"]).all()
    assert not edges.duplicated(["left", "right", "evidence"]).any()
    return set(zip(edges["left"].tolist(), edges["right"].tolist(), strict=True))


def test_a_shared_value_is_a_star_not_a_clique() -> None:
    rows = [(i, "email", "Ann@Mail.com ") for i in range(20)]
    assert pairs(table(*rows), 20) == {(0, i) for i in range(1, 20)}


def test_values_are_compared_after_normalisation_and_within_their_namespace() -> None:
    assert pairs(table((0, "phone", "+44 20 7946-1234"), (1, "phone", "0044 (20) 79461234")), 2) == {(0, 1)}
    one, two = table((0, "account_id", "7")), table((1, "account_id", "7"), namespace="other")
    assert pairs(pd.concat([one, two]), 2) == set()


@pytest.mark.parametrize(
    "value",
    ["", " ", "null", "N/A", "0000", "info@brand.com", "noreply@x.org", "12345@facebook.com",
    "q@privaterelay.appleid.com",
     "a1b2@marketplace.amazon.com", "brand@groups.facebook.com", "not an address", "two@at@signs", "test@mail.com",
     "xxxxx"],
)  # fmt: skip
def test_blocked_and_pseudo_emails_never_link(value: str) -> None:
    assert pairs(table((0, "email", value), (1, "email", value)), 2) == set()


@pytest.mark.parametrize(
    "value", ["", "0", "000-000", "1111111111", "12345", "+1 555 555 0123", "+15550000000", "123456789"]
)
def test_placeholder_phones_never_link(value: str) -> None:
    assert pairs(table((0, "phone", value), (1, "phone", value)), 2) == set()


@pytest.mark.parametrize(
    "value", ["x7k2m9q4@privaterelay.appleid.com", "a1b2c3d4e5@marketplace.amazon.de", "100004321987@facebook.com"]
)
def test_a_relay_address_is_an_id_of_one_person(value: str) -> None:
    rows = table((0, "email", value.upper()), (1, "email", value), (2, "email", "other" + value))
    edges = certain_edges(rows, 3)
    assert edges[["left", "right", "evidence"]].values.tolist() == [[0, 1, "relay"]]


def test_a_firms_mailbox_joins_records_of_one_full_name_only() -> None:
    rows = table(*[(i, "email", "info@turpin.fr") for i in range(6)])
    # Ann Bell, Ann Cole, Ann Bell, nobody, Ann without a family name, twice
    family = {0: 1, 1: 2, 2: 1, 3: None, 4: 0, 5: 0}
    name = np.array([-1 if f is None else 7 << 32 | f for f in family.values()])
    given = np.where(name < 0, -1, 7)

    def alike(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return given[left] == given[right]

    hints = NameHints(given, np.zeros(6, bool), alike, lambda a, b: ~alike(a, b), name, True)
    edges = certain_edges(rows, 6, name_hint=hints)
    assert edges[["left", "right", "evidence"]].values.tolist() == [[0, 2, "role_mailbox"]]


NAMES = [
    # a mailbox, its holders (given, family), and the pairs it joins
    ("nickname", ["Cynthia Hale", "Cindy Hale", ""], {(0, 1), (0, 2)}),
    ("typing error", ["Linda Stephens", "Likda Stephens", ""], {(0, 1), (0, 2)}),
    ("two common names", ["Daniel Hale", "Daniela Hale", ""], set()),
    ("another family name", ["Cynthia Hale", "Cindy Moss", ""], {(0, 2)}),
    ("a couple", ["Robert Hale", "Anna Hale", ""], set()),
    ("father and son", ["Robert Hale", "Bob Hale", "Robert Hale"], {(0, 1), (0, 2)}),
]


@pytest.mark.parametrize(("holders", "joined"), [case[1:] for case in NAMES], ids=[case[0] for case in NAMES])
def test_spellings_of_one_name_share_a_mailbox(holders: list[str], joined: set[tuple[int, int]]) -> None:
    known = ["Daniel", "Daniela", "Cynthia", "Cindy", "Linda", "Robert", "Anna"]
    assert pairs(table(*[(i, "email", "q7@web.de") for i in range(3)]), 3, names_of(holders, known)) == joined


def test_a_mailbox_named_by_the_nickname_of_its_owner_is_not_somebody_elses() -> None:
    known = ["Edward", "Ted", "Linda", "Hannah", "Jeffrey"]
    own = [["Edward Avila", "", "", "ted.avila@web.de"], ["Likda Moss", "", "", "linda.moss@web.de"]]
    for *holders, mailbox in own:
        hints = names_of(holders, known, mailbox)
        assert pairs(table(*[(i, "email", mailbox) for i in range(3)]), 3, hints) == {(0, 1), (0, 2)}
    hints = names_of(["Jeffrey Allen", "", ""], known, "hannah.allen@web.de")
    assert pairs(table(*[(i, "email", "hannah.allen@web.de") for i in range(3)]), 3, hints) == set()


def names_of(holders: list[str], known: list[str], mailbox: str | None = None) -> NameHints:
    """Hints for holders of one mailbox, after a model that knows some given names."""
    from resolution.classify.model import AttributeModel, MatchModel
    from resolution.config import config_from_dict
    from resolution.hints import make_hints
    from resolution.standardise import standardise
    from resolution.standardise.columns import stable_hashes

    attributes = {"given": "given_name", "family": "family_name", "email": "email"}
    config = config_from_dict({"record_id": "id", "attributes": attributes})
    parts = [holder.split(" ") if holder else [None, None] for holder in holders]
    frame = pd.DataFrame(parts, columns=["given", "family"]).assign(
        email=mailbox, id=[str(i) for i in range(len(holders))]
    )
    hashes = stable_hashes(pl.Series([name.lower() for name in known]))
    listed = {int(h): 0.01 for h in hashes}
    attribute = AttributeModel("given_name", "given", ("missing",), (1.0,), (1.0,), (1.0,), listed, 0.001)
    model = MatchModel(0.1, 0.0, (attribute,), (), 0.5, "", (), {})
    return make_hints(standardise(frame, config), model)


def test_an_order_is_named_by_many_platforms_and_by_one_customer() -> None:
    rows = [(i, "order_id", "1001") for i in range(12)]
    assert len(pairs(table(*rows), 12)) == 11
    assert pairs(table(*rows), 12, list(range(12))) == set()  # a default text in the field of the number


def test_the_number_of_a_busy_agent_is_found_by_its_people_and_counted_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    people = RULES.rule("phone").max_people
    agent = [(i, "phone", "+442079461234") for i in range(people + 1)]
    family = [(i, "phone", "+442079465678") for i in range(10, 10 + 2 * people)]
    given = list(range(people + 1)) + [-1] * (9 - people) + [100 + i // 2 for i in range(2 * people)]
    with caplog.at_level("INFO", logger="resolution.certain"):
        assert pairs(table(*agent, *family), len(given), given) == {(10 + 2 * i, 11 + 2 * i) for i in range(people)}
    assert f"phone: 1 values of {people + 1} records are nobody's: each has more people" in caplog.text
    assert "7946" not in caplog.text


def test_a_missing_value_never_links() -> None:
    rows = table((0, "email", "x"), (1, "email", "x"))
    rows["identifier_value"] = None
    assert pairs(rows, 2) == set()


def test_a_value_above_its_limit_is_no_evidence() -> None:
    limit = RULES.rule("cookie_id").max_records
    at = [(i, "cookie_id", "c") for i in range(limit)]
    over = [(i, "cookie_id", "c") for i in range(limit + 1)]
    assert len(pairs(table(*at), limit)) == limit - 1
    assert pairs(table(*over), limit + 1) == set()


def test_a_cookie_of_two_accounts_is_a_shared_device() -> None:
    rows = [(0, "cookie_id", "c"), (1, "cookie_id", "c"), (0, "account_id", "7"), (1, "account_id", "8")]
    assert pairs(table(*rows), 2) == set()


def test_a_record_with_two_accounts_gives_no_account_evidence() -> None:
    rows = [(0, "account_id", "7"), (0, "account_id", "8"), (1, "account_id", "7"), (2, "account_id", "8")]
    assert pairs(table(*rows), 3) == set()


def test_a_household_email_joins_only_equal_given_names() -> None:
    rows = [(i, "email", "home@mail.com") for i in range(5)]
    # Ann, Bob, Ann, nameless, Bob: the nameless one could be either, so it joins nobody
    assert pairs(table(*rows), 5, [1, 2, 1, -1, 2]) == {(0, 2), (1, 4)}
    assert pairs(table(*rows), 5, [1, 1, 1, -1, 1]) == {(0, 1), (0, 2), (0, 3), (0, 4)}


def test_an_account_joins_across_names() -> None:
    rows = [(i, "account_id", "7") for i in range(3)]
    assert len(pairs(table(*rows), 3, [1, 2, 1])) == 2


def test_more_given_names_than_allowed_is_a_public_mailbox() -> None:
    count = RULES.rule("email").max_people + 1
    rows = [(i, "email", "shared@mail.com") for i in range(2 * count)]
    assert pairs(table(*rows), 2 * count, [i // 2 for i in range(2 * count)]) == set()


def test_hashed_email_meets_the_plain_one() -> None:
    from hashlib import md5

    rows = [(0, "email", " Ann@Mail.com"), (1, "email_md5", md5(b"ann@mail.com").hexdigest().upper())]
    assert pairs(table(*rows), 2) == {(0, 1)}


def test_edges_do_not_depend_on_row_order_nor_on_other_records() -> None:
    rows = table(
        *[(i, "email", f"u{i % 7}@mail.com") for i in range(40)],
        *[(i, "phone", f"+4420794{i % 5:05}") for i in range(40)],
    )
    alone = certain_edges(rows, 40)
    shuffled = certain_edges(rows.sample(frac=1, random_state=3), 40)
    pd.testing.assert_frame_equal(alone, shuffled)
    others = table(*[(i, "email", f"other{i}@mail.com") for i in range(40, 60)])
    pd.testing.assert_frame_equal(alone, certain_edges(pd.concat([rows, others]), 60))


def test_no_identifiers_give_an_empty_table_of_the_right_types() -> None:
    edges = certain_edges(table(), 3)
    assert list(edges.columns) == ["left", "right", "match_weight", "match_probability", "kind", "evidence"]
    assert edges["left"].dtype == np.int32 and len(edges) == 0
    assert len(identifier_keys(table(), RULES)) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [({"normalise": "loud"}, "normalise"), ({"code": 7}, "code"), ({"max_records": 0}, "max_records"),
     ({"colour": 1}, "colour"),
     ({"blocked_patterns": ["("]}, "regular expression"), ({"taken_from": "fax"}, "taken_from"),
     ({"patterns": ["^x"]}, "both taken_from and patterns")],
)  # fmt: skip
def test_wrong_rules_are_named(change: dict, words: str) -> None:
    entry = {"name": "email", "code": 1004, "match_weight": 9, "max_records": 5, "max_accounts": 5, "max_people": 5,
             "max_values": 5, "across_names": False, "normalise": "email"}  # fmt: skip
    with pytest.raises(ConfigError, match=words):
        parse_identifier_rules({"types": [entry | change]})


def test_wrong_life_rules_are_named() -> None:
    for wrong in ({"kinds": ["lead"]}, {"kinds": "lead", "max_doubled": 1}, {"kinds": [], "max_doubled": -1}):
        with pytest.raises(ConfigError, match="parallel_lives"):
            parse_identifier_rules({"types": [], "parallel_lives": wrong})
