"""uvicorn's HTTP protocol with limits that it lacks: headers, trailers, slow clients, the host of an absolute target.

A request beyond a limit is answered with a problem.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dedup.service.problems import Problem, plain_answer, problem

_PIPELINED = 100
"""Requests that a connection may send before the first of them is answered."""
_PIECE = 8
"""Bytes of a piece of a body on average, beside as many bytes of smaller ones as a head may have."""


def limited_protocol(head: int, head_time: float, idle_time: float, connections: int) -> type[HttpToolsProtocol]:
    """Return a protocol class with some limits.

    Args:
        head: bytes of a request's line and headers, and of what surrounds the chunks of its body.
        head_time: seconds until they have arrived.
        idle_time: seconds for a client to read what was written; after that the connection is aborted.
        connections: connections at a time; beyond them the one that has waited longest for its client is closed, or the
            new one, if all are being answered.
    """

    class LimitedProtocol(HttpToolsProtocol):
        """One connection."""

        _head_timer: asyncio.TimerHandle | None = None
        _write_timer: asyncio.TimerHandle | None = None
        _reading_head = True  # between the start of a request and the end of its headers
        _head_bytes = 0
        _framing_bytes = 0  # since the last byte of a body: sizes and extensions of chunks, trailers
        _spare_bytes = 0  # of the body, beyond `_PIECE` for each piece
        _heard = 0.0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._heard = self.loop.time()
            if len(self.connections) > connections:
                others = (one for one in self.connections if isinstance(one, LimitedProtocol) and one._waits())
                slowest = min(others, key=lambda one: one._heard, default=self)
                slowest._refuse(_too_many_connections())
                if slowest is self:
                    return
            self._start_head_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel_head_timer()
            self._cancel_write_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            self._heard = self.loop.time()
            if self._reading_head:
                self._head_bytes += len(data)
                if self._head_timer is None and (self.cycle is None or self.cycle.response_complete):
                    # empty lines between requests keep a connection no longer
                    self._start_head_timer()
            else:
                self._framing_bytes += len(data)
            super().data_received(data)
            if (self._head_bytes if self._reading_head else self._framing_bytes) > head:
                self._refuse(_head_too_large(head))

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._reading_head:  # not a trailer, which would become a header of a request that was checked
                super().on_header(name, value)

        def on_message_begin(self) -> None:
            if self.transport.is_closing():
                return
            super().on_message_begin()
            self._reading_head = True
            if self._head_timer is None:
                self._start_head_timer()

        def on_headers_complete(self) -> None:
            self._cancel_head_timer()
            if self.transport.is_closing():
                return
            self._reading_head, self._head_bytes, self._framing_bytes, self._spare_bytes = False, 0, 0, 0
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > head:
                self._refuse(_head_too_large(head))
                return
            if not self.url.startswith(b"/") and not _is_own(self.url, self.headers):
                what = "its target is an address of another host than the header Host"
                self._refuse(problem("wrong-host", "request", what, "send the path alone"))
                return
            if len(self.pipeline) >= _PIPELINED:
                what = f"{_PIPELINED} requests before it are not answered"
                self._refuse(problem("too-busy", "request", what, "wait for answers before sending more", retry=1))
                return
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            if self.transport.is_closing():
                return
            self._framing_bytes = 0
            self._spare_bytes += len(body) - _PIECE
            if self._spare_bytes < -head:
                remedy = f"send pieces of at least {_PIECE} bytes"
                self._refuse(problem("too-slow", "body", "it comes in too many small pieces", remedy))
                return
            super().on_body(body)

        def on_message_complete(self) -> None:
            self._reading_head, self._head_bytes = True, 0  # of the next request
            if not self.transport.is_closing():
                super().on_message_complete()

        def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text is not used
            remedy = "send HTTP/1.1, as RFC 9112 has it"
            self._refuse(problem("not-http", "request", "it cannot be read", remedy))

        def pause_writing(self) -> None:
            super().pause_writing()
            self._write_timer = self.loop.call_later(idle_time, self.transport.abort)  # `close` would wait

        def resume_writing(self) -> None:
            self._cancel_write_timer()
            super().resume_writing()

        def _cancel_write_timer(self) -> None:
            if self._write_timer is not None:
                self._write_timer.cancel()
                self._write_timer = None

        def _start_head_timer(self) -> None:
            self._head_timer = self.loop.call_later(head_time, self._head_timed_out)

        def _cancel_head_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _head_timed_out(self) -> None:
            self._head_timer = None
            what = f"the headers did not come within {head_time:g} s"
            self._refuse(problem("too-slow", "request", what, "send them at once"))

        def _waits(self) -> bool:
            """Return whether it is the client's turn to send or to read something."""
            if self.transport.is_closing():
                return False
            answered = self.cycle is None or self.cycle.response_complete
            uploads = not answered and self.cycle.more_body and not self.flow.read_paused
            return answered or uploads or self._write_timer is not None

        def _refuse(self, error: Problem) -> None:
            """Answer in place of the application and close: what follows cannot be parsed reliably."""
            self._cancel_head_timer()
            if self.transport.is_closing():
                return
            if self.cycle is None or self.cycle.response_complete:  # else another answer is being sent
                self.transport.write(plain_answer(error))
            self.transport.close()

    return LimitedProtocol


def _is_own(url: bytes, headers: list[tuple[bytes, bytes]]) -> bool:
    """Return whether an absolute target has the host of the header."""
    try:
        address = urlsplit(url.decode("ascii"))
    except ValueError:
        return False
    hosts = [value.decode("latin-1").strip().lower() for name, value in headers if name == b"host"]
    return address.scheme in {"http", "https"} and [address.netloc.lower()] == hosts


def _head_too_large(head: int) -> Problem:
    return problem("large-head", "request", f"its line and headers have more than {head:,} bytes", "send fewer of them")


def _too_many_connections() -> Problem:
    return problem("too-busy", "service", "there are too many connections", "come again after Retry-After", retry=1)
