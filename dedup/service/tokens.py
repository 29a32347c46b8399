"""Who is let in: tokens in a file, as hashes, each with what it allows.

A token is 32 random bytes, so a plain SHA-256 of it cannot be turned back by guessing. The file has one line for each:
`NAME SCOPE SHA256`, where the scope is `read` or `write`, and `write` allows reading too. It is read again when it has
changed: what is taken out of it is refused within a second.
"""

from __future__ import annotations

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

Scope = Literal["read", "write"]
PREFIX = "dedup_"
"""What every token begins with, so that one that leaked is recognised for what it is."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LINE = re.compile(rf"({_NAME.pattern})\s+(read|write)\s+([0-9a-f]{{64}})")
_LOOK_EVERY = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is let in: its name, what it allows, and the hash of its secret."""

    name: str
    scope: Scope
    digest: str

    @property
    def line(self) -> str:
        """As it stands in the file."""
        return f"{self.name} {self.scope} {self.digest}"

    def allows(self, scope: Scope) -> bool:
        """Whether it may do what needs a scope."""
        return self.scope in {"write", scope}


def new_token(name: str, scope: Scope) -> tuple[str, Token]:
    """A secret, to be shown once and never kept, and what is kept of it.

    Raises:
        InputError: the name will not do.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:80]!r} is no name for a token: up to 64 letters, digits, dots, hyphens, underscores")
    secret = PREFIX + secrets.token_urlsafe(32)
    return secret, Token(name, scope, _digest(secret))


def add_token(file: Path, name: str, scope: Scope) -> str:
    """Makes a token, writes what is kept of it at the end of a file, which only its owner may read; its secret.

    Raises:
        InputError: there is one of that name, or the name will not do.
        SettingsError: the file is no file of tokens.
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
    """The tokens of a file; lines that are empty or begin with # are passed over.

    Raises:
        SettingsError: naming every line that is wrong.
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


class Guard:
    """The tokens that are let in now.

    Args:
        file: of the tokens, None where everybody is let in.
        clock: seconds that only go on.

    Raises:
        SettingsError: the file has a line that is wrong, or no token at all.
        OSError: it cannot be read.
    """

    def __init__(self, file: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._tokens: Sequence[Token] = ()
        self._looked, self._seen = clock(), _state(file)
        if file is not None:
            self._tokens = read_tokens(file)
            if not self._tokens:
                raise SettingsError([f"there is no token in {file}: make one with 'dedup serve token'"])

    @property
    def open(self) -> bool:
        """Whether everybody is let in."""
        return self._file is None

    def token(self, secret: str) -> Token | None:
        """The token that a secret is of. All are compared, and each in the same time, so that time tells nothing."""
        self._look()
        digest, found = _digest(secret), None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def _look(self) -> None:
        now = self._clock()
        if self._file is None or now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        state = _state(self._file)
        if state == self._seen:
            return
        try:
            self._tokens = read_tokens(self._file)
        except (OSError, SettingsError) as error:
            _log.error("the file of tokens cannot be used, those read before hold on: %s", error)
        else:
            _log.info("the file of tokens was read again: %d tokens", len(self._tokens))
        self._seen = state


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _state(file: Path | None) -> tuple[int, int, int]:
    """What changes when the file does."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        found = None
    return (0, 0, 0) if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)
