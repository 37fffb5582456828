"""Identity resolution: records → golden customers. The facade; everything is imported when it is first used."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resolution.config import MatchConfig, load_config
    from resolution.errors import ConfigError, InputError, ModelError, ResolutionError
    from resolution.evaluation import Evaluation, evaluate
    from resolution.explanation import explain, explain_customer
    from resolution.night import RunResult, accept_run, discard_run, resolve_night
    from resolution.pipeline import LinkResult, link, train
    from resolution.quality import allow_churn
    from resolution.scoring import score_pairs
    from resolution.standardise import standardise

_WHERE = {
    "ConfigError": "errors",
    "InputError": "errors",
    "ModelError": "errors",
    "ResolutionError": "errors",
    "MatchConfig": "config",
    "load_config": "config",
    "standardise": "standardise",
    "Evaluation": "evaluation",
    "evaluate": "evaluation",
    "LinkResult": "pipeline",
    "link": "pipeline",
    "score_pairs": "scoring",
    "train": "pipeline",
    "RunResult": "night",
    "accept_run": "night",
    "discard_run": "night",
    "resolve_night": "night",
    "allow_churn": "quality",
    "explain": "explanation",
    "explain_customer": "explanation",
}

__all__ = [
    "ConfigError",
    "Evaluation",
    "InputError",
    "LinkResult",
    "MatchConfig",
    "ModelError",
    "ResolutionError",
    "RunResult",
    "accept_run",
    "allow_churn",
    "discard_run",
    "evaluate",
    "explain",
    "explain_customer",
    "link",
    "load_config",
    "resolve_night",
    "score_pairs",
    "standardise",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"resolution.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'resolution' has no attribute {name!r}")


class _Facade(ModuleType):
    """Keeps the function `standardise` reachable although a submodule has the same name.

    Importing a submodule binds it on its package; here the function's name stays the function's.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _WHERE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Facade
