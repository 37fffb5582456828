"""What an explanation is made of, as text and as a page; the same for files and for the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resolution.paths import Edge
from resolution.waterfall import PairWeight, as_text, shown_probability


@dataclass(frozen=True)
class Link:
    """One link between two records, as named: what kind it is, and its weights where likeness made it."""

    left: str
    right: str
    sentence: str
    probability: float
    weights: PairWeight | None = None


@dataclass(frozen=True)
class Explanation:
    """A title, sentences, the links that matter, and of these the path from one record to the other (in order)."""

    title: str
    lines: tuple[str, ...]
    links: tuple[Link, ...] = ()
    path: tuple[Link, ...] = ()

    @property
    def text(self) -> str:
        """For a terminal."""
        found = [self.title, *("  " + line for line in self.lines)]
        for link in self.links:
            found += ["", f"  {link.left} — {link.right}: {link.sentence}"]
            found += [f"    {line}" for line in as_text(link.weights)] if link.weights else []
        return "\n".join(found)

    @property
    def html(self) -> str:
        """A self-contained page."""
        from resolution.explanation_page import page

        return page(self)


def sentence(edge: Edge) -> str:
    """What an edge says, in words."""
    kind, evidence, weight, probability = edge[2:]
    if kind == "decision":
        return "a decision: different persons" if evidence == "different" else "a decision: the same person"
    word = "shared" if kind == "certain" else "alike:"
    return f"{word} {evidence} (weight {weight:+.1f} bits, probability {shown_probability(probability)})"


def links_of(
    edges: Sequence[Edge], name: Callable[[str], str], weigh: Callable[[Sequence[tuple[str, str]]], list[PairWeight]]
) -> tuple[Link, ...]:
    """Edges as links, in their order and direction; those that likeness made come with their weights.

    weigh: pairs of record keys → their weights (empty: none to be had).
    """
    probable = [(e[0], e[1]) for e in edges if e[2] == "probable"]
    weights = dict(zip(probable, weigh(probable), strict=False)) if probable else {}
    return tuple(Link(name(e[0]), name(e[1]), sentence(e), e[5], weights.get((e[0], e[1]))) for e in edges)


def along(path: Sequence[Edge], start: str) -> list[Edge]:
    """The edges of a path, each turned so that it leads away from the start."""
    turned, node = [], start
    for edge in path:
        other = edge[1] if edge[0] == node else edge[0]
        turned.append((node, other, *edge[2:]))
        node = other
    return turned
