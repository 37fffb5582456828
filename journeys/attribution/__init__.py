"""Who gets the credit for a conversion: rule models, exact Markov removal effects, true Shapley values.

Pure functions over arrays; the tables they serve are made by dbt (models/marts/attribution). See README.md.
"""

from journeys.attribution.markov import Transitions, path_credits, removal_effects, transitions_of_paths
from journeys.attribution.rounding import allocate
from journeys.attribution.rules import RULE_MODELS, last_non_direct, participation, rule_credits, visit_container
from journeys.attribution.shapley import Shapley, rate_game, shapley_exact, shapley_rate, shapley_volume

__all__ = [
    "RULE_MODELS",
    "Shapley",
    "Transitions",
    "allocate",
    "last_non_direct",
    "participation",
    "path_credits",
    "rate_game",
    "removal_effects",
    "rule_credits",
    "shapley_exact",
    "shapley_rate",
    "shapley_volume",
    "transitions_of_paths",
    "visit_container",
]
