"""What can go wrong here, in words that say what to do next."""


class JourneysError(Exception):
    """Base of this package's errors."""


class ReportError(JourneysError):
    """The report cannot be written."""


class QuestionError(JourneysError):
    """A question of the catalogue is wrong, or the warehouse cannot answer it."""


class StepError(JourneysError):
    """A statistic is declared in a way that cannot work."""


class ComputeError(JourneysError):
    """The night's statistics cannot be computed yet."""


class TextError(JourneysError):
    """Texts cannot be scored: a word list is wrong, or a table is missing."""
