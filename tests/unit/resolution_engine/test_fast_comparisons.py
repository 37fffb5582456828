"""Comparisons in machine code give the levels that rapidfuzz gives."""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from resolution.compare import fast
from resolution.compare import features as f
from resolution.standardise.columns import Column, Standardised

NAMES = ["bob", "robert", "mary ann", "mary", "ann marie", "r", "featherstone", "smith jones", "smith", "peggy"]
LETTERS = {
    "plain": "abcdeé 12",
    "few": "ab ",
    "digits": "0123456789",
    "many": "".join(map(chr, range(0x4E00, 0x4E00 + 400))),
}


def texts(letters: str, count: int, longest: int, rng: np.random.Generator) -> list[str]:
    """Random values and typing errors of them, some far longer than a machine word."""
    found = []
    for size in rng.integers(1, longest, count):
        text = " ".join("".join(rng.choice(list(letters), size)).split()) or "a"
        found.append(text)
        at = int(rng.integers(0, len(text)))
        found.append(text[:at] + text[at + 1 :] or "b")
        found.append(" ".join((text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]).split()))
        found.append(text[:at] + str(rng.choice(list(letters.strip()))) + text[at:])
    return found


def cases() -> Iterator[tuple[str, f.LevelFeature, list[str]]]:
    rng = np.random.default_rng(4)
    kinds = (f.StringFeature, f.GivenNameFeature, f.PhoneFeature, f.PostcodeFeature, f.IdFeature, f.AddressFeature)
    for kind in kinds:
        for name, letters in LETTERS.items():
            values = texts(letters, 60, 12, rng) + texts(letters, 8, 90, rng)
            yield f"{kind.__name__} {name}", kind("x"), [*values, *NAMES, "12 high st", "14 high st", "fl 2 12 high st"]
    mails = [f"{a}@{b}" for a in texts("abc.12", 40, 14, rng) for b in ("a.com", "b.org")]
    yield "EmailFeature", f.EmailFeature("x"), [*mails, "j.doe+shop@gmail.com", "jdoe@googlemail.com", "@x.de", "@y.de"]
    days = [f"{y}{m:02d}{d:02d}" for y in (1980, 1981, 1990, 2008) for m in (0, 1, 5, 12) for d in (0, 1, 5, 12, 21)]
    yield "BirthDateFeature", f.BirthDateFeature("x"), days


@pytest.mark.parametrize(("feature", "values"), [pytest.param(f_, v, id=name) for name, f_, v in cases()])
def test_machine_code_finds_the_same_levels(
    feature: f.LevelFeature, values: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    column = Column.encode(pl.Series([*values, None]))
    n = len(values) + 1
    std = Standardised(n, pl.Series(range(n)).cast(pl.String), {"x": column})
    left, right = (a.astype(np.int32) for a in np.triu_indices(n))
    slow = feature.levels(std, left, right)
    monkeypatch.setattr(fast, "MANY", 1)
    assert np.array_equal(fast.levels(feature, std, left, right), slow)
    assert len(np.unique(slow)) >= min(feature.top, 4)
    backwards = fast.levels(feature, std, right, left)
    assert np.array_equal(backwards, slow)
