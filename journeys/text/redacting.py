"""Words that may be quoted: what names a person is replaced by the kind of thing it was.

Rather too much than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from journeys.text.language import english_words

_MAIL = re.compile(
    r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
    r"|[\w.+-]+\s?(?:\(at\)|\[at\]|\sat\s)\s?[\w-]+\s?(?:\.|\(dot\)|\sdot\s)\s?\w{2,}",
    re.I,
)
_LINK = re.compile(
    r"\b(?:https?://|www\.)\S+"
    r"|\b[\w-]+\.(?:com|net|org|de|co\.uk|io|shop|fr|es|it|nl)(?:/\S*)?\b",
    re.I,
)
_HANDLE = re.compile(r"(?<![\w@])@[\w.]*\w")
_STREET = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|close|court|square|place|way|gardens|terrace|boulevard|crescent)"
)
_ADDRESS = re.compile(
    rf"""\b\d{{1,5}}[a-z]?,?\s+(?:[^\W\d_][\w'’-]*\s+){{1,4}}{_STREET}\b\.?      # 12 High Street
    |\b\w*(?:stra(?:ß|ss)e|str\.|gasse|allee|platz|weg|straat|laan)\s+\d{{1,4}}\s?[a-z]?\b    # Hauptstraße 5
    |\b(?:rue|avenue|boulevard|calle|avenida|plaza|via|viale|piazza|rua)\s+
      (?:[\w'’.-]+\s+){{0,4}}?(?:n[°º]?\s*)?\d{{1,4}}\b
    |\b\d{{1,4}}(?:\s?bis)?,?\s+(?:rue|avenue|boulevard|place|chemin)\s+(?:[\w'’.-]+\s*){{1,4}}    # 5, rue de la Paix
    |\b[a-z]{{1,2}}\d[a-z\d]?\s?\d[a-z]{{2}}\b                              # SW1A 1AA
    |\b\d{{4}}\s?(?-i:[A-Z]{{2}})\b                                         # 1012 AB
    """,
    re.I | re.X,
)
# Telephones, orders, cards and postcodes: three digits and more, however they are written.
_PHONE = re.compile(r"(?<![\w#])(?:\+|00)?\(?\d{1,4}\)?(?:[\s./-]?\(?\d{2,4}\)?){2,5}\b")
_NUMBER = re.compile(r"(?<!\w)#?[A-Z]{0,4}-?\d{3,}[\w-]*", re.I)
_WORD = re.compile(r"[^\W\d_][\w'’-]*", re.UNICODE)
_SENTENCE = re.compile(r"(?:^|[.!?…:\n]\s*|[\"“(]\s*)$")
# After these words a name follows, however it is written.
_INTRODUCED = re.compile(
    r"""\b(?P<before>my\ name(?:'s|\ is)|i\ am\ called|call\ me|regards,?|sincerely,?|cheers,|love,|thanks,|dear
    |hi|hello|hey|mein\ name\ ist|ich\ heiße|ich\ bin|liebe\ grüße,?|viele\ grüße,?
    |me\ llamo|mi\ nombre\ es|soy|saludos,?
    |je\ m'appelle|cordialement,?|mi\ chiamo|saluti,?|ik\ heet|mijn\ naam\ is|groetjes,?|meu\ nome\ é)\s+
    (?P<name>[^\W\d_][\w'’-]*(?:\s+[^\W\d_][\w'’-]*)?)""",
    re.I | re.X,
)
_CALENDAR = frozenset(
    """
    january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday christmas easter valentine english ireland uk eu us usa ok i i'm i'll i've i'd
    """.split()  # noqa: SIM905
)


def redact(text: str, names: Iterable[str] = (), known_words: frozenset[str] = frozenset()) -> str:
    """The text with [email], [link], [handle], [address], [phone], [number] and [name] in place of what names a person.

    names        the author's own names, in any spelling of case; parts of one are found by themselves
    known_words  lower-case words that are no names though capitalised: the brand's products
    """
    for pattern, kind in ((_MAIL, "[email]"), (_LINK, "[link]"), (_HANDLE, "[handle]"), (_ADDRESS, "[address]")):
        text = pattern.sub(kind, text)
    text = _PHONE.sub(lambda found: "[phone]" if sum(c.isdigit() for c in found[0]) >= 7 else found[0], text)
    text = _NUMBER.sub("[number]", text)
    parts = {part for name in names for part in _WORD.findall(name) if len(part) > 1}
    if parts:
        own = "|".join(re.escape(part) for part in sorted(parts, key=lambda part: (-len(part), part)))
        text = re.sub(rf"(?<!\w)(?:{own})(?:['’]s)?(?!\w)", "[name]", text, flags=re.I)
    words = english_words() | _CALENDAR | known_words
    text = _INTRODUCED.sub(lambda found: _introduced(found, words), text)
    return _capitalised(text, words)


def _introduced(found: re.Match[str], words: frozenset[str]) -> str:
    """`my name is jane miller` → `my name is [name]`; `hi there` stays."""
    said = found["name"].split()
    kept = [word for word in said if word.lower() in words]
    if len(kept) == len(said):
        return found[0]
    shown = ["[name]" if word.lower() not in words else word for word in said]
    return f"{found['before']} {' '.join(shown)}"


def _capitalised(text: str, words: frozenset[str]) -> str:
    """Capitalised words that are no English words; a sentence's first only if it is a given name or one follows."""
    out, end = [], 0
    for found in _WORD.finditer(text):
        word = found[0].removesuffix("'s").removesuffix("’s")
        if not word[0].isupper() or word.lower() in words or (found.start() and text[found.start() - 1] == "["):
            continue
        is_first = _SENTENCE.search(text[: found.start()]) is not None
        if is_first and word.lower() not in given_names() and not re.match(r"\s+[A-Z][a-z]", text[found.end() :]):
            continue
        out += [text[end : found.start()], "[name]"]
        end = found.end()
    return "".join([*out, text[end:]])


@cache
def given_names() -> frozenset[str]:
    """English given names and their short forms, lower case."""
    from nicknames import NickNamer

    by_name = NickNamer.default_lookup()
    return frozenset(by_name) | frozenset(short for shorts in by_name.values() for short in shorts)
