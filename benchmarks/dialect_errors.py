"""What goes wrong in records of people: how scanners, ears and hands change words, and who has how many records."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from benchmarks.identity_data import typos

Rng = np.random.Generator
Texts = np.ndarray
OCR = {"o": "0", "l": "1", "i": "l", "m": "rn", "s": "5", "b": "6", "e": "c", "g": "q", "h": "b", "u": "v"}
SOUND = (
    ("ph", "f"),
    ("ck", "k"),
    ("ee", "ea"),
    ("ie", "y"),
    ("th", "t"),
    ("c", "k"),
    ("z", "s"),
    ("ll", "l"),
    ("nn", "n"),
    ("y", "i"),
    ("ou", "u"),
    ("v", "w"),
)


def some(values: Texts, share: float, rng: Rng, change: Callable[[str, Rng], str]) -> Texts:
    """`change` applied to a share of the texts; blanks stay blank."""
    result = values.copy()
    for i in np.flatnonzero(rng.random(len(values)) < share):
        if isinstance(result[i], str) and result[i]:
            result[i] = change(result[i], rng)
    return result


def ocr(text: str, rng: Rng) -> str:
    """One letter read wrongly."""
    places = [i for i, c in enumerate(text) if c.lower() in OCR]
    if not places:
        return text
    at = int(rng.choice(places))
    return text[:at] + OCR[text[at].lower()] + text[at + 1 :]


def sound(text: str, rng: Rng) -> str:
    """Written as heard."""
    rules = [(a, b) for a, b in SOUND if a in text.lower()]
    if not rules:
        return text
    old, new = rules[int(rng.integers(len(rules)))]
    at = text.lower().index(old)
    return text[:at] + new + text[at + len(old) :]


def lost_word(text: str, rng: Rng) -> str:
    """One word of several left out."""
    words = text.split()
    if len(words) < 2:
        return text
    del words[int(rng.integers(len(words)))]
    return " ".join(words)


def initial(text: str, rng: Rng) -> str:
    """The first letter alone, with or without a full stop."""
    return text[:1] + ("." if rng.random() < 0.5 else "")


@cache
def short_forms() -> dict[str, list[str]]:
    """Given name → short forms."""
    from nicknames import NickNamer

    return {name: sorted(short) for name, short in NickNamer.default_lookup().items()}


def nickname(text: str, rng: Rng) -> str:
    """A short form, where there is one."""
    short = short_forms().get(text.lower())
    return str(rng.choice(short)).title() if short else text


def swap_day(text: str, rng: Rng) -> str:
    """YYYY-MM-DD with day and month exchanged where that is a date."""
    year, month, day = text.split("-")
    return f"{year}-{day}-{month}" if int(day) <= 12 else text


def messy(values: Texts, share: float, rng: Rng) -> Texts:
    """Typing errors, reading errors and hearing errors, `share` of the values each a third."""
    return some(some(typos(values, share / 3, rng), share / 3, rng, ocr), share / 3, rng, sound)


def gaps(values: Texts, share: float, rng: Rng) -> Texts:
    """Missing in a share of the records."""
    result = values.astype(object).copy()
    result[rng.random(len(values)) < share] = None
    return result


def owners(people: int, rng: Rng, mean: float, most: int) -> np.ndarray:
    """The person of each record: sizes are geometric with a long tail, at most `most` records each."""
    size = np.minimum(rng.geometric(1.0 / mean, people), most)
    return np.repeat(np.arange(people), size)


def finish(frame: pd.DataFrame, owner: np.ndarray, record_id: str, truth: str, rng: Rng) -> pd.DataFrame:
    """Shuffled, with ids that tell nothing."""
    order = rng.permutation(len(frame))
    frame = frame.iloc[order].reset_index(drop=True)
    frame.insert(0, record_id, [f"{n:07d}" for n in rng.permutation(len(frame)) + 1000])
    frame[truth] = owner[order]
    return frame


def firms(count: int, rng: Rng) -> Texts:
    """What firms are called after a family name."""
    return rng.choice(["Ltd", "Inc", "& Sons", "GmbH", "Consulting", "Foods"], count)


def written_phone(number: str, rng: Rng) -> str:
    """A number in one of the ways in which people write it."""
    digits = number.removeprefix("+1")
    return str(rng.choice([number, digits, f"({digits[:3]}) {digits[3:6]}-{digits[6:]}", f"001 {digits}"]))


def notes(count: int, rng: Rng) -> Texts:
    """Words that an agent jotted down, which say nothing about who somebody is."""
    words = ("called", "about", "order", "refund", "late", "asked", "for", "invoice", "happy", "vip", "return", "size")
    return np.array([" ".join(rng.choice(words, rng.integers(4, 12))) for _ in range(count)], dtype=object)
