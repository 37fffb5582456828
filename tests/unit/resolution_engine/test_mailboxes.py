"""What a mailbox says about its user, contradicting names, and the threshold of a wanted precision."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resolution import link
from resolution.config import config_from_dict
from resolution.standardise import standardise
from resolution.standardise.columns import Standardised

ATTRIBUTES = {"given": "given_name", "family": "family_name", "email": "email", "birth_date": "birth_date"}
CONFIG = config_from_dict({"record_id": "id", "attributes": ATTRIBUTES})


def people(*rows: tuple[str | None, str | None, str | None]) -> Standardised:
    frame = pd.DataFrame(rows, columns=["given", "family", "email"]).assign(birth_date=None)
    return standardise(frame.assign(id=[str(i) for i in range(len(rows))]), CONFIG)


def levels(std: Standardised) -> dict[str, str]:
    """Level of each comparison of the first two records."""
    from resolution.compare import compare_pairs, make_features

    features = make_features(std, CONFIG)
    found = compare_pairs(std, features, np.array([0], np.int32), np.array([1], np.int32))[0]
    return {f.label: f.labels[level] for f, level in zip(features, found, strict=True)}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # named after their owners: the names have said it
        (("Tina", "Wagner", "tina.wagner@gmail.com"), ("Tina", "Wagner", "tinawagner77@web.de"), "different"),
        (("Sarah", "Foster", "sarah11@yahoo.com"), ("Sarah", "Dickinson", "sarah11@web.de"), "missing"),
        (("Jennifer", "Reeves", "jen.reeves@web.de"), ("Jennifer", "Reyes", "jen.reyes@web.de"), "missing"),
        # one more digit is another mailbox, an exchanged letter is a typing error
        (("Amelia", "Pearce", "amelia.pearce3@web.de"), ("Amelia", "Pearce", "amelia.pearce@web.de"), "different"),
        (("Amelia", "Pearce", "ameila.pearce@gmail.com"), ("Amelia", "Pearce", "amelia.pearce@gmail.com"), "typo"),
        # other digits are another mailbox too: a year of birth is no typing error
        (("Michael", "Roche", "michael55@gmail.com"), ("Michael", "Roche", "michael94@gmail.com"), "different"),
        # a fancy name, or a record without a name, keeps its weight
        (("Tina", "Wagner", "nightowl@gmail.com"), ("Tina", "Wagner", "nightowl@web.de"), "same local part"),
        (("Tina", "Wagner", "tina.wagner@gmail.com"), (None, None, "tina.wagner@web.de"), "same local part"),
    ],
)  # fmt: skip
def test_a_mailbox_named_after_its_owner_is_no_second_evidence(
    first: tuple[str, str, str], second: tuple[str | None, str | None, str], expected: str
) -> None:
    assert levels(people(first, second))["email"] == expected


def test_a_mailbox_named_after_somebody_else_is_known() -> None:
    from resolution.mailboxes import mailbox_of_another

    std = people(
        ("Jeffrey", "Allen", "hannah_allen98@gmail.com"),  # a known name that is not his
        ("Hannah", "Allen", "hannah_allen98@gmail.com"),
        ("Jo", "Hannah", "hannah@web.de"),  # a family name that is a given name too
        ("Jeffrey", "Allen", "nightowl@web.de"),  # no name at all
        (None, None, "hannah@web.de"),
    )
    known = pd.util.hash_array(np.array(["hannah", "jeffrey"], dtype=object), categorize=False)
    assert mailbox_of_another(std, known).tolist() == [True, False, False, False, False]
    assert not mailbox_of_another(std, known[:0]).any()


def test_one_vague_agreement_joins_nobody() -> None:
    from resolution.classify.fellegi_sunter import _one_vague_agreement
    from resolution.compare import make_features

    features = make_features(people(("A", "B", "c@d.com")), CONFIG)
    place = {f.label: i for i, f in enumerate(features)}
    rows = np.zeros((4, len(features)), np.uint8)
    rows[0, place["email"]] = 3  # one local part at two providers, nothing else known
    rows[1, place["email"]] = 6
    rows[2, [place["email"], place["birth_date"]]] = (3, 7)
    rows[3, place["given_name"]] = 5
    assert _one_vague_agreement(features, rows).tolist() == [True, False, False, True]


def family(contradictions: list[str]) -> list[int]:
    """Labels of two brothers and a nameless visit that all share one mailbox, phone and loyalty number."""
    records = pd.DataFrame(
        {
            "id": ["0", "1", "2"],
            "given": ["Peter", "Klaus", None],
            "family": ["Hansen", "Hansen", None],
            "email": ["hansen@web.de"] * 3,
            "birth_date": ["1980-02-03", "1991-11-20", None],
        }
    )
    identifiers = pd.DataFrame(
        {
            "id": ["0", "1", "2", "0", "1"],
            "identifier_type": ["order_id", "order_id", "order_id", "email", "email"],
            "identifier_namespace": ["shop", "shop", "shop", "global", "global"],
            "identifier_value": ["#7", "#7", "#7", "hansen@web.de", "hansen@web.de"],
            "is_verified": False,
        }
    )
    config = config_from_dict(
        {"record_id": "id", "attributes": ATTRIBUTES, "threshold": 0.9, "contradictions": contradictions}
    )
    return link(records, identifiers, config).labels.tolist()


def test_files_respect_contradictions_as_nights_do() -> None:
    assert len(set(family([]))) == 1
    for wanted in (["given_name"], ["birth_date"], ["birth_date", "given_name"]):
        labels = family(wanted)
        assert labels[0] != labels[1]


def test_two_verified_accounts_stay_apart_in_files_too() -> None:
    records = pd.DataFrame(
        {"id": ["a", "b"], "given": "Ann", "family": "Bell", "email": "ann@bell.com", "birth_date": "1980-02-03"}
    )
    identifiers = pd.DataFrame(
        {
            "id": ["a", "b", "a", "b"],
            "identifier_type": ["email", "email", "account_id", "account_id"],
            "identifier_namespace": ["global", "global", "shop", "shop"],
            "identifier_value": ["ann@bell.com", "ann@bell.com", "1", "2"],
            "is_verified": [True, True, True, True],
        }
    )
    config = config_from_dict({"record_id": "id", "attributes": ATTRIBUTES, "threshold": 0.5})
    assert link(records, identifiers, config).labels.tolist() == [0, 1]
    assert link(records, identifiers.iloc[:2], config).labels.tolist() == [0, 0]


def test_a_wanted_precision_is_kept_by_every_link() -> None:
    from benchmarks.identity_data import hard

    frame = hard(600, seed=5)
    attributes = {"given_name": "given_name", "surname": "family_name", "birth_date": "birth_date", "email": "email"}
    settings = {"record_id": "record_id", "attributes": attributes}
    usual = link(frame, config=config_from_dict(settings))
    strict = link(frame, config=config_from_dict({**settings, "precision": 0.99}))
    assert usual.model.threshold < 0.99
    assert strict.model.threshold >= 0.995
    row = next(r for r in strict.report["curve"] if r["threshold"] == strict.model.threshold)
    assert row["precision_added"] >= 0.995
    assert len(set(strict.labels)) > len(set(usual.labels))
