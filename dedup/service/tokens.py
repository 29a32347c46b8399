"""Authentication by tokens, whose hashes and scopes are kept in a file.

A token is 32 random bytes, so its plain SHA-256 cannot be reversed by guessing. The file has one line per token:
`NAME SCOPE SHA256`, where the scope is `read` or `write`, and `write` includes `read`. It is read again when it has
changed: a token whose line is removed is refused within a second.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dedup.errors import InputError, SettingsError
from dedup.service.problems import problem

Scope = Literal["read", "write"]
PREFIX = "dedup_"
"""Prefix of every token, by which scanners recognise one that leaked."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LINE = re.compile(rf"({_NAME.pattern})\s+(read|write)\s+([0-9a-f]{{64}})")
_RELOAD_INTERVAL = 1.0
_MINUTE = 60.0
_ADDRESSES = 10_000  # counted at a time

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Token:
    """A known token: its name, its scope, and the hash of its secret."""

    name: str
    scope: Scope
    digest: str

    @property
    def line(self) -> str:
        """The line of the file."""
        return f"{self.name} {self.scope} {self.digest}"

    def allows(self, scope: Scope) -> bool:
        """Return whether the token covers a scope."""
        return self.scope in {"write", scope}


def new_token(name: str, scope: Scope) -> tuple[str, Token]:
    """Return a new secret, which is shown once and never stored, and its token.

    Raises:
        InputError: the name is invalid.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:80]!r} is no name for a token: up to 64 letters, digits, dots, hyphens, underscores")
    secret = PREFIX + secrets.token_urlsafe(32)
    return secret, Token(name, scope, _digest(secret))


def add_token(file: Path, name: str, scope: Scope) -> str:
    """Append a new token to a file that only its owner may read, and return its secret.

    Raises:
        InputError: the name is invalid, or in use.
        SettingsError: the file has an invalid line.
        OSError: the file cannot be read or written.
    """
    known = read_tokens(file) if file.exists() else []
    if any(token.name == name for token in known):
        raise InputError(f"there is a token {name!r} already: take its line out of the file first, or name another")
    secret, token = new_token(name, scope)
    unended = file.exists() and file.read_bytes()[-1:] not in {b"", b"\n"}
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as out:
        out.write(("\n" if unended else "") + token.line + "\n")
        out.flush()
        os.fsync(out.fileno())
    return secret


def read_tokens(file: Path) -> list[Token]:
    """Return the tokens of a file; empty lines and those that begin with # are skipped.

    Raises:
        SettingsError: listing every invalid line.
        OSError: it cannot be read.
    """
    found, faults = [], []
    names: set[str] = set()
    for number, line in enumerate(file.read_text(encoding="ascii", errors="replace").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            faults.append(
                f"line {number} of the file of tokens should read NAME read|write SHA256: 'dedup serve token'"
            )
        elif match[1] in names:
            faults.append(f"line {number} of the file of tokens has the name {match[1]!r} again: name each once")
        else:
            names.add(match[1])
            found.append(Token(match[1], "write" if match[2] == "write" else "read", match[3]))
    if faults:
        raise SettingsError(faults)
    return found


class Authenticator:
    """Authentication by the tokens of a file, which is reloaded when it changes.

    Args:
        file: the file of tokens; None if requests need no token.
        clock: a monotonic clock, in seconds.

    Raises:
        SettingsError: the file has an invalid line, or no token.
        OSError: it cannot be read.
    """

    def __init__(self, file: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._tokens: Sequence[Token] = ()
        self._checked, self._loaded_state = clock(), _file_state(file)
        if file is not None:
            self._tokens = read_tokens(file)
            if not self._tokens:
                raise SettingsError([f"there is no token in {file}: make one with 'dedup serve token'"])

    @property
    def open(self) -> bool:
        """Whether requests need no token."""
        return self._file is None

    def token(self, secret: str) -> Token | None:
        """Return the token of a secret, or None, in a time that does not depend on the secret."""
        self._reload()
        digest, found = _digest(secret), None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def _reload(self) -> None:
        now = self._clock()
        if self._file is None or now - self._checked < _RELOAD_INTERVAL:
            return
        self._checked = now
        state = _file_state(self._file)
        if state == self._loaded_state:
            return
        try:
            self._tokens = read_tokens(self._file)
        except (OSError, SettingsError) as error:
            _log.error("the file of tokens cannot be used; those read before stay valid: %s", error)
        else:
            _log.info("the file of tokens was reloaded: %d tokens", len(self._tokens))
        self._loaded_state = state


class Refusals:
    """Delays for addresses that repeat requests without a known token; a known one is never delayed.

    Args:
        free: refusals of an address in a minute that are not delayed.
        delay: seconds that a further one waits.
        waiting: refusals that may wait at a time; others are answered with 429 at once.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        free: int = 20,
        delay: float = 1.0,
        waiting: int = 32,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free, self._delay, self._limit, self._clock = free, delay, waiting, clock
        self._waiting = 0
        self._counts: dict[str, int] = {}
        self._until = clock() + _MINUTE

    async def slow_down(self, client: str) -> None:
        """Count a refusal, and wait if its address has had many.

        Raises:
            Problem: too many wait.
        """
        if self._clock() >= self._until or len(self._counts) >= _ADDRESSES:
            self._counts, self._until = {}, self._clock() + _MINUTE
        self._counts[client] = count = self._counts.get(client, 0) + 1
        if count <= self._free:
            return
        if self._waiting >= self._limit:
            what = "too many requests without a known token"
            raise problem("too-busy", "Authorization", what, "send a token that is known", retry=_MINUTE)
        self._waiting += 1
        try:
            await asyncio.sleep(self._delay)
        finally:
            self._waiting -= 1


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _file_state(file: Path | None) -> tuple[int, int, int]:
    """Return modification time, size and inode, by which a change is noticed."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        found = None
    return (0, 0, 0) if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)
