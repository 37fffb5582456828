"""A text as the platform gives it → words that detectors and the scorer can read.

Columnar; row by row only where a text holds what the columnar engine cannot do.
"""

from __future__ import annotations

import html
import re

import polars as pl

# An address, a handle or a number of these kinds says nothing about how somebody feels.
_LINK = r"(?i)\b(?:https?://|www\.)\S+"
_EMAIL = r"[\w.+-]+@[\w-]+\.[\w.-]+"
_HANDLE = r"(^|[^\w@])@[\w.]*\w"
_TAG = r"</?[a-zA-Z][^<>]{0,200}>"  # not `<3`
# Skin tones, variation selectors and joiners: the general lexicon knows the plain emoji.
_MODIFIERS = "[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f\u200d]"
# A question that ends politely is no praise.
_COURTESY = (
    r"(?i)[\s,.!-]*\b(?:many thanks|thanks(?: so much| a lot| in advance)?|thank you(?: so much| very much)?|thx|cheers"
    r"|please)[\s.!🙏❤💛😊]*$"
)
_HASHTAG = re.compile(r"#(\w+)")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")


def plain(texts: pl.Series) -> pl.Series:
    """Markup, entities, links, e-mail addresses and handles out; hashtags split into words; blanks made single."""
    has_entity = texts.str.contains("&", literal=True).fill_null(False)
    if has_entity.any():
        texts = _where(texts, has_entity, html.unescape)
    for pattern, replacement in (
        (_TAG, " "),
        (_LINK, " "),
        (_EMAIL, " "),
        (_HANDLE, "${1}"),
        (_MODIFIERS, ""),
        ("[’‘`]", "'"),
    ):
        texts = texts.str.replace_all(pattern, replacement)
    has_hashtag = texts.str.contains("#", literal=True).fill_null(False)
    if has_hashtag.any():
        texts = _where(texts, has_hashtag, split_hashtags)
    return texts.str.replace_all(r"[\s\x00-\x1f\x7f-\x9f]+", " ").str.strip_chars()


def split_hashtags(text: str) -> str:
    """`#LoveThisBrand` → `Love This Brand`; `#love` → `love`; the order `#1001` keeps its number."""
    return _HASHTAG.sub(lambda found: _HUMPS.sub(" ", found[1]).strip(), text)


def without_courtesy(texts: pl.Series) -> pl.Series:
    """Questions without their closing thanks."""
    frame = pl.DataFrame({"text": texts})
    cut = pl.col("text").str.replace(_COURTESY, "")
    is_question = pl.col("text").str.contains("?", literal=True) & (cut != "")
    return frame.select(pl.when(is_question).then(cut).otherwise("text").alias("text")).to_series()


def _where(texts: pl.Series, mask: pl.Series, change: object) -> pl.Series:
    chosen = texts.filter(mask)
    changed = pl.Series([change(text) for text in chosen.to_list()], dtype=pl.String)  # type: ignore[operator]
    return texts.scatter(mask.arg_true(), changed)
