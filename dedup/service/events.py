"""Changes as server-sent events: `GET /v1/changes/stream`.

All listeners share the latest changes, which are read and written as text once after each write. A listener that is
further behind reads the store itself until it has caught up. A listener that does not read is closed by its connection,
see `protocol_limits`; the number of listeners is bounded.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from dedup.formats.json_text import json_text
from dedup.index import Change, StoryIndex
from dedup.service import response_models as models
from dedup.service.access import is_still_allowed, requirements
from dedup.service.problems import Problem, problem
from dedup.service.state import State, happens
from dedup.service.stories_api import changes_after

KEPT = 2_000
"""Changes that listeners share."""
_PAGE = 500
_RETRY = 2_000
"""Milliseconds after which a client connects again."""
_BUSY = 0.5

Event = tuple[int, bytes]
"""Cursor and text of a change."""


class Latest:
    """The latest changes as events, read once for all listeners."""

    def __init__(self, state: State) -> None:
        self._state, self._lock = state, asyncio.Lock()
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._start = -1  # the cursor before the first event
        self._read: asyncio.Event | None = None

    async def after(self, cursor: int) -> list[Event]:
        """Return events after a cursor, in order: some if there are any.

        Raises:
            Problem: the changes after it are not known, or the readers are too busy.
        """
        async with self._lock:
            if self._read is not self._state.written:
                await self._refresh()
        if self._start <= cursor <= self._end:
            missed = self._end - cursor
            return [*self._events][len(self._events) - missed :] if missed else []
        return await self._from_store(cursor)

    @property
    def _end(self) -> int:
        return self._events[-1][0] if self._events else self._start

    async def _refresh(self) -> None:
        """Read what was written since."""
        written = self._state.written
        if self._start < 0:
            self._start = await self.last()
        while found := await self._changes(self._end):
            if any(change.kind in {"removed", "refreshed"} for change in found):
                self._events.clear()  # `erase` takes ids out of earlier changes
                self._start = found[0].cursor - 1
            for event in map(_event, found):
                if len(self._events) == KEPT:
                    self._start = self._events[0][0]
                self._events.append(event)
            if len(found) < _PAGE:
                break
        self._read = written

    async def last(self) -> int:
        """Return the cursor of the last change."""
        return int((await self._state.read(StoryIndex.stats))["changes"])

    async def _changes(self, cursor: int) -> list[Change]:
        return await self._state.read(changes_after, cursor, _PAGE)

    async def _from_store(self, cursor: int) -> list[Event]:
        return [_event(change) for change in await self._changes(cursor)]


class _Listening(StreamingResponse):
    """An answer that is counted until it ends."""

    def __init__(self, listening: set[object], *args: Any) -> None:
        super().__init__(*args)
        self._listening = listening
        listening.add(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._listening.discard(self)


def event_routes(state: State) -> APIRouter:
    """Return the route."""
    latest, settings = Latest(state), state.settings
    routes = APIRouter(prefix="/v1", tags=["stories"], dependencies=requirements(state, "read"))
    listening: set[object] = set()

    async def events(request: Request, cursor: int, first: list[Event]) -> AsyncIterator[bytes]:
        yield f"retry: {_RETRY}\n: cursor {cursor}\n\n".encode()
        until = time.monotonic() + settings.listen_time
        found = first
        while not state.unready and time.monotonic() < until:
            written = state.written
            if not found:
                try:
                    found = await latest.after(cursor)
                except Problem as error:
                    if error.kind == "cursor-lost":
                        yield b"event: lost\ndata: {}\n\n"
                        return
                    await asyncio.sleep(_BUSY)
                    continue
            if found:
                cursor = found[-1][0]
                yield b"".join(text for _, text in found)
                found = []
            elif not await happens(written, min(settings.news_time, max(0.0, until - time.monotonic()))):
                if not is_still_allowed(state, request):
                    return
                yield b": still here\n\n"

    @routes.get(
        "/changes/stream",
        operation_id="changes_stream",
        summary="The changes after a cursor as server-sent events, and then each as it is made",
        description="Each event has the cursor of a change as its id, and the change as JSON. A browser that connects"
        " again sends the last id as `Last-Event-ID`. Comments are sent while nothing happens. An event `lost` says"
        " that changes after the cursor were forgotten.",
        response_model=None,
        response_class=StreamingResponse,
        responses={
            200: {"description": "The events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **models.problem_answers(401, 403, 410, 422),
        },
    )
    async def stream(
        request: Request,
        since: Annotated[
            int | None, Query(ge=0, le=2**62, description="The cursor of the last known change; by default the last.")
        ] = None,
        last_event_id: Annotated[
            str | None, Header(alias="Last-Event-ID", max_length=20, description="It goes before `since`.")
        ] = None,
    ) -> StreamingResponse:
        if len(listening) >= settings.listeners:
            what = f"{len(listening):,} clients listen already"
            raise problem("too-busy", "service", what, "come again after Retry-After, or ask /v1/changes", retry=10)
        cursor = since
        if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
            cursor = min(int(last_event_id), 2**62)
        if cursor is None:
            cursor = await latest.last()
        first = await latest.after(cursor)  # a lost cursor is answered before the stream begins
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return _Listening(listening, events(request, cursor, first), 200, headers, "text/event-stream")

    state.metrics.gauge("dedup_listeners", "Clients that listen to changes.", lambda: len(listening))
    return routes


def _event(change: Change) -> Event:
    return change.cursor, f"id: {change.cursor}\ndata: {json_text(change.to_record())}\n\n".encode()
