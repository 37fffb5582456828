"""Explanations as one self-contained HTML page: sentences, the path of links, a waterfall of weights per link."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from resolution.waterfall import VISIBLE, PairWeight, shown_probability

if TYPE_CHECKING:
    from resolution.explanation_parts import Explanation, Link

STYLE = """
:root{--same:#1b7f5c;--apart:#b3442e;--soft:#5b6470;--line:#d9dee5;--back:#f6f7f9}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#1d232b;margin:0;background:var(--back)}
main{max-width:860px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:22px;line-height:1.3;margin:0 0 12px;overflow-wrap:anywhere}
h2{font-size:16px;margin:0 0 10px;overflow-wrap:anywhere}
ul{padding-left:20px;margin:8px 0 18px}
section{background:#fff;border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:16px 0}
.path{display:flex;flex-wrap:wrap;align-items:center;gap:8px;margin:14px 0 4px}
.node{background:#fff;border:1px solid #9aa6b4;border-radius:16px;padding:4px 12px;overflow-wrap:anywhere}
.hop{color:var(--soft);font-size:13px;white-space:nowrap}.hop.weak{color:var(--apart);font-weight:600}
table{border-collapse:collapse;width:100%}
td,th{padding:4px 6px;text-align:left;vertical-align:middle;font-weight:400}
th{color:var(--soft);font-size:12px;border-bottom:1px solid var(--line)}
td.bits{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;width:64px}
td.fall{width:38%}
.track{position:relative;height:16px;background:linear-gradient(90deg,#eef1f4,#eef1f4)}
.bar{position:absolute;top:2px;height:12px;border-radius:2px;background:var(--same)}.bar.minus{background:var(--apart)}
.zero{position:absolute;top:0;width:1px;height:16px;background:#9aa6b4}
small{color:var(--soft)}.value{color:#384352;font-size:13px;overflow-wrap:anywhere}
tr.sum td{border-top:1px solid var(--line);font-weight:600}
footer{color:var(--soft);font-size:13px}
""".strip()


def page(explanation: Explanation) -> str:
    """The whole page; nothing is loaded from elsewhere."""
    lines = "".join(f"<li>{escape(line.strip())}</li>" for line in explanation.lines)
    listed = f"<ul>{lines}</ul>" if lines else ""
    links = "".join(_link(link) for link in explanation.links)
    path = _path(explanation) if explanation.path and len(explanation.path) > 1 else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(explanation.title)}</title><style>{STYLE}</style></head><body><main>"
        f'<h1>{escape(explanation.title)}</h1><div class="explanation">{listed}{path}{links}</div>'
        "<footer>Weights are bits, the logarithm to base 2 of the odds that two records are one person: +1 doubles the "
        "odds, −1 halves them. A missing value counts for nothing.</footer></main></body></html>\n"
    )


def _path(explanation: Explanation) -> str:
    weakest = min(link.probability for link in explanation.path)
    parts = [f'<span class="node">{escape(explanation.path[0].left)}</span>']
    for link in explanation.path:
        weak = " weak" if link.probability == weakest else ""
        parts.append(f'<span class="hop{weak}">— {shown_probability(link.probability)} →</span>')
        parts.append(f'<span class="node">{escape(link.right)}</span>')
    return f'<div class="path">{"".join(parts)}</div>'


def _link(link: Link) -> str:
    head = f"<h2>{escape(link.left)} — {escape(link.right)}</h2><p>{escape(link.sentence)}</p>"
    return f"<section>{head}{_waterfall(link.weights) if link.weights else ''}</section>"


def _waterfall(pair: PairWeight) -> str:
    steps: list[tuple[str, str, float]] = [("two records picked at random", "", pair.start)]
    for part in pair.parts:
        if part.level == "missing":
            continue
        note = ""
        if abs(part.rarity) >= VISIBLE:
            note = f"<br><small>{'rare' if part.rarity > 0 else 'common'} value: {part.rarity:+.1f}</small>"
        steps.append((f"{escape(part.label)}: {escape(part.level)}{note}", _shown(part.left, part.right), part.bits))
    for text, bits in (
        ("they could be relatives", pair.relatives),
        ("one rough agreement alone joins nobody", pair.alone),
    ):
        if abs(bits) >= VISIBLE:
            steps.append((text, "", bits))
    reached, at = [0.0], 0.0
    for _, _, bits in steps:
        at += bits
        reached.append(at)
    low, high = min(reached), max(reached)
    scale = 100 / max(high - low, 1e-9)
    zero = f'<span class="zero" style="left:{(0 - low) * scale:.2f}%"></span>'
    with_values = any(values for _, values, _ in steps)
    rows, before = [], 0.0
    for text, values, bits in steps:
        start, width = (min(before, before + bits) - low) * scale, max(abs(bits) * scale, 0.4)
        minus = " minus" if bits < 0 else ""
        bar = f'<span class="bar{minus}" style="left:{start:.2f}%;width:{width:.2f}%"></span>'
        cell = f'<td class="value">{values}</td>' if with_values else ""
        rows.append(
            f'<tr><td>{text}</td>{cell}<td class="fall"><div class="track">{zero}{bar}</div></td>'
            f'<td class="bits">{bits:+.1f}</td></tr>'
        )
        before += bits
    head = (
        "<th>comparison</th>"
        + ("<th>values compared</th>" if with_values else "")
        + "<th>odds so far</th><th>bits</th>"
    )
    span = 3 if with_values else 2
    rows.append(
        f'<tr class="sum"><td colspan="{span}">match probability {shown_probability(pair.probability)}</td>'
        f'<td class="bits">{pair.weight:+.1f}</td></tr>'
    )
    missing = [escape(part.label) for part in pair.parts if part.level == "missing"]
    note = f"<p><small>missing on a side: {', '.join(missing)}</small></p>" if missing else ""
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>{note}"


def _shown(left: str | None, right: str | None) -> str:
    if left is None and right is None:
        return ""
    if left == right:
        return escape(str(left))
    return f"{escape(left or '—')}<br>{escape(right or '—')}"
