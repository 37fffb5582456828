"""How many texts a second the scorer takes on one core: `python -m benchmarks.text [FILE]`.

FILE: one text per line (default: made-up texts of the simulator, all different). Times are processor time.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main() -> None:
    import polars as pl

    from journeys.text import cleaning, language
    from journeys.text.scorer import Scorer
    from journeys.text.sentiment import Vader

    if len(sys.argv) > 1:
        texts = pl.Series(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
    else:
        from simulator.texts import TEXTS

        texts = pl.Series([f"{text} {number}" for number, text in enumerate(TEXTS)])
    scorer = Scorer()
    scorer.score(texts.head(100))
    plain = cleaning.plain(texts)
    vader = Vader(scorer.lists.terms)
    for name, work in (
        ("cleaning", lambda: cleaning.plain(texts)),
        ("language", lambda: [language.detect(text) for text in plain.to_list()]),
        ("VADER", lambda: vader.scores(plain)),
        ("all, distinct texts", lambda: scorer.score(texts)),
        ("all, each text ten times", lambda: scorer.score(pl.concat([texts] * 10))),
    ):
        began = time.process_time()
        work()
        seconds = time.process_time() - began
        count = len(texts) * (10 if "ten" in name else 1)
        print(f"{name:<26} {count:>9,} texts {count / seconds:>10,.0f} a second")


if __name__ == "__main__":
    main()
