"""The language gate: which texts may be scored.

CLD2 says "unknown" when unsure (measured against py3langid in README.md); what it leaves unknown because it is short
counts as English if enough of its words are English words.
"""

from __future__ import annotations

import re
from functools import cache

SUPPORTED = ("en",)
SHORT = 60  # characters
NO_WORDS = "zxx"  # ISO 639: no linguistic content; emoji alone are scored, they are the same in all languages
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_COMMON = frozenset(
    """
    a about after again all also always am an and any anyone are as ask at back be because been before being big
    both but buy by came can can't colour color come coming could day days delivery did didn't do does doesn't
    don't done each else even ever every everyone for from gave get gets getting give go going gone got had has
    hasn't have haven't he hello her here hey hi him his how i i'd i'll i'm i've if in into is isn't it it's its
    just keep know last late left let like little long look looks made make makes many may me mine more most much
    must my need needs never new next no none not nothing now of off ok okay on once one only or order ordered
    other our out over own parcel pay please price quite really received said same say see send sent she ship
    shipped shipping should size since so some someone something soon still stock such take tell than thank thanks
    that that's the their them then there these they thing things think this those time to today told too try two
    under until up us use very wait waiting want was wasn't way we week weeks well went were what what's when
    where which while who why will wish with won't would wow yes yet you you're your yours available code colours
    cost discount item need please product restock sizes somebody anybody
    """.split()  # noqa: SIM905
)


@cache
def english_words() -> frozenset[str]:
    """Words of the sentiment lexicon and the commonest words of English."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return _COMMON | frozenset(
        word for word in SentimentIntensityAnalyzer().lexicon if word.isalpha() and word.isascii()
    )


def detect(text: str) -> tuple[str | None, float]:
    """(ISO 639 code, confidence 0 to 1) of a cleaned text; (None, 0) when it cannot be told.

    Confidence is the share of the text that is in the language (CLD2), or of its words that are English: of short texts
    CLD2 says nothing or, now and then, something odd ("I love the waffle towel!" is no Danish).
    """
    import pycld2

    try:
        is_reliable, _, details = pycld2.detect(text, isPlainText=True)
    except (pycld2.error, ValueError):
        is_reliable, details = False, ()
    code = str(details[0][1]) if is_reliable and details else "un"
    if code == "en" or (code != "un" and len(text) > SHORT):
        return code, details[0][2] / 100
    words = _WORD.findall(text.lower())
    if not words:
        return NO_WORDS, 1.0
    known = english_words()
    share = sum(word in known for word in words) / len(words)
    if share >= (0.4 if code == "un" else 0.5):
        return "en", round(share, 3)
    return (code, details[0][2] / 100) if code != "un" else (None, 0.0)
