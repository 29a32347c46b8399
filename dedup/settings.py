"""The settings of the method, in one frozen and validated object."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, Self

from dedup.errors import SettingsError
from dedup.formats.escaping import quote

_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([kMGT]i?B?)", re.IGNORECASE)
_UNITS = {
    unit + suffix: factor / 1e9
    for power, unit in enumerate("KMGT", 1)
    for suffix, factor in {"": 1e3**power, "B": 1e3**power, "I": 2.0 ** (10 * power), "IB": 2.0 ** (10 * power)}.items()
}

METHOD_VERSION = 4
"""Version of the method, incremented whenever equal articles and settings give a different result."""


def _knob(default: float, low: float, high: float, text: str, *, result: bool = True) -> Any:
    """Return a field with its closed range [low, high] and its help text; its type is that of its default.

    Fields with `result=False` do not change results, and are ignored when settings are compared.
    """
    return field(default=default, compare=result, metadata={"low": low, "high": high, "help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How articles are compared and grouped. The defaults suit every collection.

    `threads` and `memory` limit resources. They change no result, and count neither in the fingerprint nor in equality.

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
    threads: int = _knob(0, 0, 1024, "how many work at a time; 0 for one on each processor", result=False)
    memory: float = _knob(
        math.inf, 0.1, math.inf, "gigabytes the command may take (also 800MB, 1.5GB); it stops beyond", result=False
    )

    def __post_init__(self) -> None:
        read, faults = _checked({knob.name: getattr(self, knob.name) for knob in fields(self)})
        for name, value in read.items():
            object.__setattr__(self, name, value)
        if faults:
            raise SettingsError([fault for _, fault in faults])

    @classmethod
    def from_strings(cls, values: Mapping[str, str]) -> Self:
        """Make settings from strings, as given on a command line: `{"granularity": "0.4"}`.

        Raises:
            SettingsError: listing every name that is unknown and every value that does not fit.
        """
        read, faults = read_values(values)
        if faults:
            raise SettingsError([fault for _, fault in faults])
        return cls(**read)

    def to_dict(self) -> dict[str, float]:
        """Return the settings by name."""
        return asdict(self)

    def method(self) -> dict[str, float]:
        """Return the settings that change the result, by name; an infinite window becomes null in JSON."""
        return {knob.name: getattr(self, knob.name) for knob in fields(self) if knob.compare}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the version of the method and its settings."""
        canonical = json.dumps([METHOD_VERSION, self.method()], sort_keys=True)
        return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()


def read_values(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Parse and validate settings by name; return the values, and each fault as (setting, message)."""
    knobs = {knob.name: knob for knob in fields(Settings)}
    faults, given = [], {}
    for name, value in values.items():
        if name not in knobs:
            faults.append((name, f"there is no setting {quote(name)} ({_meant(name, list(knobs))})"))
            continue
        try:
            given[name] = _read_text(knobs[name], value) if isinstance(value, str) else value
        except ValueError:
            faults.append((name, f"{name} must be {_kind(knobs[name])}, not {quote(value)}"))
    read, wrong = _checked(given, alone=bool(faults))
    return read, [*faults, *wrong]


def _checked(values: Mapping[str, Any], *, alone: bool = False) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the values as Python numbers, and faults: of each value, and of combinations unless `alone`."""
    read: dict[str, Any] = {}
    faults = []
    for knob in fields(Settings):
        if knob.name not in values:
            continue
        value = values[knob.name]
        kind: Any = type(knob.default)
        low, high = knob.metadata["low"], knob.metadata["high"]
        if not isinstance(value, bool) and isinstance(value, Real if kind is float else Integral):
            try:
                value = read[knob.name] = kind(value)  # NumPy's numbers too
            except OverflowError:  # a whole number beyond all floats
                faults.append((knob.name, f"{knob.name} is too large: {quote(value)}"))
                continue
        if type(value) is not kind:
            faults.append((knob.name, f"{knob.name} must be {_kind(knob)}, not {quote(value)}"))
        elif not low <= value <= high:
            faults.append((knob.name, f"{knob.name} must lie between {low:g} and {high:g}, not {quote(value)}"))
    if not faults and not alone:
        whole: dict[str, Any] = {knob.name: knob.default for knob in fields(Settings)} | read
        slots, bands = whole["num_perm"], whole["bands"]
        if slots % bands:
            faults.append(("bands", f"num_perm ({slots}) must be a multiple of bands ({bands})"))
    return read, faults


def _read_text(knob: Field[Any], text: str) -> float:
    """Parse a number, or a size of memory such as 800MB.

    Raises:
        ValueError: the text is neither.
    """
    if knob.name == "memory" and (size := _SIZE.fullmatch(text.strip())):
        return float(size[1]) * _UNITS[size[2].upper()]
    return int(text) if isinstance(knob.default, int) else float(text)


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name.lower().replace("-", "_"), known, 1)
    return f"did you mean {close[0]!r}? 'dedup settings' lists all" if close else f"there are: {', '.join(known)}"


def _kind(knob: Field[Any]) -> str:
    if knob.name == "memory":
        return "a number of gigabytes, or a size like 800MB"
    return "a whole number" if type(knob.default) is int else "a number"


def checked(settings: object) -> Settings | None:
    """Return the settings of a caller, or None, after a check of their type.

    Raises:
        SettingsError: it is neither.
    """
    if settings is None or isinstance(settings, Settings):
        return settings
    told = f"settings must be dedup.Settings or None, not {type(settings).__name__}"
    raise SettingsError([f"{told}: write dedup.Settings(granularity=0.4), or Settings(**values)"])
