"""Patterns for the names of files, as shells have them: `*`, `?`, `[ab]` within a name, `**` for any folders."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path

_MAGIC = re.compile(r"[*?[]")


class Fit(Enum):
    """How a path stands to a pattern: it cannot fit, something below it may, it does."""

    NONE = 0
    ABOVE = 1
    WHOLE = 2


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern in two: the folder that it begins with, and the names below it.

    Attributes:
        typed: all of it.
        base: the folder, "." where it begins with a name to be matched.
        names: the patterns of the names below, `**` standing for any number of folders.
    """

    typed: str
    base: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, argument: str) -> Pattern | None:
        """The pattern that an argument is; None if it is none, or a file has this very name."""
        if not _MAGIC.search(argument) or "\0" in argument or os.path.lexists(argument):
            return None
        parts = Path(argument).parts
        first = next(place for place, part in enumerate(parts) if _MAGIC.search(part))
        names = (*parts[first:-1], "*" if parts[-1] == "**" else parts[-1])
        return cls(argument, str(Path(*parts[:first])), names)

    def fit(self, parts: tuple[str, ...]) -> Fit:
        """How a path below the base stands to the pattern. What lies in a folder that fits, fits too."""
        reached = self._passed({0})
        for part in parts:
            kept = {place for place in reached if self.names[place] == "**"}
            ahead = {place + 1 for place in reached - kept if fnmatchcase(part, self.names[place])}
            reached = self._passed(kept | ahead)
            if len(self.names) in reached:
                return Fit.WHOLE
        return Fit.ABOVE if reached else Fit.NONE

    def _passed(self, places: set[int]) -> set[int]:
        """The places with those behind a `**`, which can stand for nothing."""
        passed = set(places)
        for place in places:
            while self.names[place : place + 1] == ("**",):
                place += 1  # noqa: PLW2901 - on to the next
                passed.add(place)
        return passed
