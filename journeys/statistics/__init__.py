"""The statistics of a night: every module of this folder that has a `STEP` (journeys.steps.Step) is one.

A module is light to import: numpy, polars and the like are imported inside its functions. Steps run in the order of
their module names; one that reads another's table names it in `after`.
"""

from __future__ import annotations

from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pkgutil import iter_modules

from journeys.errors import StepError
from journeys.steps import Step


@cache
def all_steps() -> tuple[Step, ...]:
    """All steps, each after those it names in `after`. Raises StepError for a name that is doubled or unknown."""
    found: dict[str, Step] = {}
    for name in sorted(module.name for module in iter_modules(__path__)):
        step = getattr(import_module(f"{__name__}.{name}"), "STEP", None)
        if step is None:
            continue
        if step.name in found:
            raise StepError(
                f"journeys/statistics/{name}.py: another step is named {step.name!r} too: choose a new name."
            )
        found[step.name] = step
    for step in found.values():
        if missing := sorted(set(step.after) - found.keys()):
            raise StepError(f"Step {step.name}: `after` names {missing[0]!r}, which is no step: {', '.join(found)}.")
    order = TopologicalSorter({step.name: sorted(step.after) for step in found.values()}).static_order()
    return tuple(found[name] for name in order)
