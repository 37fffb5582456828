"""The scorer of texts: published figures through the whole pipeline, the language gate, cleaning, word lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeys.errors import TextError
from journeys.text import cleaning, language
from journeys.text.scorer import Scorer
from journeys.text.seeds import FILES, word_lists

SEEDS = Path(__file__).parents[3] / "dbt_project" / "seeds"


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(word_lists(SEEDS))


def test_published_ratings_of_tweets(scorer: Scorer, samples_journeys: Path) -> None:
    """Hutto and Gilbert 2014: 4,200 tweets rated by twenty people; required r ≥ .86, positive F1 ≥ .95."""
    tweets = samples_journeys / "vader_tweets" / "tweets_GroundTruth.txt"
    rows = [line.rstrip("\n").split("\t") for line in tweets.read_text(encoding="utf-8").splitlines()]
    rating = np.array([float(row[1]) for row in rows])
    scored = scorer.score(pl.Series([row[2] for row in rows]))
    mask = scored["sentiment"].is_not_null().to_numpy()
    compound = scored["sentiment"].fill_null(0).to_numpy()
    assert mask.mean() >= 0.98  # the gate leaves little out of what is English
    assert np.corrcoef(compound, rating)[0, 1] >= 0.86  # with what is left out counted as 0
    assert np.corrcoef(compound[mask], rating[mask])[0, 1] >= 0.87
    predicted, true = compound[mask] >= 0.05, rating[mask] > 0
    assert 2 * (predicted & true).sum() / (predicted.sum() + true.sum()) >= 0.95


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Where is my order 1042? It should have been here on Monday", "en"),
        ("love it", "en"),
        ("I love the waffle towel!", "en"),  # CLD2: Danish
        ("Die Tasse ist leider kaputt angekommen", "de"),
        ("¿Cuándo vuelve a estar disponible?", "es"),
        ("Le colis est arrivé cassé", "fr"),
        ("tolle Farbe", None),
        ("zażółć gęślą jaźń", None),
        ("😍😍😍", "zxx"),
        ("1042", "zxx"),
    ],
)
def test_language_gate(text: str, code: str | None) -> None:
    found, confidence = language.detect(text)
    assert found == code
    assert (confidence > 0) == (code is not None)


def test_unsupported_languages_are_not_scored(scorer: Scorer) -> None:
    scored = scorer.score(
        pl.Series(["Die Tasse ist leider kaputt angekommen, sehr schlecht", "tolle Farbe", "", "12", "😍"])
    )
    assert scored["unscored_reason"].to_list() == [
        "language_not_supported", "language_unknown", "no_words", "no_words", None,
    ]  # fmt: skip
    assert scored["sentiment"].to_list()[:4] == [None] * 4  # never 0
    assert scored["sentiment"][4] > 0.3  # emoji are the same in all languages


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("@jane_d love it! https://t.co/x #LoveThisBrand", "love it! Love This Brand"),
        ("I don&#39;t like it &amp; I&rsquo;m sad <br>bye <3", "I don't like it & I'm sad bye <3"),
        ("mail me: a.b@shop.example www.shop.example/x", "mail me:"),
        ("order #1001 ❤️ 👍🏽", "order 1001 ❤ 👍"),
        ("#USANews_today", "USA News today"),
    ],
)
def test_cleaning(written: str, read: str) -> None:
    assert cleaning.plain(pl.Series([written])).to_list() == [read]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Hi, is the bowl back in stock soon? Thanks", "neutral"),  # a polite question is no praise
        ("Thanks, the bowl is great!", "positive"),
        ("That sick palette!!", "positive"),
        ("Please refund order #1001", "neutral"),
        ("Order #1001 still has not arrived", "negative"),
        ("not good at all", "negative"),
    ],
)
def test_words_of_the_trade(scorer: Scorer, text: str, sign: str) -> None:
    if sign == "neutral" and "refund" in text:
        assert abs(scorer.score(pl.Series([text]))["sentiment"][0]) < 0.4  # `please` alone is polite
    else:
        assert scorer.score(pl.Series([text]))["sentiment_class"][0] == sign


def test_intents_and_topics(scorer: Scorer) -> None:
    scored = scorer.score(
        pl.Series(
            [
                "My bowl arrived broken and nobody answers, I want a refund",
                "where is my parcel",
                "Add it to my wishlist",
                "hm",
            ]
        )
    )
    assert scored["intent"].to_list() == ["complaint", "order_question", "purchase_intent", None]
    assert scored["topic"].to_list() == ["damaged", "delivery", None, None]
    assert scored["topics"][0] == "damaged returns service"
    assert scored["is_question"].to_list() == [False, True, False, False]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=60), max_size=8))
def test_scores_do_not_depend_on_company(scorer: Scorer, texts: list[str]) -> None:
    """Any text is scored, or it says why not; alone, twice and in any order alike."""
    series = pl.Series(texts, dtype=pl.String)
    scored = scorer.score(series)
    assert scored.height == len(texts)
    assert (scored["sentiment"].is_null() == scored["unscored_reason"].is_not_null()).all()
    again = scorer.score(pl.concat([series.reverse(), series]))
    assert again.tail(len(texts)).equals(scored)


def test_errors_name_file_and_line(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / f"{name}.csv").write_bytes((SEEDS / f"{name}.csv").read_bytes())
    with (tmp_path / "topic_keywords.csv").open("a", encoding="utf-8") as file:
        file.write("delivery,(unclosed\n")
    line = len((tmp_path / "topic_keywords.csv").read_text(encoding="utf-8").splitlines())
    with pytest.raises(TextError, match=rf"topic_keywords.csv, line {line}: .* no regular expression"):
        word_lists(tmp_path)


def test_the_version_follows_the_word_lists(scorer: Scorer, tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / f"{name}.csv").write_bytes((SEEDS / f"{name}.csv").read_bytes())
    assert Scorer(word_lists(tmp_path)).version == scorer.version
    with (tmp_path / "sentiment_terms.csv").open("a", encoding="utf-8") as file:
        file.write("meh,-1,slang\n")
    assert Scorer(word_lists(tmp_path / ".." / tmp_path.name)).version != scorer.version
