"""The service as a process, which finishes running requests before it ends."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import uvicorn

from dedup.errors import SettingsError
from dedup.index import StoryIndex
from dedup.service.app import inner_application
from dedup.service.middleware import ServiceMiddleware
from dedup.service.protocol_limits import limited_protocol
from dedup.service.settings import ServiceSettings
from dedup.service.state import State
from dedup.service.tokens import Authenticator

SWITCH_INTERVAL = 0.001
"""Seconds before Python switches threads; the default, five times as long, would delay requests."""


def check_exposure(settings: ServiceSettings) -> None:
    """Refuse to be reachable from other machines without tokens, unless the settings allow it.

    Raises:
        SettingsError: they do not.
    """
    if not (settings.loopback or settings.tokens or settings.without_tokens):
        what = f"{settings.host} can be reached by others, and there are no tokens"
        raise SettingsError([f"{what}: name a file of them (--tokens), or say --without-tokens"])


def authenticator_for(settings: ServiceSettings) -> Authenticator:
    """Return the authentication of requests.

    Raises:
        SettingsError, OSError: the file of tokens cannot be used.
    """
    return Authenticator(Path(settings.tokens) if settings.tokens else None)


def listen(settings: ServiceSettings) -> socket.socket:
    """Return a listening socket.

    Raises:
        OSError: the address cannot be bound.
    """
    listening: socket.socket | None = None
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(found[0], socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(1024)
    except OSError as error:
        if listening is not None:
            listening.close()
        place = f"{settings.host} port {settings.port}"
        raise OSError(error.errno, f"cannot listen on {place}: {error.strerror or error}") from error
    return listening


def run(
    index: StoryIndex,
    settings: ServiceSettings,
    authenticator: Authenticator,
    listening: socket.socket,
    on_started: Callable[[str], None],
) -> None:
    """Serve an index until SIGTERM or SIGINT, and finish running requests first.

    Args:
        index: the index, opened to write; the caller closes it.
        settings: limits and addresses.
        authenticator: checks tokens.
        listening: a socket from `listen`.
        on_started: called with the address once the service answers.
    """
    state = State(index, settings, authenticator)
    config = uvicorn.Config(
        ServiceMiddleware(inner_application(state), state),
        http=limited_protocol(settings.head, settings.head_time, settings.idle_time, settings.connections),
        ws="none",
        loop="uvloop" if find_spec("uvloop") else "asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=round(settings.stop_time) or 1,
    )
    server = _Server(config, state, on_started, _address(settings, listening))
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        server.run([listening])
    finally:
        sys.setswitchinterval(before)


class _Server(uvicorn.Server):
    """uvicorn's server, which announces its shutdown to the state and restores signal handlers."""

    def __init__(self, config: uvicorn.Config, state: State, on_started: Callable[[str], None], address: str) -> None:
        super().__init__(config)
        self._state, self._on_started, self._address = state, on_started, address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started(self._address)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.stopping()
        await super().shutdown(sockets)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            await self._serve(sockets)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _address(settings: ServiceSettings, listening: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listening.getsockname()[1]}"
