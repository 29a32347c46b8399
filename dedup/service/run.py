"""The service as a process, which finishes running requests before it ends."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from dedup.errors import SettingsError
from dedup.index import StoryIndex
from dedup.service.app import inner_application
from dedup.service.forwarding import Forwarder
from dedup.service.middleware import ServiceMiddleware
from dedup.service.protocol_limits import limited_protocol
from dedup.service.read_file import ReadFile
from dedup.service.settings import ServiceSettings
from dedup.service.state import State
from dedup.service.tokens import Authenticator
from dedup.service.workers import Workers

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


def share(listening: socket.socket) -> socket.socket:
    """Return a socket that keeps the address of a listening one, on which processes of this user then listen.

    Each binds a socket of its own, see `bind_beside`, and the kernel gives it its share of the connections. With one
    socket for all, one process would accept most.

    Raises:
        OSError: another program has taken the address.
    """
    family, address = listening.family, listening.getsockname()
    listening.close()
    return bind_beside(family, address)


def bind_beside(family: int, address: Sequence[Any]) -> socket.socket:
    """Return a socket on an address that other processes of this user have too; `run` listens on it."""
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(tuple(address))
    return bound


def listen_in(folder: Path) -> socket.socket:
    """Return a listening Unix socket in a folder that only this user can enter."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(folder / "writer"))
    listening.listen(1024)
    return listening


def run(
    index: StoryIndex,
    settings: ServiceSettings,
    authenticator: Authenticator,
    listening: socket.socket,
    on_started: Callable[[], None],
    *,
    copies: ReadFile | None = None,
    writer: Path | None = None,
    workers: Workers | None = None,
) -> None:
    """Serve an index until SIGTERM or SIGINT, and finish running requests first.

    Args:
        index: the index; the caller closes it.
        settings: limits and addresses.
        authenticator: checks tokens.
        listening: a socket from `listen` or `bind_beside`.
        on_started: called once the service answers, by another thread if `workers` do.
        copies: the file of the index if it is only read.
        writer: path of the Unix socket of the process that writes, to which writes are forwarded; None to refuse them.
        workers: processes that read, which are started with this one and end before it.
    """
    state = State(index, settings, authenticator, copies, load_first=writer is not None)
    inner: ASGIApp = inner_application(state)
    config = uvicorn.Config(
        ServiceMiddleware(Forwarder(inner, writer) if writer else inner, state),
        http=limited_protocol(settings.head, settings.head_time, settings.idle_time, settings.connections),
        ws="none",
        loop="uvloop" if find_spec("uvloop") else "asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=workers is not None,  # which then are its only clients
        forwarded_allow_ips="*",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=round(settings.stop_time) or 1,
    )
    server = _Server(config, state, on_started, workers)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        server.run([listening])
    finally:
        if workers is not None:
            workers.stop()
        sys.setswitchinterval(before)


class _Server(uvicorn.Server):
    """uvicorn's server, which announces its shutdown to the state, ends workers first, and restores signal handlers."""

    def __init__(
        self, config: uvicorn.Config, state: State, on_started: Callable[[], None], workers: Workers | None
    ) -> None:
        super().__init__(config)
        self._state, self._on_started, self._workers = state, on_started, workers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._workers is not None:
            self._workers.start(self._on_started)
        else:
            self._on_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._workers is None:
            super().handle_exit(sig, frame)
        else:  # their requests still need this process
            self._workers.stop_before(partial(super().handle_exit, sig, frame))

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


def address_of(settings: ServiceSettings, listening: socket.socket) -> str:
    """Return the address of a listening socket, for a browser."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listening.getsockname()[1]}"
