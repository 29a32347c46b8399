"""uvicorn's protocol with what it leaves open: bounds to the size and time of a request's head, and to a client that
takes nothing of its answer; and problems.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dedup.service.problems import Problem, plain_answer, problem


def door(head: int, head_time: float, idle_time: float, connections: int) -> type[HttpToolsProtocol]:
    """The protocol for some limits.

    Args:
        head: bytes of a request's line and headers.
        head_time: seconds for them.
        idle_time: seconds for a client to take what was written; then it is cut off.
        connections: at a time; who comes then is told to come again.
    """

    class Door(HttpToolsProtocol):
        """One connection."""

        _late: asyncio.TimerHandle | None = None
        _stuck: asyncio.TimerHandle | None = None
        _reading = True  # the head of a request is awaited
        _count = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > connections:
                self._refuse(_crowded())
                return
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            self._taken()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            if self._reading:
                self._count += len(data)
            super().data_received(data)
            if self._reading and self._count > head and not self.transport.is_closing():
                self._refuse(_large(head))

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._reading = True
            if self._late is None:
                self._await_head()

        def on_headers_complete(self) -> None:
            self._forget()
            self._reading, self._count = False, 0
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > head:
                self._refuse(_large(head))
                return
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            if not self.transport.is_closing():
                super().on_body(body)

        def on_message_complete(self) -> None:
            if not self.transport.is_closing():
                super().on_message_complete()

        def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours
            remedy = "send HTTP/1.1, as RFC 9112 has it"
            self._refuse(problem("not-http", "request", "it cannot be read", remedy))

        def pause_writing(self) -> None:
            super().pause_writing()
            self._stuck = self.loop.call_later(idle_time, self.transport.abort)  # to close would wait for the client

        def resume_writing(self) -> None:
            self._taken()
            super().resume_writing()

        def _taken(self) -> None:
            if self._stuck is not None:
                self._stuck.cancel()
                self._stuck = None

        def _await_head(self) -> None:
            self._late = self.loop.call_later(head_time, self._too_late)

        def _forget(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _too_late(self) -> None:
            self._late = None
            what = f"the headers did not come within {head_time:g} s"
            self._refuse(problem("too-slow", "request", what, "send them at once"))

        def _refuse(self, error: Problem) -> None:
            """Answers in place of the application, and closes: nothing that follows can be trusted."""
            self._forget()
            if self.transport.is_closing():
                return
            if self.cycle is None or self.cycle.response_complete:  # else another answer is under way
                self.transport.write(plain_answer(error))
            self.transport.close()

    return Door


def _large(head: int) -> Problem:
    return problem("large-head", "request", f"its line and headers have more than {head:,} bytes", "send fewer of them")


def _crowded() -> Problem:
    return problem("too-busy", "service", "there are too many connections", "come again after Retry-After", retry=1)
