"""Everything the local system can refuse, in plain words: what happened, where, and what to do."""


class StackError(Exception):
    """Base of all errors of the local system."""


class ComponentError(StackError):
    """A part of Airflow did not start, or ended by itself."""


class AirflowApiError(StackError):
    """Airflow's REST API refused a request or cannot be reached."""


class NightFailedError(StackError):
    """A task of the night failed; carries the end of its log."""
