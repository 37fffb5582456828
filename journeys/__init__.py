"""Journey statistics between the dbt layers, and the night's report. See README.md beside this file."""

from journeys.computing import ComputeResult, compute, prepare_tables
from journeys.errors import ComputeError, JourneysError, ReportError, StepError
from journeys.fits import StoredFit, list_fits
from journeys.report import write_report
from journeys.scoring import score_messages
from journeys.steps import Context, Fit, Step

__all__ = [
    "ComputeError",
    "ComputeResult",
    "Context",
    "Fit",
    "JourneysError",
    "ReportError",
    "Step",
    "StepError",
    "StoredFit",
    "compute",
    "list_fits",
    "prepare_tables",
    "score_messages",
    "write_report",
]
