"""The owner of a store: the process that writes to it, noted in the store itself.

The lock file refuses a second writer. It can be removed, and then a new one is no longer the same lock. So a writer
also writes its name into the store when it opens it, and every transaction checks that the name is still there.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

FileId = tuple[int, int]
"""Device and inode of a file."""
_BOOT, _NAMESPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


def file_id(path: str | os.PathLike[str]) -> FileId | None:
    """Return device and inode of the file that a path leads to, None if there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - twice in each transaction: a Path takes longer than the call
    except OSError:
        return None
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True)
class Owner:
    """A writer of a store.

    Attributes:
        token: random name of this opening.
        process: its process id.
        started: when the process was started, in ticks since the boot, "" if unknown.
        machine: the boot and the process namespace in which the process id is valid, "" if unknown.
        file: the file of the store. A copy of it is another file, which has no owner.
        lock: the lock file that the owner holds.
    """

    token: str
    process: int
    started: str
    machine: str
    file: FileId | None
    lock: FileId | None

    @classmethod
    def of_this_process(cls, file: FileId | None, lock: FileId | None) -> Self:
        """Return this process as a new owner."""
        return cls(secrets.token_hex(8), os.getpid(), _started(os.getpid()), _machine(), file, lock)

    @classmethod
    def from_json(cls, text: str) -> Self | None:
        """Return the owner noted in a store; None if there is none."""
        try:
            known = json.loads(text)
            file, lock = (tuple(known[name]) if known[name] else None for name in ("file", "lock"))
            return cls(known["token"], known["process"], known["started"], known["machine"], file, lock)
        except (ValueError, TypeError, KeyError):
            return None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def still_writes(self, file: FileId | None, lock: FileId | None) -> bool:
        """Whether the owner may be writing to a file although its lock is free.

        Args:
            file: the file of the store.
            lock: the lock file that the caller holds. If it is the owner's, the owner has let it go.
        """
        if self.file != file or self.lock == lock or not self.machine or self.machine != _machine():
            return False
        return bool(self.started) and _started(self.process) == self.started


def _started(process: int) -> str:
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _machine() -> str:
    try:
        return f"{_BOOT.read_text(encoding='ascii').strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return ""
