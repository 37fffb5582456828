"""Two people of one name stay apart by their lives; one person with two mailboxes does not fall apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from resolution.identifier_rules import load_identifier_rules
from resolution.lives import Contacts, separate_lives

RULES = load_identifier_rules()
ALIKE = ("probable", "given_name=same, family_name=same, address=same", 12.0)
PHONE = ("certain", "phone", 13.0)
ACCOUNT = ("certain", "account_id", 26.0)
Edge = tuple[int, int, tuple[str, str, float]]


def apart(
    edges: list[Edge],
    email: list[int],
    phone: list[int] | None = None,
    kind: list[int] | None = None,
    birth: list[int] | None = None,
) -> set[tuple[int, int]]:
    """Pairs of lives that are of two people; -1 = unknown."""
    n, none = len(email), [-1] * len(email)
    table = pd.DataFrame(
        [(a, b, weight, 0.9999, what, why) for a, b, (what, why, weight) in edges],
        columns=["left", "right", "match_weight", "match_probability", "kind", "evidence"],
    )
    contacts = Contacts(*(np.array(values, np.int64) for values in (email, phone or none, kind or none, birth or none)))
    found = separate_lives(n, table, contacts, RULES)
    assert found.shape == (len(found), 2) and (found[:, 0] < found[:, 1]).all()
    return set(map(tuple, found.tolist()))


# Father 0, 1 (joined by his account), son 2, 3 (by his).
HOMES: list[Edge] = [(0, 1, ACCOUNT), (2, 3, ACCOUNT)]
CASES = [
    ("own mailboxes and own phones", [*HOMES, (0, 2, ALIKE)], [5, 5, 6, 6], [1, -1, 2, -1], None, {(0, 2)}),
    ("own mailboxes, nothing known of phones", [*HOMES, (0, 2, ALIKE)], [5, 5, 6, 6], None, None, {(0, 2)}),
    ("one mailbox", [*HOMES, (0, 2, ALIKE)], [5, 5, 6, 5], [1, -1, 2, -1], None, set()),
    ("one phone", [*HOMES, (0, 2, ALIKE)], [5, 5, 6, 6], [1, -1, 1, -1], None, set()),
    ("a landline, and one newsletter of each", [*HOMES, (0, 2, PHONE)], [5, 5, 6, 6], [1, -1, 1, -1],
     [7, -1, 7, -1], set()),
    ("a landline, and two platforms that know both", [*HOMES, (0, 2, PHONE)], [5, 5, 6, 6], [1, -1, 1, -1],
     [7, 8, 7, 8], {(0, 2)}),
    ("one with a mailbox, one without", [*HOMES, (0, 2, ALIKE)], [5, 5, -1, -1], [1, -1, 2, -1], None, set()),
    ("joined by an account in the end", [*HOMES, (0, 2, ALIKE), (1, 3, ACCOUNT)], [5, 5, 6, 6], [1, -1, 2, -1], None,
     set()),
    ("joined by a person", [*HOMES, (0, 2, ALIKE), (1, 3, ("decision", "same", 99.0))], [5, 5, 6, 6],
     [1, -1, 2, -1], None, set()),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_lives(case: tuple[str, list[Edge], list[int], list[int] | None, list[int] | None, set]) -> None:
    _, edges, email, phone, kind, expected = case
    assert apart(edges, email, phone, kind) == expected


def test_a_record_of_name_and_address_does_not_bridge_two_lives() -> None:
    """A guest order (4) is as much like the father as like the son."""
    from resolution.cluster import Constraints, cluster

    edges = [*HOMES, (0, 4, ALIKE), (2, 4, ("probable", "given_name=same, family_name=same, address=same", 11.0))]
    found = apart(edges, [5, 5, 6, 6, -1], [1, -1, 2, -1, -1])
    assert found == {(0, 2)}
    table = pd.DataFrame(
        [(a, b, weight, 0.9999, what, why) for a, b, (what, why, weight) in edges],
        columns=["left", "right", "match_weight", "match_probability", "kind", "evidence"],
    )
    table["match_weight"] = table["match_weight"].astype(np.float32)
    labels = cluster(5, table, Constraints(cannot_link=np.array(sorted(found))))
    assert labels.tolist() == [0, 0, 2, 2, 0]


def test_a_common_date_of_birth_is_stronger_than_two_lives() -> None:
    edges, mails, phones = [*HOMES, (0, 2, ALIKE)], [5, 5, 6, 6], [1, -1, 2, -1]
    assert apart(edges, mails, phones, birth=[19610123, -1, -1, 19610123]) == set()
    assert apart(edges, mails, phones, birth=[19610123, -1, -1, 19960427]) == {(0, 2)}


def test_without_strong_evidence_there_are_no_lives() -> None:
    assert apart([(0, 1, ALIKE)], [5, 6], [1, 2]) == set()


def test_the_answer_for_two_lives_depends_on_their_component_only() -> None:
    edges, email, phone = [*HOMES, (0, 2, ALIKE)], [5, 5, 6, 6], [1, -1, 2, -1]
    more = [(a + 4, b + 4, what) for a, b, what in edges]
    assert apart([*more, *edges], email * 2, phone * 2) == {(0, 2), (4, 6)}


def test_what_a_record_says_of_its_life() -> None:
    from resolution.config import config_from_dict
    from resolution.lives import contacts_of
    from resolution.standardise import needed_columns, standardise

    attributes = {"email": "email", "phone": "phone", "birth_date": "birth_date"}
    config = config_from_dict({"record_id": "id", "country": "country", "attributes": attributes})
    frame = pl.DataFrame(
        {
            "id": ["a", "b", "c"],
            "country": "GB",
            "email": ["ann@mail.com", None, "ann@mail.com"],
            "phone": ["+44 7946 123456", "07946 123456", None],
            "birth_date": ["1961-01-23", None, "1961-01-23"],
            "source_platform": ["klaviyo", "shopify", "klaviyo"],
            "record_kind": ["subscriber", "order_contact", "subscriber"],
        }
    )
    assert {"source_platform", "record_kind"} <= needed_columns(config)
    found = contacts_of(standardise(frame, config), frame, RULES)
    assert found.email[0] == found.email[2] >= 0 and found.email[1] == -1
    assert found.phone[0] == found.phone[1] >= 0 and found.phone[2] == -1
    assert found.kind[0] == found.kind[2] >= 0 and found.kind[1] == -1  # an order is no person of the platform
    assert found.birth[0] == found.birth[2] >= 0 and found.birth[1] == -1
    assert (contacts_of(standardise(frame, config), frame.drop("record_kind"), RULES).kind == -1).all()
