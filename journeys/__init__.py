"""The night's report, and later the journey statistics. See README.md beside this file."""

from journeys.errors import JourneysError, ReportError
from journeys.report import write_report

__all__ = ["JourneysError", "ReportError", "write_report"]
