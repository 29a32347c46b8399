"""uvicorn's HTTP protocol with limits that it lacks: size and time of the headers, time of a client to read an answer.

A request beyond a limit is answered with a problem.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dedup.service.problems import Problem, plain_answer, problem


def limited_protocol(head: int, head_time: float, idle_time: float, connections: int) -> type[HttpToolsProtocol]:
    """Return a protocol class with some limits.

    Args:
        head: bytes of a request's line and headers.
        head_time: seconds until they have arrived.
        idle_time: seconds for a client to read what was written; after that the connection is aborted.
        connections: connections at a time; further ones are refused with `Retry-After`.
    """

    class LimitedProtocol(HttpToolsProtocol):
        """One connection."""

        _head_timer: asyncio.TimerHandle | None = None
        _write_timer: asyncio.TimerHandle | None = None
        _reading_head = True  # between the start of a request and the end of its headers
        _head_bytes = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > connections:
                self._refuse(_too_many_connections())
                return
            self._start_head_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel_head_timer()
            self._cancel_write_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            if self._reading_head:
                self._head_bytes += len(data)
            super().data_received(data)
            if self._reading_head and self._head_bytes > head and not self.transport.is_closing():
                self._refuse(_head_too_large(head))

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._reading_head = True
            if self._head_timer is None:
                self._start_head_timer()

        def on_headers_complete(self) -> None:
            self._cancel_head_timer()
            self._reading_head, self._head_bytes = False, 0
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > head:
                self._refuse(_head_too_large(head))
                return
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            if not self.transport.is_closing():
                super().on_body(body)

        def on_message_complete(self) -> None:
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

        def _refuse(self, error: Problem) -> None:
            """Answer in place of the application and close: what follows cannot be parsed reliably."""
            self._cancel_head_timer()
            if self.transport.is_closing():
                return
            if self.cycle is None or self.cycle.response_complete:  # else another answer is being sent
                self.transport.write(plain_answer(error))
            self.transport.close()

    return LimitedProtocol


def _head_too_large(head: int) -> Problem:
    return problem("large-head", "request", f"its line and headers have more than {head:,} bytes", "send fewer of them")


def _too_many_connections() -> Problem:
    return problem("too-busy", "service", "there are too many connections", "come again after Retry-After", retry=1)
