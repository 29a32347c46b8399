"""Forwarding of requests from a process that reads to the one that writes, over a Unix socket.

Both directions flow at once, because the lines of a batch are answered while it is still being sent.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import h11
from starlette.types import ASGIApp, Receive, Scope, Send

from dedup.service.problems import problem

READS = frozenset({"/v1/match", "/v1/compare"})
"""Paths to which a POST changes nothing."""
OF_WRITER = ("/v1/jobs/", "/metrics")
"""Beginnings of paths that the writing process alone can answer."""
_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"te", b"upgrade", b"expect"})
"""Headers of a connection rather than of a request."""
_ID = b"x-request-id"
_CLIENT = b"x-forwarded-for"
_REPLACED = _HOP | {_ID, _CLIENT, b"x-forwarded-proto"}
"""Headers of a request that are not passed on as they are."""
_OWN = _HOP | {_ID, b"date"}
"""Headers that this process adds to an answer itself."""
_PIECE = 65_536


class Forwarder:
    """An ASGI application that answers reads by another one, and forwards the rest.

    Args:
        inner: the application that reads.
        writer: path of the Unix socket of the process that writes.
    """

    def __init__(self, inner: ASGIApp, writer: Path) -> None:
        self._inner, self._writer = inner, writer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            Problem: the process that writes cannot be reached.
        """
        if scope["type"] != "http" or not _is_write(scope["method"], scope["path"]):
            await self._inner(scope, receive, send)
            return
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._writer))
        except OSError:
            raise problem("starting", "service", "it cannot write yet", "send it again in a moment", retry=1) from None
        scope["state"]["forwarded"] = True
        exchange = _Exchange(reader, writer)
        body = asyncio.create_task(exchange.pass_request(scope, receive))
        try:
            await exchange.pass_answer(send)
        except (OSError, h11.RemoteProtocolError):
            if exchange.begun:
                raise  # the client must notice that the answer is cut
            what = "the process that writes ended during the request"
            raise problem("stopping", "service", what, "send it again in a moment", retry=1) from None
        finally:
            body.cancel()
            writer.transport.abort()
            with suppress(asyncio.CancelledError, OSError, h11.LocalProtocolError):
                await body
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _is_write(method: str, path: str) -> bool:
    if method in {"GET", "HEAD", "OPTIONS"}:
        return path.startswith(OF_WRITER)
    return path not in READS


class _Exchange:
    """One request and its answer on a connection of their own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1_000_000)
        self.begun = False

    async def pass_request(self, scope: Scope, receive: Receive) -> None:
        """Send head and body; a client that leaves ends the connection."""
        given = scope["headers"]
        headers = [(name, value) for name, value in given if name not in _REPLACED]
        if scope.get("client"):
            headers.append((_CLIENT, scope["client"][0].encode("ascii", "replace")))
        headers += [(b"connection", b"close"), (_ID, scope["state"]["request_id"].encode("ascii"))]
        sized = next((value for name, value in given if name == b"content-length"), None)
        if sized is not None:
            headers.append((b"content-length", sized))
        elif any(name == b"transfer-encoding" for name, _ in given):
            headers.append((b"transfer-encoding", b"chunked"))
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        request = h11.Request(method=scope["method"], headers=headers, target=scope["raw_path"] + query)
        await self._send(request)
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._writer.transport.abort()
                return
            if body := message.get("body", b""):
                await self._send(h11.Data(data=body))
            if not message.get("more_body", False):
                await self._send(h11.EndOfMessage())
                return

    async def pass_answer(self, send: Send) -> None:
        """Receive the answer and send it on as it comes, all but its end."""
        while True:
            event = self._connection.next_event()
            if event is h11.NEED_DATA:
                self._connection.receive_data(await self._reader.read(_PIECE))
            elif isinstance(event, h11.Response):
                self.begun = True
                headers = [one for one in event.headers if one[0] == b"content-length" or one[0] not in _OWN]
                await send({"type": "http.response.start", "status": event.status_code, "headers": headers})
            elif isinstance(event, h11.Data):
                await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
            elif isinstance(event, h11.EndOfMessage):
                return
            elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                raise h11.RemoteProtocolError("the connection was closed")

    async def _send(self, event: h11.Event) -> None:
        with suppress(ConnectionError):  # the answer tells why
            self._writer.write(self._connection.send(event) or b"")
            await self._writer.drain()
