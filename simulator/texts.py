"""What people write: template grammars with known topic, intent and sentiment.

`TEXTS` is the flat list of all expansions; `BLOCKS[topic]` its slice. `{n}` stands for an order number.
"""

# ruff: noqa: E501  (tables read better in wide rows)
from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from simulator.vocabulary import PRODUCTS

_NOUNS = tuple(dict.fromkeys(p.title.lower().replace('"', "") for p in PRODUCTS))


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing people write about. `sentiment` is -1, 0 or 1."""

    intent: str | None
    sentiment: int
    openings: tuple[str, ...]
    bodies: tuple[str, ...]
    endings: tuple[str, ...]


TOPICS: dict[str, Topic] = {
    "praise": Topic("praise", 1, ("", "Honestly, ", "Wow, ", "Just wanted to say: "),
        ("I love the {p}!", "the {p} is absolutely beautiful", "my {p} looks wonderful, great quality", "best {p} I have ever had"),
        ("", " 😍", " Thank you so much!", " You are amazing ❤️")),
    "stock_question": Topic("question", 0, ("Hi, ", "", "Hello! "),
        ("is the {p} back in stock soon?", "when will the {p} be available again?", "the {p} is out of stock, do you know when it returns?"),
        ("", " Thanks", " I have been checking for weeks")),
    "question": Topic("question", 0, ("Hi, ", "", "Quick question: "),
        ("how big is the {p}?", "does the {p} come in another colour?", "do you ship the {p} to Ireland?", "what is the {p} made of?",
         "how much is shipping for the {p}?"), ("", " Thanks", " 🙏")),
    "story_reply": Topic(None, 1, ("", "Ooh, "),
        ("love this {p}", "need that {p}", "this looks so nice", "the {p} is on my list"), ("", " 😍", "!!", " 🔥")),
    "where_is_my_order": Topic("question", 0, ("Hi, ", "Hello, ", ""),
        ("where is my order {n}?", "could you tell me when order {n} will arrive?", "I have not heard anything about order {n} yet, is it on its way?"),
        ("", " Thanks", " It was meant to be a gift.")),
    "late_order": Topic("complaint", -1, ("", "This is very disappointing: ", "Hello, "),
        ("my order {n} is more than a week late and nobody answers", "order {n} still has not arrived, this is terrible service",
         "I am really annoyed, order {n} should have been here days ago"), ("", " Please cancel it and refund me.", " I want my money back!")),
    "broken_on_arrival": Topic("complaint", -1, ("", "Very disappointed: ", "Hi, "),
        ("the {p} from order {n} arrived broken", "my {p} came smashed to pieces, awful packaging (order {n})",
         "order {n} arrived damaged, the {p} is useless now"), ("", " I want a replacement.", " This is not acceptable.")),
    "wrong_item": Topic("complaint", -1, ("", "Hello, "),
        ("you sent me the wrong {p} in order {n}", "order {n} is missing the {p}, this is frustrating", "the {p} in order {n} is poor quality and nothing like the pictures"),
        ("", " Please fix this.", " I am unhappy.")),
    "advocacy": Topic("praise", 1, ("", "Friends, "),
        ("you need this {p}, so happy with it", "everyone asks me where my {p} is from", "I tell everybody about your {p}"), ("", " ❤️", " 10/10")),
    "review_good": Topic("praise", 1, ("", "Very happy. "),
        ("Great {p}, excellent quality.", "The {p} is lovely and arrived fast.", "Perfect gift, my sister loves the {p}."), ("", " Recommended!")),
    "review_bad": Topic("complaint", -1, ("", "Sadly "),
        ("the {p} disappointed me, poor quality.", "terrible delivery, the {p} came far too late.", "bad experience, I regret buying the {p}."), ("", " Never again.")),
    "brand_reply": Topic(None, 1, ("Hi there! ", "Hello, "),
        ("thank you for your message.", "we are happy to help.", "so glad you like it!", "please send us a direct message and we will sort it out."), ("", " 💛")),
    "outcry": Topic("complaint", -1, ("", "Same here: ", "Unbelievable, "),
        ("my {p} arrived broken and nobody answers, terrible service", "the {p} broke on the first day, this is a scam",
         "I am so disappointed, I want my money back for the {p}", "awful packaging, my {p} was smashed too"),
        ("", " Shame on you.", " Never again.", " 😡")),
    "still_waiting": Topic("complaint", -1, ("", "Hello again, "),
        ("this is still not solved, I am really annoyed.", "the problem is back, this is very frustrating.",
         "nothing has happened since, that is disappointing."), ("", " Please look at it once more.", " I want my money back.")),
    "thanks": Topic("praise", 1, ("", "Great, "), ("thank you, that helps a lot.", "thanks for the quick answer, perfect."), ("", " 😊")),
}  # fmt: skip

TOPIC_NAMES: tuple[str, ...] = tuple(TOPICS)
T = {name: i for i, name in enumerate(TOPIC_NAMES)}
TEXTS: list[str] = []
BLOCKS: dict[str, tuple[int, int]] = {}
for _name, _topic in TOPICS.items():
    _start = len(TEXTS)
    for _opening, _body, _ending in product(_topic.openings, _topic.bodies, _topic.endings):
        _nouns = _NOUNS if "{p}" in _body else ("",)
        for _noun in _nouns:
            _text = _opening + _body.replace("{p}", _noun) + _ending
            TEXTS.append(_text[0].upper() + _text[1:])
    BLOCKS[_name] = (_start, len(TEXTS) - _start)

SUBJECTS: dict[str, tuple[str, ...]] = {
    "stock_question": ("Is this coming back?", "Stock question"),
    "question": ("Question about a product", "Before I order"),
    "where_is_my_order": ("Where is my order?", "Delivery of my order"),
    "late_order": ("Order still not here", "Late delivery"),
    "broken_on_arrival": ("Arrived broken", "Damaged parcel"),
    "wrong_item": ("Wrong item", "Problem with my order"),
}
