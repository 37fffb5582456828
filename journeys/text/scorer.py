"""Texts in, one row each out: language, sentiment, intent, topics. Pure; the warehouse is not asked."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

import polars as pl

from journeys.text import cleaning, language
from journeys.text.seeds import WordLists, word_lists
from journeys.text.sentiment import NEGATIVE, POSITIVE, Vader

METHOD = 1  # raise it when the code scores differently: everything is scored anew then
_FEELING = r"\p{Extended_Pictographic}|[:;][-']?[()DPp]|<3"  # emoji and emoticons
QUESTIONS = ("order_question", "product_question", "question")


class Scorer:
    """lists: the word lists; default: the seeds of the dbt project in use."""

    def __init__(self, lists: WordLists | None = None) -> None:
        self.lists = lists or word_lists()
        self._vader = Vader(self.lists.terms)
        self._intents = [(name, _whole_words(keywords)) for name, keywords in self.lists.intents]
        self._topics = [(name, _whole_words(keywords)) for name, keywords in self.lists.topics]

    @property
    def version(self) -> str:
        """Names everything that a score depends on."""
        vader, cld = version("vaderSentiment"), version("pycld2")
        return f"vader {vader}, cld2 {cld}, method {METHOD}, words {self.lists.fingerprint}"

    @property
    def fingerprint(self) -> str:
        """The version as 15 hexadecimal digits, for watermarks."""
        return hashlib.sha256(self.version.encode()).hexdigest()[:15]

    def score(self, texts: pl.Series) -> pl.DataFrame:
        """One row per text, in order.

        language, language_confidence   ISO 639 code, 0 to 1; null: cannot be told
        sentiment                       compound -1 to 1; null: not scored, and why in unscored_reason
        sentiment_class                 positive, neutral, negative
        intent, topic, topics           by the word lists; topics in order of rank with blanks between, topic the first
        is_question                     has a question mark, or the intent is a question
        """
        distinct = pl.DataFrame({"written": texts}).unique(maintain_order=True)
        scored = pl.concat([distinct, self._score(distinct["written"])], how="horizontal")
        return (
            pl.DataFrame({"written": texts})
            .join(scored, on="written", how="left", maintain_order="left")
            .drop("written")
        )

    def _score(self, texts: pl.Series) -> pl.DataFrame:
        plain = cleaning.plain(texts)
        gate = [language.detect(text) for text in plain.to_list()]
        frame = pl.DataFrame(
            {"plain": plain, "words": cleaning.without_courtesy(plain), "lower": plain.str.to_lowercase()}
        ).with_columns(
            pl.Series("language", [code for code, _ in gate], dtype=pl.String),
            pl.Series("language_confidence", [confidence for _, confidence in gate], dtype=pl.Float64),
        )
        frame = frame.with_columns(self._reason())
        scores = self._vader.scores(
            frame.select(pl.when(pl.col("unscored_reason").is_null()).then("words")).to_series()
        )
        sentiment = pl.col("sentiment")
        return frame.with_columns(scores.alias("sentiment")).select(
            "language",
            "language_confidence",
            "sentiment",
            pl.when(sentiment >= POSITIVE).then(pl.lit("positive")).when(sentiment <= NEGATIVE).then(pl.lit("negative"))
            .when(sentiment.is_not_null()).then(pl.lit("neutral")).alias("sentiment_class"),
            "unscored_reason",
            *self._said(frame["lower"]),
        )  # fmt: skip

    def _reason(self) -> pl.Expr:
        """Why a text is not scored; null: it is. Emoji alone are scored."""
        code = pl.col("language")
        return (
            pl.when(pl.col("plain") == "").then(pl.lit("no_words"))
            .when(code.is_null()).then(pl.lit("language_unknown"))
            .when((code == language.NO_WORDS) & ~pl.col("plain").str.contains(_FEELING))
            .then(pl.lit("no_words"))
            .when(~code.is_in([*language.SUPPORTED, language.NO_WORDS])).then(pl.lit("language_not_supported"))
            .alias("unscored_reason")
        )  # fmt: skip

    def _said(self, lower: pl.Series) -> list[pl.Series]:
        """intent, topic, topics and is_question by the word lists; these are English words, found in any text."""
        frame = pl.DataFrame({"lower": lower})
        intent: pl.Expr = pl.lit(None, dtype=pl.String)
        for name, pattern in reversed(self._intents):
            intent = pl.when(pl.col("lower").str.contains(pattern)).then(pl.lit(name)).otherwise(intent)
        found = [pl.when(pl.col("lower").str.contains(pattern)).then(pl.lit(name)) for name, pattern in self._topics]
        has_mark = pl.col("lower").str.contains("?", literal=True)
        said = frame.select(
            # what is asked in other words than the lists' is a question all the same
            pl.coalesce(
                intent, pl.when(pl.col("lower").str.contains("?", literal=True)).then(pl.lit("question"))
            ).alias("intent"),
            pl.concat_list(found).list.drop_nulls().list.join(" ").replace("", None).alias("topics"),
            has_mark.alias("has_mark"),
        ).with_columns(
            pl.col("topics").str.extract(r"^(\S+)").alias("topic"),
            (pl.col("has_mark") | pl.col("intent").is_in(QUESTIONS).fill_null(False)).alias("is_question"),
        )
        return [said[name] for name in ("intent", "topic", "topics", "is_question")]


def _whole_words(expressions: tuple[str, ...]) -> str:
    return r"\b(?:" + "|".join(expressions) + r")\b"
