"""An evaluation as one self-contained HTML page: figures, precision–recall curve, measures by threshold, sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

Point = tuple[float, float]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 430, 320, 52, 44, 14, 16
COLOURS = {"precision": "#2a6fb0", "recall": "#b36a1e", "f1": "#1b7f5c"}
STYLE = """
body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#1d232b;margin:0;background:#f6f7f9}
main{max-width:980px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:22px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:16px;margin:0 0 8px}p{margin:6px 0}
.row{display:flex;flex-wrap:wrap;gap:16px}
section{background:#fff;border:1px solid #d9dee5;border-radius:10px;padding:16px 18px;margin:8px 0;flex:1 1 430px}
table{border-collapse:collapse}td,th{padding:3px 14px 3px 0;text-align:right;font-variant-numeric:tabular-nums}
td:first-child,th:first-child{text-align:left}th{color:#5b6470;font-size:12px;font-weight:400;vertical-align:bottom}
tr.used td{font-weight:700}small,footer{color:#5b6470;font-size:13px}
svg text{font:12px system-ui,sans-serif;fill:#384352}svg .name{font-weight:600}
""".strip()


def evaluation_page(
    title: str,
    figures: Sequence[Sequence[Any]],
    curve: Sequence[dict[str, float]],
    used: float,
    expected: Sequence[dict[str, float]] = (),
    sizes: Sequence[tuple[int, int, int]] = (),
    sentences: Sequence[str] = (),
    counts: Sequence[Sequence[Any]] = (),
) -> str:
    """The page. figures: rows, the first is the head. curve: threshold, precision, recall, f1 per threshold, measured;
    `used` is the threshold of the clusters. expected: the same, estimated without labels. sizes: records per customer,
    true customers, found customers. counts: rows like figures.
    """
    parts = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(text)}</p>" for text in sentences)]
    counted = _table(counts) if counts else ""
    sections = [f"<section><h2>Measures</h2>{_table(figures)}<br>{counted}</section>"]
    if curve:
        at = next((row for row in curve if row["threshold"] == used), None)
        sections.append(f"<section><h2>Precision and recall</h2>{_precision_recall(curve, at)}</section>")
        sections.append(f"<section><h2>By threshold</h2>{_by_threshold(curve, used, expected)}</section>")
        head = ["threshold", "precision", "recall", "F1"]
        rows = [[f"{r['threshold']:g}", *(f"{r[m]:.4f}" for m in ("precision", "recall", "f1"))] for r in curve]
        marks = ["used" if r["threshold"] == used else "" for r in curve]
        sections.append(f"<section><h2>Clusters at each threshold</h2>{_table([head, *rows], marks)}</section>")
    if sizes:
        table = _table([["records per customer", "true", "found"], *sizes])
        sections.append(f"<section><h2>Sizes of customers</h2>{table}</section>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{''.join(parts)}"
        f'<div class="row">{"".join(sections)}</div>'
        "<footer>Pairs that no blocking pass compared count as missed. Clusters are made anew at every threshold, with "
        "all constraints and decisions.</footer></main></body></html>\n"
    )


def _table(rows: Sequence[Sequence[Any]], marks: Sequence[str] = ()) -> str:
    head = "".join(f"<th>{escape(str(v))}</th>" for v in rows[0])
    body = [
        f'<tr class="{marks[i] if i < len(marks) else ""}">{"".join(f"<td>{escape(str(v))}</td>" for v in row)}</tr>'
        for i, row in enumerate(rows[1:])
    ]
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _precision_recall(curve: Sequence[dict[str, float]], used: dict[str, float] | None) -> str:
    recalls, precisions = [r["recall"] for r in curve], [r["precision"] for r in curve]
    x, y = _Scale(_floor(recalls), 1.0, LEFT, WIDTH - RIGHT), _Scale(_floor(precisions), 1.0, HEIGHT - BOTTOM, TOP)
    points = list(zip(recalls, precisions, strict=True))  # in the order of the thresholds: the curve is a path
    marks = [_line([(x(a), y(b)) for a, b in points], "#2a6fb0")]
    marks += [_dot(x(a), y(b), "#2a6fb0", 3) for a, b in points]
    if used:
        px, py = x(used["recall"]), y(used["precision"])
        anchor, shift = ("end", -10) if px > WIDTH / 2 else ("start", 10)
        text = f"threshold {used['threshold']:g}"
        marks.append(_dot(px, py, "#b3442e", 5))
        below = 20 if py < HEIGHT / 2 else -12
        marks.append(
            f'<text class="name" x="{px + shift:.1f}" y="{py + below:.1f}" text-anchor="{anchor}">{text}</text>'
        )
    ticks_x = [(x(v), f"{v:.4g}") for v in _ticks(x.low, x.high)]
    return _frame(marks, ticks_x, [(y(v), f"{v:.4g}") for v in _ticks(y.low, y.high)], "recall", "precision")


def _by_threshold(curve: Sequence[dict[str, float]], used: float, expected: Sequence[dict[str, float]]) -> str:
    odds = [_odds(r["threshold"]) for r in curve]
    shown = [r for r in expected if min(odds) <= _odds(r["threshold"]) <= max(odds)]
    low = _floor([r[m] for r in [*curve, *shown] for m in COLOURS])
    x, y = _Scale(min(odds), max(odds), LEFT, WIDTH - RIGHT), _Scale(low, 1.0, HEIGHT - BOTTOM, TOP)
    at = x(_odds(used))
    marks = [
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#b3442e" stroke-dasharray="2 3"/>'
    ]
    for measure, colour in COLOURS.items():
        marks.append(_line([(x(_odds(r["threshold"])), y(r[measure])) for r in curve], colour))
        if shown:
            marks.append(_line([(x(_odds(r["threshold"])), y(r[measure])) for r in shown], colour, dashed=True))
    ticks = [
        (x(_odds(v)), f"{v:g}") for v in (0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999) if min(odds) <= _odds(v) <= max(odds)
    ]
    names = "".join(
        f'<tspan fill="{colour}" dx="10">{"F1" if measure == "f1" else measure}</tspan>'
        for measure, colour in COLOURS.items()
    )
    picture = _frame(marks, ticks, [(y(v), f"{v:.4g}") for v in _ticks(y.low, y.high)], "threshold", "")
    note = "<p><small>Whole lines are measured, dashed ones were expected without labels.</small></p>" if shown else ""
    words = f'<text x="{LEFT - 10}" y="13" class="name">{names}</text>'
    legend = f'<svg viewBox="0 0 {WIDTH} 18" width="100%" role="img">{words}</svg>'
    return legend + picture + note


class _Scale:
    """Values in [low, high] → pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        span = max(self.high - self.low, 1e-9)
        return self.start + (value - self.low) / span * (self.end - self.start)


def _floor(values: Sequence[float]) -> float:
    """Where an axis begins so that the curve fills the picture: a round value below the lowest."""
    room = max(1.0 - min(values), 0.01) * 1.1
    step = 10.0 ** math.floor(math.log10(room))
    return max(0.0, round(1.0 - math.ceil(room / step) * step, 6))


def _ticks(low: float, high: float) -> list[float]:
    span = high - low
    step = 10.0 ** math.floor(math.log10(span))
    step = next(s for s in (step * 0.1, step * 0.2, step * 0.5, step, step * 2) if span / s <= 6)
    first = math.ceil(round(low / step, 6))
    return [round(i * step, 6) for i in range(first, int(high / step + 1e-6) + 1)]


def _odds(probability: float) -> float:
    return math.log2(probability / (1 - probability))


def _line(points: Sequence[Point], colour: str, dashed: bool = False) -> str:
    text = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    dash = ' stroke-dasharray="5 4" stroke-width="1.3"' if dashed else ' stroke-width="2"'
    return f'<polyline points="{text}" fill="none" stroke="{colour}"{dash}/>'


def _dot(x: float, y: float, colour: str, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>'


def _frame(
    marks: Sequence[str], x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]], x: str, y: str
) -> str:
    base, end = HEIGHT - BOTTOM, WIDTH - RIGHT
    grid = [f'<line x1="{LEFT}" x2="{end}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e6eaef"/>' for at, _ in y_ticks]
    words = [f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{text}</text>' for at, text in y_ticks]
    words += [f'<text x="{at:.1f}" y="{base + 16}" text-anchor="middle">{text}</text>' for at, text in x_ticks]
    words.append(f'<text x="{(LEFT + end) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{x}</text>')
    if y:
        words.append(f'<text transform="translate(13,{(base + TOP) / 2}) rotate(-90)" text-anchor="middle">{y}</text>')
    axes = f'<path d="M{LEFT} {TOP}V{base}H{end}" fill="none" stroke="#9aa6b4"/>'
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" aria-label="{x} {y}">'
        f"{''.join(grid)}{axes}{''.join(words)}{''.join(marks)}</svg>"
    )
