"""The service as a process: it listens, and ends when it is told to, after what it has begun."""

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
from dedup.service.middleware import Entrance
from dedup.service.protocol_limits import door
from dedup.service.settings import ServiceSettings
from dedup.service.state import State
from dedup.service.tokens import Guard

SWITCH = 0.001
"""Seconds that one thread works before another may: by default five times as long, which a request would wait for."""


def check_reach(settings: ServiceSettings) -> None:
    """Refuses to be reached by others without knowing them.

    Raises:
        SettingsError: it would listen beyond this machine, without tokens, and was not told to.
    """
    if not (settings.loopback or settings.tokens or settings.without_tokens):
        told = f"{settings.host} can be reached by others, and there are no tokens"
        raise SettingsError([f"{told}: name a file of them (--tokens), or say --without-tokens"])


def guard_of(settings: ServiceSettings) -> Guard:
    """Who is let in.

    Raises:
        SettingsError, OSError: the file of tokens cannot be used.
    """
    return Guard(Path(settings.tokens) if settings.tokens else None)


def listen(settings: ServiceSettings) -> socket.socket:
    """A socket that listens.

    Raises:
        OSError: the address cannot be listened on.
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
    guard: Guard,
    listening: socket.socket,
    began: Callable[[str], None],
) -> None:
    """Serves an index until SIGTERM or SIGINT; what was begun is finished first.

    Args:
        index: opened to write; the caller closes it.
        settings: how it is run.
        guard: who is let in.
        listening: from `listen`.
        began: told the address once it answers.
    """
    state = State(index, settings, guard)
    config = uvicorn.Config(
        Entrance(inner_application(state), state),
        http=door(settings.head, settings.head_time, settings.idle_time, settings.connections),
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
    server = _Server(config, state, began, _address(settings, listening))
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        server.run([listening])
    finally:
        sys.setswitchinterval(before)


class _Server(uvicorn.Server):
    """uvicorn's server, which tells the state when it is to stop, and leaves the signals as they are."""

    def __init__(self, config: uvicorn.Config, state: State, began: Callable[[str], None], address: str) -> None:
        super().__init__(config)
        self._state, self._began, self._address = state, began, address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._began(self._address)

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
