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
from typing import TYPE_CHECKING, Any, Self

from dedup.errors import SettingsError
from dedup.formats.escaping import quote

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([kMGT]i?B?)", re.IGNORECASE)
_PATTERN = re.compile(r"\s*(?:source|section|url):\s*\S")
_UNITS = {
    unit + suffix: factor / 1e9
    for power, unit in enumerate("KMGT", 1)
    for suffix, factor in {"": 1e3**power, "B": 1e3**power, "I": 2.0 ** (10 * power), "IB": 2.0 ** (10 * power)}.items()
}

METHOD_VERSION = 7
"""Version of the method, incremented whenever equal articles and settings give a different result."""


SWITCHES = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off", ""), False)
"""Strings that mean true or false."""


def setting(
    default: Any, text: str, low: float | None = None, high: float | None = None, *, result: bool = True
) -> Any:
    """Return a field with its help text and, for a number, its closed range; its type is that of its default.

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

    granularity: float = setting(0.5, "how wide a story is: 0 is one text, 0.5 one event, 1 a storyline", 0.0, 1.0)
    window: float = setting(
        30.0, "days beyond which two dated articles are never one story (copies are)", 0.0, math.inf
    )
    copy_overlap: float = setting(0.45, "share of two texts' words in shared shingles that makes copies", 0.0, 1.0)
    shingle_size: int = setting(5, "words in a shingle", 1, 32)
    num_perm: int = setting(128, "slots of a MinHash signature", 2, 4096)
    bands: int = setting(64, "bands of a signature; num_perm must be a multiple of it", 1, 4096)
    seed: int = setting(1, "seed of the MinHash permutations", 0, 2**32 - 1)
    title_weight: int = setting(2, "weight of a word in the title, where one deep in the body has 1", 0, 64)
    lead_weight: float = setting(2.0, "extra weight of the first word of the body", 0.0, 64.0)
    lead_length: int = setting(50, "words after which the extra weight has fallen to 1/e", 1, 10_000)
    capital_weight: float = setting(1.4, "factor for words capitalised inside a sentence", 1.0, 16.0)
    background: int = setting(1000, "number of articles that the shipped word frequencies count for", 0, 10**9)
    neighbours: int = setting(100, "most same-story candidates kept for one article", 1, 100_000)
    date_penalty: float = setting(0.15, "taken from the score of two articles 20 days or more apart", 0.0, 1.0)
    outlet_penalty: float = setting(0.08, "taken from the score of two articles of one outlet", 0.0, 1.0)
    preferred_outlets: str = setting("", "outlets whose versions of a text are shown, comma-separated, the best first")
    paywalled_outlets: str = setting("", "outlets whose versions are shown only where there is no open one")
    ungrouped: str = setting("", "articles that are never grouped, as source:NAME, section:NAME or url:PATTERN, with *")
    threads: int = setting(0, "how many work at a time; 0 for one on each processor", 0, 1024, result=False)
    memory: float = setting(
        math.inf, "gigabytes the command may take (also 800MB, 1.5GB); it stops beyond", 0.1, math.inf, result=False
    )

    def __post_init__(self) -> None:
        faults = validate(self)
        if not faults:
            faults = _bands_fault(self.num_perm, self.bands) + _patterns_fault(self.ungrouped)
        if faults:
            raise SettingsError(faults)

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

    def to_dict(self) -> dict[str, float | str]:
        """Return the settings by name."""
        return asdict(self)

    def method(self) -> dict[str, float | str]:
        """Return the settings that change the result, by name; an infinite window becomes null in JSON."""
        return {knob.name: getattr(self, knob.name) for knob in fields(self) if knob.compare}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the version of the method and its settings."""
        given = {
            name: value for name, value in self.method().items() if value != ""
        }  # as before there were preferences
        canonical = json.dumps([METHOD_VERSION, given], sort_keys=True)
        return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()

    def fingerprint_with(self, embedding: str) -> str:
        """Return the fingerprint of the method and its settings with an embedding, given by its name."""
        return hashlib.blake2b(f"{self.fingerprint} {embedding}".encode(), digest_size=8).hexdigest()


