"""Everything the warehouse can refuse, in plain words: what happened, where, and what to do."""


class WarehouseError(Exception):
    """Base of all warehouse errors."""


class ServerError(WarehouseError):
    """The embedded server could not be prepared, started or stopped."""


class MigrationError(WarehouseError):
    """A migration is missing, was changed after it was applied, or failed."""


class TableError(WarehouseError):
    """A landing or raw table does not fit its specification."""


class BatchError(WarehouseError):
    """A batch is unknown or in a state that does not allow what was asked."""


class RowAccountingError(BatchError):
    """Rows in the export and rows accounted for differ: nothing was promoted."""


class NightRunningError(WarehouseError):
    """Another night holds the lock."""


class DbtLayerError(WarehouseError):
    """A dbt layer failed; names the node."""


class AffectedError(WarehouseError):
    """The affected customers cannot be worked out."""


class PublishError(WarehouseError):
    """Publishing or rolling back is not possible; nothing was changed."""


class SandboxError(WarehouseError):
    """A model cannot be tried out as asked."""
