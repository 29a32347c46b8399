"""Middleware around every request: its id, checks of host and origin, response headers, metrics, log."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
import traceback
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dedup.service.bodies import Disconnected
from dedup.service.problems import MEDIA_TYPE, Problem, internal_error, problem
from dedup.service.state import State

ADDRESS = 16_384
"""Bytes of a path and its query at most."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Headers of every answer, unless it sets them itself."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s@:/?#\\\[\]]+)(?::[0-9]{0,5})?")
_DRAINED, _DRAIN_TIME = 64_000_000, 2.0
_SAFE = ("GET", "HEAD", "OPTIONS")

_NO_ERROR = frozenset(("starting", "stopping"))
"""Problems with a status of 5xx that say that the service does as it should."""
_log = logging.getLogger(__name__)


class ServiceMiddleware:
    """An ASGI middleware around the application of a service."""

    def __init__(self, inner: ASGIApp, state: State) -> None:
        self._inner, self._state = inner, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        running = self._state.metrics.running
        running.inc()
        try:
            await self._respond(exchange)
        finally:
            running.dec()
            self._record(exchange)

    async def _respond(self, exchange: _Exchange) -> None:
        try:
            _check_request(exchange.scope, self._state)
            await self._inner(exchange.scope, exchange.receive, exchange.send)
        except Problem as error:
            await exchange.send_problem(error)
        except Disconnected:
            exchange.disconnected = True
        except Exception as error:
            _log.error("a fault in request %s: %s", exchange.id, _traceback(error))
            if exchange.status is None:
                await exchange.send_problem(internal_error())
            elif not exchange.complete:
                raise  # closes the connection, so that the client notices the truncated answer

    def _record(self, exchange: _Exchange) -> None:
        """Count and log a request. Of what the client sent, only method and path are logged."""
        scope, seconds = exchange.scope, time.perf_counter() - exchange.begun
        if scope["state"].get("forwarded"):
            return  # the process that answered it does
        route = getattr(scope.get("route"), "path_format", None) or "other"
        method = scope["method"] if scope["method"] in {*_SAFE, "POST", "PUT", "DELETE", "PATCH"} else "OTHER"
        status = 499 if exchange.status is None else exchange.status
        metrics = self._state.metrics
        metrics.requests.labels(method, route, str(status)).inc()
        metrics.seconds.labels(route).observe(seconds)
        if kind := scope["state"].get("problem"):
            metrics.refused.labels(kind).inc()
        level = logging.ERROR if status >= 500 and scope["state"].get("problem") not in _NO_ERROR else logging.INFO
        if not _log.isEnabledFor(level):
            return
        path = scope["path"][:200]
        details = {
            "request": exchange.id,
            "method": method,
            "path": path,
            "route": route,
            "status": status,
            "milliseconds": round(1000 * seconds, 2),
            "bytes": exchange.sent,
            "client": (scope.get("client") or ("",))[0],
            "token": scope["state"].get("token", ""),
            "problem": scope["state"].get("problem", ""),
            "cut": exchange.disconnected,
        }
        message = f"{method} {path} {status} in {1000 * seconds:.1f} ms, request {exchange.id}"
        _log.log(level, "%s", message, extra={"details": details})


class _Exchange:
    """A request and the state of its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun = time.perf_counter()
        self.scope, self._receive, self._send = scope, receive, send
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        self.id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope["state"] = {**scope.get("state", {}), "request_id": self.id}
        self.status: int | None = None
        self.complete = self.disconnected = False
        self.sent = 0
        self._body_read = not any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])
        self._closing = False

    async def receive(self) -> Message:
        try:
            message = await self._receive()
        except RuntimeError:  # uvloop: the connection was closed meanwhile
            message = {"type": "http.disconnect"}
        if message["type"] == "http.request" and not message.get("more_body", False):
            self._body_read = True
        elif message["type"] == "http.disconnect":
            self._body_read = self.disconnected = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._headers(message)}
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            if not message.get("more_body", False):
                if self._closing:
                    await self._send({**message, "more_body": True})
                    await self._drain()
                    message = {"type": "http.response.body", "body": b"", "more_body": False}
                self.complete = True
        try:
            await self._send(message)
        except RuntimeError:  # uvloop: the connection was closed meanwhile
            self.disconnected = True

    async def send_problem(self, error: Problem) -> None:
        """Answer with a problem, unless an answer was begun."""
        if self.status is not None:
            return
        self.scope["state"]["problem"] = error.kind
        body = error.body(self.id)
        headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
        headers += [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def _headers(self, message: Message) -> list[tuple[bytes, bytes]]:
        given = list(message.get("headers", ()))
        names = {name for name, _ in given}
        given += [one for one in HEADERS if one[0] not in names]
        given.append((b"x-request-id", self.id.encode("ascii")))
        if not self._body_read:  # what is left of the body must not be read as another request
            self._closing = True
            given.append((b"connection", b"close"))
        return given

    async def _drain(self) -> None:
        """Read the rest of the body for a moment: closing a connection with unread data may lose the answer."""
        left, until = _DRAINED, time.monotonic() + _DRAIN_TIME
        with suppress(TimeoutError):
            while left > 0 and not self._body_read and (time_ := until - time.monotonic()) > 0:
                async with asyncio.timeout(time_):
                    message = await self.receive()
                left -= len(message.get("body", b""))


def _check_request(scope: Scope, state: State) -> None:
    """Refuse requests that no route should handle.

    Raises:
        Problem: the address is too long, the host is not one of the service's names, or a page of another site sends a
            request that may change something.
    """
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > ADDRESS:
        what = f"path and query have more than {ADDRESS:,} bytes"
        raise problem("long-address", "path", what, "use ids of at most 512 characters")
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1 or (hosts and hosts[0] and not _HOST.fullmatch(hosts[0])):
        what = "it is given twice" if len(hosts) > 1 else f"{hosts[0][:100]!r} is no host name"
        raise problem("wrong-host", "Host", what, "give it once, as NAME or NAME:PORT")
    headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _CHECKED_HEADERS}
    host = headers.get(b"host", "")
    allowed = state.settings.hosts
    if allowed and _host_name(host) not in allowed:
        what = f"{host[:100]!r} is not a name of this service"
        raise problem("wrong-host", "Host", what, "call it by its address, or start it with --names")
    if scope["method"] in _SAFE:
        return
    origin = headers.get(b"origin", "")
    foreign = headers.get(b"sec-fetch-site", "none") not in {"none", "same-origin"}
    if foreign or (origin and _origin_host(origin) != host.lower()):
        remedy = "ask from this service's own pages, or from a program"
        raise problem("foreign-page", "Origin", "a page of another site asks for a change", remedy)


_CHECKED_HEADERS = (b"host", b"origin", b"sec-fetch-site")


def _traceback(error: BaseException) -> str:
    """Return the traceback of an error."""
    return "".join(traceback.format_exception(error))


def _origin_host(origin: str) -> str:
    """Return host and port of an origin, "" if it has none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _host_name(host: str) -> str:
    """Return a host without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
