"""The exception tree. Every error says what is wrong and what to do, and is also the builtin a caller would guess.

DedupError
├── InputError              (ValueError)   an article, a record or a file that cannot be used
│   └── CursorError         (LookupError)  a cursor of changes that were forgotten, or of another store
├── SettingsError           (ValueError)   settings out of range or unknown; `.faults` lists every one of them
├── UnknownArticleError     (KeyError)     an id that is not in this clustering, or not in the index
├── StoreError              (OSError)      a store of stories that cannot be opened, read or written
│   └── StoreLockedError    (TimeoutError) another process writes to it
├── ServiceError            (ConnectionError) a service that cannot be reached, or that refuses
├── SecondOpinionError      (RuntimeError) the embedding that was given failed, or gave no vectors
├── EngineError             (RuntimeError) a distributed run that cannot go on: its folder, its session, a step's rows
└── MissingDependencyError  (ImportError)  an optional package is needed; the message has the command that installs it
"""

from __future__ import annotations

from collections.abc import Sequence


class DedupError(Exception):
    """The root: catch this to catch everything that dedup raises on purpose."""


class InputError(DedupError, ValueError):
    """An article, a record or a file that cannot be used."""


class CursorError(InputError, LookupError):
    """A cursor after which an index cannot tell what has changed.

    Args:
        message: what is wrong and what to do.
        first: the cursor of the first change that is known still, one beyond `last` where there is none.
        last: that of the last change there was, 0 where there was none.
    """

    def __init__(self, message: str, first: int = 0, last: int = 0) -> None:
        self.first, self.last = first, last
        super().__init__(message)


class SettingsError(DedupError, ValueError):
    """Settings out of range or unknown. All faults are found before any is reported."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class UnknownArticleError(DedupError, KeyError):
    """An id that is not in this clustering."""

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0]) if self.args else ""


class StoreError(DedupError, OSError):
    """A store of stories that cannot be opened, read or written. What was acknowledged before is in it."""


class StoreLockedError(StoreError, TimeoutError):
    """Another process, or another index of this one, writes to the store."""


class ServiceError(DedupError, ConnectionError):
    """A service of stories that cannot be reached, is too busy for too long, lets this client not in, or has a fault.

    Args:
        message: what is wrong and what to do.
        status: of its answer, 0 where there was none.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class SecondOpinionError(DedupError, RuntimeError):
    """The embedding that was given for a second opinion failed, or what it returned is not a vector for each text."""


class EngineError(DedupError, RuntimeError):
    """A distributed run cannot go on: its folder is another run's, its session will not do, or rows are missing."""


class MissingDependencyError(DedupError, ImportError):
    """An optional package is needed.

    Args:
        feature: what was asked for, as the user would call it.
        package: the package that is missing.
        extra: the extra of this package that brings it.
    """

    def __init__(self, feature: str, package: str, *, extra: str) -> None:
        self.package = package
        super().__init__(f"{feature} needs the package {package}: pip install 'story-dedup[{extra}]'")
