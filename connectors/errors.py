"""What connectors can refuse, in plain words: what happened, where, and what to do. No message has a value."""


class ConnectorsError(Exception):
    """Base of all connector errors."""


class ContractError(ConnectorsError):
    """A contract file is missing or says what cannot be: names the file, the key and what to write instead."""


class PlaceError(ConnectorsError):
    """Exports cannot be listed or read where they should lie."""


class UnsafePathError(PlaceError):
    """A path leads out of the exports folder."""


class IncompleteDropError(PlaceError):
    """Not all of a night's files are there yet, or they differ from their manifest: worth another try later."""


class CredentialsError(ConnectorsError):
    """A connection is missing or cannot be used. Never says what is in it."""


class SourcesError(ConnectorsError):
    """sources.yml says what cannot be: names the file, the key and what to write instead."""


class FileRejectedError(ConnectorsError):
    """A file cannot be accepted as a whole: its batch is rejected, nothing of it reaches raw."""


class ApiError(PlaceError):
    """A vendor's API did not give what was asked for: names platform, endpoint and page. Worth another try later."""


class ApiAccessError(ApiError):
    """The vendor does not let us in, or the request is wrong: somebody must act, trying again does not help."""
