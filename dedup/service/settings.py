"""Settings of the service, from options, `DEDUP_SERVE_*` and the table `[serve]` of the file, in this order."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dedup.config import configure_section
from dedup.errors import SettingsError
from dedup.settings import setting, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Addresses and limits of the service. Times are in seconds.

    Raises:
        SettingsError: listing every value that is invalid.
    """

    host: str = setting("127.0.0.1", "address to listen on")
    port: int = setting(8080, "port to listen on; 0 for any that is free", 0, 65535)
    tokens: str = setting("", "file of the accepted tokens; without one no token is needed")
    without_tokens: bool = setting(False, "accept other machines without tokens")
    names: str = setting("", "accepted host names, with commas; by default any, or those of this machine on loopback")
    queue: int = setting(2_000, "articles that may wait to be written; then 429", 1, 1_000_000)
    group: int = setting(50, "articles of one transaction at most", 1, 1_000)
    readers: int = setting(4, "threads for requests that only read", 1, 64)
    waiting: int = setting(128, "requests that may wait for a reader; then 429", 1, 100_000)
    connections: int = setting(1_000, "connections at a time; then 429", 1, 100_000)
    body: int = setting(16_000_000, "bytes of a body, decompressed", 1_000, 2**40)
    stream: int = setting(4_000_000_000, "bytes of a body of lines, decompressed", 1_000, 2**50)
    text: int = setting(200_000, "characters of a text", 1, 10_000_000)
    batch: int = setting(1_000, "articles in one JSON body", 1, 100_000)
    head: int = setting(32_768, "bytes of a request's line and headers", 1_024, 1_048_576)
    head_time: float = setting(10.0, "seconds for a request's line and headers", 0.1, 3_600)
    body_time: float = setting(60.0, "seconds for a body", 0.1, 86_400)
    idle_time: float = setting(15.0, "seconds between pieces of a body, and for a client to read a piece", 0.1, 3_600)
    answer_time: float = setting(30.0, "seconds for an answer", 0.1, 86_400)
    news_time: float = setting(30.0, "seconds that a request may wait for changes at most", 0.01, 3_600)
    listeners: int = setting(200, "clients that listen to changes at a time; then 429", 1, 100_000)
    listen_time: float = setting(3_600.0, "seconds after which a listening client has to connect again", 0.1, 86_400)
    stop_time: float = setting(30.0, "seconds to finish running requests when the service stops", 0.1, 86_400)

    def __post_init__(self) -> None:
        if faults := validate(self):
            raise SettingsError(faults)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_loopback(self.host)

    @property
    def hosts(self) -> frozenset[str]:
        """The host names that a request may have; empty if it may have any."""
        named = frozenset(name.strip().lower() for name in self.names.split(",") if name.strip())
        return named or (frozenset({"localhost", "127.0.0.1", "::1", self.host.lower()}) if self.loopback else named)


def is_loopback(host: str) -> bool:
    """Return whether an address is a loopback address."""
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
    """Return the settings in effect.

    Args:
        flags: values of highest precedence, by the name of the setting.
        limits: values of `--limit`, which flags override.
        file, folder, environment: see `dedup.configure`.

    Raises:
        SettingsError: see `dedup.config.configure_section`.
    """
    options = [(name, value, f"--limit {name}") for name, value in (limits or {}).items()]
    options += [(name, value, f"--{name.replace('_', '-')}") for name, value in (flags or {}).items()]
    return configure_section(ServiceSettings, "serve", options, file=file, folder=folder, environment=environment)
