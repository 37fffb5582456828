"""Sentiment by VADER (Hutto and Gilbert 2014) with the brand's own terms over its lexicon."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import polars as pl

POSITIVE, NEGATIVE = 0.05, -0.05


class Vader:
    """compound in -1…1 of cleaned English texts. terms: words and phrases → valence, over the general lexicon.

    A phrase becomes one word of its own before scoring, so that neither its words nor its neighbours count twice.
    """

    def __init__(self, terms: Mapping[str, float]) -> None:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        phrases = {term: valence for term, valence in terms.items() if not term.isalpha()}
        words = {term: valence for term, valence in terms.items() if term.isalpha()}
        self._tokens = {phrase: "phrase" + re.sub(r"\W", "", phrase) for phrase in phrases}
        self._analyser = SentimentIntensityAnalyzer()
        self._analyser.lexicon.update(words | {self._tokens[phrase]: valence for phrase, valence in phrases.items()})
        longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
        alternatives = "|".join(re.escape(phrase) for phrase in longest_first)
        self._pattern = rf"(?i)\b(?:{alternatives})\b" if phrases else None
        self._replace = re.compile(self._pattern) if self._pattern else None

    def scores(self, texts: pl.Series) -> pl.Series:
        """One score per text; null for null."""
        written = texts.to_list()
        if self._pattern is not None and self._replace is not None:
            for index in texts.str.contains(self._pattern).fill_null(False).arg_true().to_list():
                written[index] = self._replace.sub(lambda found: self._tokens[found[0].lower()], written[index])
        return pl.Series(self._scores(written), dtype=pl.Float64)

    def _scores(self, written: Iterable[str | None]) -> list[float | None]:
        score = self._analyser.polarity_scores
        return [None if text is None else score(text)["compound"] for text in written]
