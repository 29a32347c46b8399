"""Origins: how many distinct tellings the articles of a story can come from, at most.

Copies of one text are one telling. Of the rest, texts that credit one agency come from it, and texts without a credit
from the publisher of the outlet that printed them first. Press releases are the origin of nothing that is also
reported. What two outlets rewrote from one source without a word of it counts twice, so the number is an upper bound.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from dedup.errors import InputError
from dedup.kinds import Content
from dedup.kinds.credits import outlet_key

FILE = "publishers.toml"
"""Name of the file of publishers, the one that ships and the user's."""


class Told(NamedTuple):
    """What counts of an article: its outlet, its kind and credit, and a number of its text."""

    source: str
    content: Content
    copies: int


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the articles of a story come from.

    Attributes:
        articles: their number.
        texts: distinct texts: copies count once.
        outlets: distinct outlets.
        publishers: distinct publishers of these, see `publishers.toml`.
        agencies: agencies and other outlets that are credited, sorted.
        at_most: distinct tellings, at most.
    """

    articles: int
    texts: int
    outlets: int
    publishers: int
    agencies: tuple[str, ...]
    at_most: int

    def __str__(self) -> str:
        """Return the sum in words: "30 articles, 14 outlets, at most 5 origins"."""
        counts = ((self.articles, "article"), (self.outlets, "outlet"), (self.at_most, "origin"))
        articles, outlets, origins = (f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts)
        return f"{articles}, {outlets}, at most {origins}" if self.outlets else f"{articles}, at most {origins}"

    def to_record(self) -> dict[str, Any]:
        """Return the numbers and the sum in words, ready for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # `asdict` would copy them
        return {**values, "agencies": list(self.agencies), "summary": str(self)}


NO_ORIGINS = Origins(0, 0, 0, 0, (), 0)
"""Of a story that nothing is known of."""


def read_publishers(folder: str | Path = ".") -> Mapping[str, str]:
    """Return the publisher of each outlet, by `outlet_key`: those that ship, and those of `publishers.toml`.

    Args:
        folder: where the user's file is looked for.

    Raises:
        InputError: the file cannot be read, or has another form.
    """
    own = Path(folder) / FILE
    if not own.is_file():
        return _shipped()
    try:
        return {**_shipped(), **_by_outlet(own.read_text(encoding="utf-8"))}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError) as error:
        form = 'it has a table [publishers] of lines "Publisher" = ["outlet", "domain.example"]'
        raise InputError(f"{own} is no file of publishers: {error}; {form}") from error


@cache
def _shipped() -> Mapping[str, str]:
    return _by_outlet(files("dedup.results").joinpath(FILE).read_text(encoding="utf-8"))


def _by_outlet(text: str) -> dict[str, str]:
    groups = tomllib.loads(text).get("publishers")
    if not isinstance(groups, dict):
        raise ValueError("there is no table [publishers]")
    for publisher, outlets in groups.items():
        if not isinstance(outlets, list) or not all(isinstance(outlet, str) for outlet in outlets):
            raise ValueError(f"{publisher} is no list of outlets")
    return {outlet_key(outlet): publisher for publisher, outlets in groups.items() for outlet in outlets}


def count_origins(told: Sequence[Told], publishers: Mapping[str, str]) -> Origins:
    """Count the origins of the articles of a story, in the order of publication."""
    units: dict[int, list[Told]] = {}
    for one in told:
        units.setdefault(one.copies, []).append(one)
    outlets = {outlet_key(one.source) for one in told if one.source}
    reported = [
        key
        for place, unit in enumerate(units.values())
        if (key := _origin(unit, place, publishers)) and any(one.content.kind.kind != "release" for one in unit)
    ]
    return Origins(
        articles=len(told),
        texts=len(units),
        outlets=len(outlets),
        publishers=len({publishers.get(outlet, outlet) for outlet in outlets}),
        agencies=tuple(sorted({one.content.credit for one in told} - {""})),
        at_most=max(1, len(set(reported))),
    )


@lru_cache(maxsize=1 << 8)
def origins_of_one(has_outlet: bool, credit: str) -> Origins:
    """Return the origins of one article, given whether its outlet is known and whom it credits."""
    outlets = int(has_outlet)
    return Origins(1, 1, outlets, outlets, (credit,) if credit else (), 1)


def _origin(unit: Iterable[Told], place: int, publishers: Mapping[str, str]) -> str:
    """Return a name for the origin of a text: whom it credits, else the publisher that printed it first."""
    unit = list(unit)
    name = next((one.content.credit for one in unit if one.content.credit), unit[0].source)
    key = outlet_key(name)
    return publishers.get(key, key) or f"text {place}"
