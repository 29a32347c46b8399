"""The time of a story index, by a clock that may be wrong for a while.

Changes are stamped with the latest time that was read, so their times ascend. A time far from those of the last changes
and of the articles counts only when it is confirmed: by articles of two outlets whose own time is near it (of one, if
all articles are of one), or because the clock has run on from it for a day. Until then nothing expires by it. A second
jump is not taken for a clock that ran on. One outlet is not enough, because some date all that they send by the time at
which it was fetched, which is that of the same clock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.errors import StoreError
from dedup.index.store.metadata import DAY

NEAR = 2 * DAY
"""Seconds within which two times support each other."""
RUN_ON = 31 * DAY
"""Seconds after a jump within which a reading of at least a day later confirms it."""
LONGEST_PAUSE = 400 * DAY
"""Seconds without a change after which the time of changes is not taken from the clock alone."""
END = 253_402_300_800.0
"""The year 10000, in seconds since 1970."""

Times: TypeAlias = Callable[[], tuple[NDArray[np.float64], NDArray[np.int32]]]
"""Returns the articles' own times in seconds since 1970, nan where unknown, and the numbers of their outlets."""


def no_times() -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the times of no articles."""
    return np.empty(0), np.empty(0, np.int32)


class IndexClock:
    """Reads a clock and decides which time counts.

    Args:
        read: seconds since 1970.
        facts: what `facts` returned when the index was last written.

    Attributes:
        now: time of the last changes, 0 if there are none.
        expiry: the time by which articles expire, None before it is known.
        jump: the first reading of a jump that is not confirmed yet, None if there is none.
    """

    def __init__(self, read: Callable[[], float], facts: Mapping[str, str]) -> None:
        self._read, self._last = read, 0.0
        self.now = float(facts.get("now") or 0.0)
        self.expiry = float(facts["expiry"]) if facts.get("expiry") else None
        self.jump = float(facts["jump"]) if facts.get("jump") else None

    def facts(self) -> dict[str, str]:
        """Return the state of the clock, to be stored with the changes."""
        optional = {"expiry": self.expiry, "jump": self.jump}
        return {"now": repr(self.now)} | {name: "" if time is None else repr(time) for name, time in optional.items()}

    def today(self) -> datetime:
        """Return the latest of the clock, of the system and of the last changes: no article can be of a later day."""
        reading = float(self._read())
        possible = reading if 0 <= reading < END else 0.0  # what writes reports an impossible time
        return datetime.fromtimestamp(min(max(possible, self.now, time.time()), END - 4 * DAY), UTC)

    def advance(self, times: Times) -> float:
        """Read the clock and return the time of the next changes.

        Args:
            times: returns the times of the articles; called where the clock is in doubt.

        Raises:
            StoreError: the clock gives an impossible time.
        """
        reading = self._last = self._reading()
        gap = reading - self.now
        if self.expiry is None:  # a new index, or one written before this was stored
            self.expiry = min(self.now or reading, reading)
        if not self.now:
            self.now = reading
        elif gap < -NEAR:  # one of the two is wrong: times go back only if the articles say so
            back = _is_near(reading, times) and not _is_near(self.now, times)
            self.now = reading if back else self.now
        elif gap <= LONGEST_PAUSE or self._is_confirmed(reading, times):
            self.now = max(self.now, reading)
        return self.now

    def advance_expiry(self, times: Times) -> float:
        """Return the time by which articles expire, after `times` include those of the articles just added."""
        reading = self._last
        if reading - self.now > LONGEST_PAUSE and _is_near(reading, times):
            self.now = reading
        before, wanted = min(self.expiry or 0.0, reading), min(reading, self.now)
        if wanted - before <= NEAR or self._is_confirmed(wanted, times):
            self.expiry, self.jump = wanted, None if wanted == reading else self.jump
        else:
            self.expiry = before
        return self.expiry

    def _reading(self) -> float:
        reading = float(self._read())
        if not 0 <= reading < END:
            raise StoreError(f"the clock says {reading!r} seconds since 1970, which cannot be: set the system's clock")
        return reading

    def _is_confirmed(self, time: float, times: Times) -> bool:
        """Return whether a time far from that of the last changes is right; report it once if that is not known."""
        if _is_near(time, times):
            return True
        if self.jump is not None and 0 <= time - self.jump <= RUN_ON:
            return time - self.jump >= DAY
        self.jump = time
        says, last = (datetime.fromtimestamp(one, UTC).isoformat(timespec="seconds") for one in (time, self.now))
        problem = "the clock says %s, the last change was at %s, and no article is of that time"
        remedy = "nothing expires until one is, or a day has passed"
        logging.getLogger("dedup.index").warning(f"{problem}: {remedy}", says, last)
        return False


def _is_near(time: float, times: Times) -> bool:
    """Return whether articles of two outlets have a time near another one, or of one where there is no other."""
    seconds, outlets = times()
    near = np.abs(seconds - time) <= NEAR
    return 0 < min(2, len(np.unique(outlets))) <= len(np.unique(outlets[near]))
