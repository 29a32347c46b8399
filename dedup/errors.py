"""Exceptions. Each derives from `DedupError` and from the built-in exception in parentheses.

Every message states what is wrong and what to do.

DedupError
├── InputError              (ValueError)       an article, record or file that cannot be used
│   ├── CursorError         (LookupError)      a change cursor that has expired, or belongs to another store
│   └── ConflictError                          a decision that contradicts an earlier one, or is of an older version
├── SettingsError           (ValueError)       settings unknown or out of range; `.faults` lists all of them
├── UnknownArticleError     (KeyError)         an id that is not in the clustering or the index
├── StoreError              (OSError)          a store that cannot be opened, read or written
│   └── StoreLockedError    (TimeoutError)     a store that another writer holds
├── ServiceError            (ConnectionError)  a service that cannot be reached, or refuses the request
├── SecondOpinionError      (RuntimeError)     the given embedding failed, or did not return one vector per text
├── EngineError             (RuntimeError)     a distributed run that cannot continue
└── MissingDependencyError  (ImportError)      an optional package is missing; the message has the install command
"""

from __future__ import annotations

from collections.abc import Sequence


class DedupError(Exception):
    """Base class of all exceptions that dedup raises deliberately."""


class InputError(DedupError, ValueError):
    """Raised for an article, a record or a file that cannot be used."""


class CursorError(InputError, LookupError):
    """Raised for a change cursor that has expired, or that belongs to another store.

    Args:
        message: what is wrong and what to do.
        first: the cursor of the oldest change still kept; `last + 1` if none is.
        last: the cursor of the newest change, 0 if there was none.
    """

    def __init__(self, message: str, first: int = 0, last: int = 0) -> None:
        self.first, self.last = first, last
        super().__init__(message)


class ConflictError(InputError):
    """Raised for a decision that contradicts an earlier one, or that was made on an older version of the decisions.

    Args:
        message: what is wrong and what to do.
        decisions: ids of the decisions that it contradicts, none if the version is older.
    """

    def __init__(self, message: str, decisions: Sequence[str] = ()) -> None:
        self.decisions = tuple(decisions)
        super().__init__(message)


class SettingsError(DedupError, ValueError):
    """Raised for settings that are unknown or out of range.

    Args:
        faults: every fault found, one message each.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class UnknownArticleError(DedupError, KeyError):
    """Raised for an id that is not in the clustering or the index."""

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0]) if self.args else ""


class StoreError(DedupError, OSError):
    """Raised when a store cannot be opened, read or written. Everything acknowledged before is kept."""


class StoreLockedError(StoreError, TimeoutError):
    """Raised when another process, or another index in this process, holds the store for writing."""


class ServiceError(DedupError, ConnectionError):
    """Raised when the service is unreachable, stays too busy, denies access or fails.

    Args:
        message: what is wrong and what to do.
        status: the HTTP status of the response, 0 if there was none.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class SecondOpinionError(DedupError, RuntimeError):
    """Raised when the embedding given as second opinion fails, or does not return one vector per text."""


class EngineError(DedupError, RuntimeError):
    """Raised when a distributed run cannot continue: foreign folder, unsuitable session, or missing rows."""


class MissingDependencyError(DedupError, ImportError):
    """Raised when a feature needs an optional package that is not installed.

    Args:
        feature: the feature, in the user's words.
        package: the missing package.
        extra: the extra of `story-dedup` that installs it.
    """

    def __init__(self, feature: str, package: str, *, extra: str) -> None:
        self.package = package
        super().__init__(f"{feature} needs the package {package}: pip install 'story-dedup[{extra}]'")
