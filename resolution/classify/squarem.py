"""Longer steps towards a fixed point: SQUAREM (Varadhan & Roland 2008, scheme S3) for slow iterations such as EM.

Two plain steps show in which direction, and by how much less each time, an iteration moves; a quadratic guess of where
that ends saves most of the way. A guess from which the next step is longer than the last one, or that lowers the
merit, is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
GROWTH = 4.0
"""How fast the longest step allowed grows each time that it is taken, and shrinks when a guess was bad."""
SLACK = 1e-8
"""Relative fall of the merit that tells nothing: what is smoothed and estimated moves it by as much."""


@dataclass
class Accelerator:
    """Where to go on from: give `next` each point with its image and its merit, and iterate from what it returns."""

    longest: float = GROWTH
    kind: str = "plain"
    """What the last point given was: reached by plain steps, a guess, or a guess that is taken back (rejected)."""
    _points: list[Floats] = field(default_factory=list)
    _plain: Floats | None = None
    """Where plain steps had led when the last guess was made."""
    _left: float = np.inf
    """How far the last plain step led."""
    _merit: float = -np.inf
    _step: float = 1.0

    def next(self, point: Floats, image: Floats, merit: float) -> Floats:
        """The point to evaluate next. image: what a plain step makes of the point; merit: higher is better."""
        self.kind = "plain"
        left = float(np.linalg.norm(image - point))
        if self._plain is not None:
            plain, self._plain = self._plain, None
            self.kind = "guess"
            if not (left <= self._left and merit >= self._merit - SLACK * abs(self._merit)):
                self.kind = "rejected"
                self.longest = max(self.longest / GROWTH, GROWTH)
                return plain
            if self._step >= self.longest:
                self.longest *= GROWTH
            return image
        self._left, self._merit = left, merit
        self._points.append(point)
        if len(self._points) < 2:
            return image
        first, second = self._points
        self._points = []
        return self._guess(first, second, image)

    def _guess(self, first: Floats, second: Floats, third: Floats) -> Floats:
        move = second - first
        bend = (third - second) - move
        size = float(np.sqrt(bend @ bend))
        step = float(np.sqrt(move @ move)) / size if size > 0 else 1.0
        self._step = min(max(step, 1.0), self.longest)
        if self._step == 1.0:
            return third
        self._plain = third
        guess: Floats = first + 2 * self._step * move + self._step**2 * bend
        return guess
