"""Match file paths against shell patterns: `*`, `?`, `[ab]` within a name, `**` for any number of folders."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path

_MAGIC = re.compile(r"[*?[]")


class Fit(Enum):
    """How a path matches a pattern: not at all, as a folder above a possible match, or wholly."""

    NONE = 0
    ABOVE = 1
    WHOLE = 2


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, split into a fixed folder and the patterns of the names below it.

    Attributes:
        typed: the pattern as typed.
        base: the fixed folder, "." if there is none.
        names: patterns of the names below; `**` matches any number of folders.
    """

    typed: str
    base: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, argument: str) -> Pattern | None:
        """Parse an argument; None if it is not a pattern, or if a file of this name exists."""
        if not _MAGIC.search(argument) or "\0" in argument or os.path.lexists(argument):
            return None
        parts = Path(argument).parts
        first = next(place for place, part in enumerate(parts) if _MAGIC.search(part))
        names = (*parts[first:-1], "*" if parts[-1] == "**" else parts[-1])
        return cls(argument, str(Path(*parts[:first])), names)

    def fit(self, parts: tuple[str, ...]) -> Fit:
        """Match a path below the base. Everything in a matching folder matches."""
        reached = self._passed({0})
        for part in parts:
            kept = {place for place in reached if self.names[place] == "**"}
            ahead = {place + 1 for place in reached - kept if fnmatchcase(part, self.names[place])}
            reached = self._passed(kept | ahead)
            if len(self.names) in reached:
                return Fit.WHOLE
        return Fit.ABOVE if reached else Fit.NONE

    def _passed(self, places: set[int]) -> set[int]:
        """Add the positions after each `**`, which can match no folder at all."""
        passed = set(places)
        for place in places:
            while self.names[place : place + 1] == ("**",):
                place += 1  # noqa: PLW2901 - skip this `**`
                passed.add(place)
        return passed