def read_values(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Parse and validate settings by name; return the values, and each fault as (setting, message)."""
    knobs = {knob.name: knob for knob in fields(Settings)}
    faults, given, read = [], {}, {}
    for name, value in values.items():
        try:
            if name not in knobs:
                raise ValueError(f"there is no setting {quote(name)} ({_meant(name, list(knobs))})")
            given[name] = _parse(knobs[name], value)
        except ValueError as error:
            faults.append((name, str(error)))
    for name in filter(given.__contains__, knobs):
        try:
            read[name] = _check(knobs[name], given[name])
        except ValueError as error:
            faults.append((name, str(error)))
    if not faults:
        every: dict[str, Any] = {knob.name: knob.default for knob in knobs.values()} | read
        faults = [("bands", fault) for fault in _bands_fault(every["num_perm"], every["bands"])]
        faults += [("ungrouped", fault) for fault in _patterns_fault(every["ungrouped"])]
    return read, faults


def read_value(knob: Field[Any], value: Any) -> Any:
    """Return the value of a setting, from a value of a file or from a string.

    Raises:
        ValueError: it is of another type or out of range; the message names the setting.
    """
    return _check(knob, _parse(knob, value))


def validate(settings: DataclassInstance) -> list[str]:
    """Check each setting of a new object, and convert the numbers of NumPy; return the faults."""
    faults = []
    for knob in fields(settings):
        try:
            object.__setattr__(settings, knob.name, _check(knob, getattr(settings, knob.name)))
        except ValueError as error:
            faults.append(str(error))
    return faults


def _check(knob: Field[Any], value: Any) -> Any:
    kind: Any = type(knob.default)
    low, high = knob.metadata["low"], knob.metadata["high"]
    number: Any = {int: Integral, float: Real}.get(kind)
    if number and isinstance(value, number) and not isinstance(value, bool):
        try:
            value = kind(value)
        except OverflowError:  # a whole number beyond all floats
            raise ValueError(f"{knob.name} is too large: {quote(value)}") from None
    if type(value) is not kind:
        raise ValueError(f"{knob.name} must be {_kind(knob)}, not {quote(value)}")
    if low is not None and not low <= value <= high:
        raise ValueError(f"{knob.name} must lie between {low:g} and {high:g}, not {quote(value)}")
    return value


def _bands_fault(slots: int, bands: int) -> list[str]:
    return [f"num_perm ({slots}) must be a multiple of bands ({bands})"] if slots % bands else []


def _patterns_fault(ungrouped: str) -> list[str]:
    wrong = [part.strip() for part in ungrouped.split(",") if part.strip() and not _PATTERN.match(part)]
    return [f"ungrouped must be source:NAME, section:NAME or url:PATTERN, not {quote(part)}" for part in wrong]


def _parse(knob: Field[Any], value: Any) -> Any:
    """Parse a string as a number, a boolean or a size of memory such as 800MB, as its setting needs it."""
    kind: Any = type(knob.default)
    if kind is str and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    if kind is str or not isinstance(value, str):
        return value
    if knob.name == "memory" and (size := _SIZE.fullmatch(value.strip())):
        return float(size[1]) * _UNITS[size[2].upper()]
    try:
        return SWITCHES[value.strip().lower()] if kind is bool else kind(value)
    except (KeyError, ValueError):
        raise ValueError(f"{knob.name} must be {_kind(knob)}, not {quote(value)}") from None


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name.lower().replace("-", "_"), known, 1)
    return f"did you mean {close[0]!r}? 'dedup settings' lists all" if close else f"there are: {', '.join(known)}"


def _kind(knob: Field[Any]) -> str:
    if knob.name == "memory":
        return "a number of gigabytes, or a size like 800MB"
    return {bool: "true or false", str: "a string", int: "a whole number"}.get(type(knob.default), "a number")


def checked(settings: object) -> Settings | None:
    """Return the settings of a caller, or None, after a check of their type.

    Raises:
        SettingsError: it is neither.
    """
    if settings is None or isinstance(settings, Settings):
        return settings
    problem = f"settings must be dedup.Settings or None, not {type(settings).__name__}"
    raise SettingsError([f"{problem}: write dedup.Settings(granularity=0.4), or Settings(**values)"])
