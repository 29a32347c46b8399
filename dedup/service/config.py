"""How the service is run: its settings, from flags before `DEDUP_SERVE_*` before the table `[serve]` of the file."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from dedup.config import NO, YES, section
from dedup.errors import SettingsError
from dedup.formats.escaping import quote

SECTION = "serve"


def _knob(default: Any, text: str, low: float | None = None, high: float | None = None) -> Any:
    """A field with the closed range it must lie in, where it is a number, and a line for the user."""
    return field(default=default, metadata={"low": low, "high": high, "help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """How the service is run. Sizes are bytes, or characters where they say so; times are seconds."""

    host: str = _knob("127.0.0.1", "address to listen on")
    port: int = _knob(8080, "port to listen on; 0 for any that is free", 0, 65535)
    tokens: str = _knob("", "file of the tokens that are let in; without one everybody is")
    without_tokens: bool = _knob(False, "listen beyond this machine although there are no tokens")
    names: str = _knob("", "host names it is called by, with commas; without any, those of this machine on loopback")
    queue: int = _knob(2_000, "articles that may wait to be written; beyond, 429", 1, 1_000_000)
    group: int = _knob(50, "articles at most that are put on disk together", 1, 1_000)
    readers: int = _knob(4, "threads that answer what only reads", 1, 64)
    waiting: int = _knob(128, "requests that may wait for a reader; beyond, 429", 1, 100_000)
    connections: int = _knob(1_000, "connections at a time; beyond, 503", 1, 100_000)
    body: int = _knob(16_000_000, "bytes of a body, unpacked", 1_000, 2**40)
    stream: int = _knob(4_000_000_000, "bytes of a body of lines, unpacked", 1_000, 2**50)
    text: int = _knob(200_000, "characters of a text", 1, 10_000_000)
    batch: int = _knob(1_000, "articles in one JSON body", 1, 100_000)
    head: int = _knob(32_768, "bytes of a request's line and headers", 1_024, 1_048_576)
    head_time: float = _knob(10.0, "seconds for a request's line and headers", 0.1, 3_600)
    body_time: float = _knob(60.0, "seconds for a body", 0.1, 86_400)
    idle_time: float = _knob(15.0, "seconds for the next piece of a body, and for a client to take a piece", 0.1, 3_600)
    answer_time: float = _knob(30.0, "seconds for an answer to be found", 0.1, 86_400)
    news_time: float = _knob(30.0, "seconds at most that a request may wait for news", 0.01, 3_600)
    stop_time: float = _knob(30.0, "seconds to finish what was begun when the service is stopped", 0.1, 86_400)

    def __post_init__(self) -> None:
        faults = [fault for knob in fields(self) if (fault := _fault(knob, getattr(self, knob.name)))]
        if faults:
            raise SettingsError(faults)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @property
    def hosts(self) -> frozenset[str]:
        """The host names that a request may call it by, none for any."""
        named = frozenset(name.strip().lower() for name in self.names.split(",") if name.strip())
        return named or (frozenset({"localhost", "127.0.0.1", "::1", self.host.lower()}) if self.loopback else named)


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def configure_service(
    flags: Mapping[str, Any] | None = None,
    *,
    limits: Mapping[str, str] | None = None,
    file: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] = ".",
    environment: Mapping[str, str] | None = None,
) -> ServiceSettings:
    """The settings in effect.

    Args:
        flags: what goes before all else, by the name of the setting.
        limits: the same, as `--limit` gives them; flags go before these.
        file, folder, environment: as for `dedup.configure`.

    Raises:
        SettingsError: listing everything that is wrong in any of the places, each with its place.
    """
    given, faults = section(SECTION, file=file, folder=folder, environment=environment)
    given |= {name: (value, f"--limit {name}") for name, value in (limits or {}).items()}
    given |= {name: (value, f"--{name.replace('_', '-')}") for name, value in (flags or {}).items()}
    known = {knob.name: knob for knob in fields(ServiceSettings)}
    values: dict[str, Any] = {}
    for name, (value, place) in given.items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            advice = f"; did you mean {near[0]}?" if near else f" (it has: {', '.join(known)})"
            faults.append(f"{place}: dedup serve has no setting {quote(name)}{advice}")
            continue
        values[name] = _read(known[name].default, value)
        if fault := _fault(known[name], values[name]):
            faults.append(f"{place}: {fault}")
    if faults:
        raise SettingsError(faults)
    return ServiceSettings(**values)


def _read(default: Any, value: Any) -> Any:
    """A value as its setting wants it, if it can be read so; as it is where it cannot."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        with suppress(OverflowError):  # one beyond all floats is told of as it is
            return float(value)
    if not isinstance(value, str) or isinstance(default, str):
        return value
    text = value.strip().lower()
    if isinstance(default, bool):
        return True if text in YES else False if text in NO else value
    try:
        return type(default)(text.replace("_", ""))
    except ValueError:
        return value


def _fault(knob: Any, value: Any) -> str:
    low, high, kind = knob.metadata["low"], knob.metadata["high"], type(knob.default)
    if type(value) is not kind:
        wanted = {bool: "true or false", str: "a string", int: "a whole number", float: "a number"}[kind]
        return f"{knob.name} must be {wanted}, not {quote(value)}"
    if low is not None and not low <= value <= high:
        return f"{knob.name} must be from {low:g} to {high:g}, not {quote(value)}"
    return ""
