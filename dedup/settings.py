"""Every knob in one frozen object, validated all at once."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Self

from dedup.errors import SettingsError

METHOD_VERSION = 3
"""Raised whenever the same articles with the same settings would give another result."""


def _knob(default: float, low: float, high: float, text: str) -> Any:
    """A field whose type is its default's, with the closed range it must lie in and a line for the user."""
    return field(default=default, metadata={"low": low, "high": high, "help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How articles are compared and grouped. The defaults are the product: no collection needs others.

    Raises:
        SettingsError: listing every value that is out of range.
    """

    granularity: float = _knob(0.5, 0.0, 1.0, "how wide a story is: 0 is one text, 0.5 one event, 1 a running story")
    window: float = _knob(30.0, 0.0, math.inf, "days beyond which two dated articles are never one story (copies are)")
    copy_overlap: float = _knob(0.45, 0.0, 1.0, "share of two texts' words in shared shingles that makes copies")
    shingle_size: int = _knob(5, 1, 32, "words in a shingle")
    num_perm: int = _knob(128, 2, 4096, "slots of a MinHash signature")
    bands: int = _knob(64, 1, 4096, "bands of a signature; num_perm must be a multiple of it")
    seed: int = _knob(1, 0, 2**32 - 1, "seed of the MinHash permutations")
    title_weight: int = _knob(2, 0, 64, "weight of a word in the title, where one deep in the body has 1")
    lead_weight: float = _knob(2.0, 0.0, 64.0, "extra weight of the first word of the body")
    lead_length: int = _knob(50, 1, 10_000, "words after which the extra weight has fallen to 1/e")
    capital_weight: float = _knob(1.4, 1.0, 16.0, "factor for words capitalised inside a sentence")
    background: int = _knob(1000, 0, 10**9, "number of articles that the shipped word frequencies count for")
    neighbours: int = _knob(100, 1, 100_000, "most same-story candidates kept for one article")
    date_penalty: float = _knob(0.15, 0.0, 1.0, "taken from the score of two articles 20 days or more apart")
    outlet_penalty: float = _knob(0.08, 0.0, 1.0, "taken from the score of two articles of one outlet")

    def __post_init__(self) -> None:
        faults = []
        for knob in fields(self):
            value: Any = getattr(self, knob.name)
            kind: Any = type(knob.default)
            if not isinstance(value, bool) and isinstance(value, Real if kind is float else Integral):
                value = kind(value)  # NumPy's numbers too
                object.__setattr__(self, knob.name, value)
            low, high = knob.metadata["low"], knob.metadata["high"]
            if type(value) is not kind:
                faults.append(f"{knob.name} must be {_kind(kind)}, not {value!r}")
            elif not low <= value <= high:
                faults.append(f"{knob.name} must lie between {low:g} and {high:g}, not {value!r}")
        if not faults and self.num_perm % self.bands:
            faults.append(f"num_perm ({self.num_perm}) must be a multiple of bands ({self.bands})")
        if faults:
            raise SettingsError(faults)

    @classmethod
    def from_strings(cls, values: Mapping[str, str]) -> Self:
        """Settings from text, as they come from a command line: `{"granularity": "0.4"}`.

        Raises:
            SettingsError: listing every name that is unknown and every value that does not fit.
        """
        knobs: dict[str, Any] = {knob.name: type(knob.default) for knob in fields(cls)}
        faults: list[str] = []
        parsed: dict[str, Any] = {}
        for name, text in values.items():
            if name not in knobs:
                faults.append(f"there is no setting {name!r} (there are: {', '.join(knobs)})")
                continue
            try:
                parsed[name] = knobs[name](text)
            except ValueError:
                faults.append(f"{name} must be {_kind(knobs[name])}, not {text!r}")
        if not faults:
            return cls(**parsed)
        try:
            cls(**parsed)
        except SettingsError as error:
            faults.extend(error.faults)
        raise SettingsError(faults)

    def to_dict(self) -> dict[str, float]:
        """The settings by name, ready for JSON (a window without end is null there: see `report`)."""
        return asdict(self)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits: equal exactly where method and settings are."""
        canonical = json.dumps([METHOD_VERSION, self.to_dict()], sort_keys=True)
        return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()


def _kind(kind: type) -> str:
    return {int: "a whole number", float: "a number"}[kind]
