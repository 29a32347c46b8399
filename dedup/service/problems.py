"""Error answers: problem details (RFC 9457), whose errors name the field and the remedy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from dedup.formats.json_text import json_text

MEDIA_TYPE = "application/problem+json"

KINDS = {
    "not-http": (400, "The request is not HTTP"),
    "not-json": (400, "The body is not JSON"),
    "bad-encoding": (400, "The body is not packed as it says"),
    "wrong-host": (400, "This service is not called by that name"),
    "token-missing": (401, "A token is needed"),
    "token-wrong": (401, "The token is not known"),
    "token-weak": (403, "The token does not allow this"),
    "foreign-page": (403, "A page of another site may not do this"),
    "not-found": (404, "There is no such thing"),
    "wrong-method": (405, "That cannot be done with it"),
    "too-slow": (408, "The request came too slowly"),
    "read-only": (405, "This service only reads"),
    "cursor-lost": (410, "What changed after that cursor is not known"),
    "behind": (409, "The service does not have that change"),
    "too-large": (413, "The body is too large"),
    "long-address": (414, "The address is too long"),
    "wrong-kind": (415, "A body of that kind is not understood"),
    "invalid": (422, "Something in the request is not as it should be"),
    "too-busy": (429, "There is too much to do"),
    "large-head": (431, "The headers are too large"),
    "fault": (500, "The service has a fault"),
    "store": (503, "The store cannot be used"),
    "embedding": (503, "The embedding cannot be used"),
    "starting": (503, "The service is starting"),
    "stopping": (503, "The service is being stopped"),
    "took-too-long": (503, "It took too long"),
    "contradiction": (409, "An earlier decision says otherwise"),
    "old-version": (412, "Others have decided meanwhile"),
    "no-texts": (409, "The index keeps no texts"),
}
"""Every kind of problem by name: status and title."""
FAULTS = 20
"""Faults that a problem lists at most."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of a problem.

    Attributes:
        field: a field of the body ("text", "articles.3.id"), a parameter, a header, "body" or "service".
        problem: what is wrong with it.
        remedy: what to do about it.
    """

    field: str
    problem: str
    remedy: str


class Problem(Exception):
    """An error answer, raised where a request cannot be answered.

    Args:
        kind: one of `KINDS`.
        faults: its errors, the most important first.
        retry: seconds after which to try again, None if that would not help.
        headers: further headers of the answer.
    """

    def __init__(
        self, kind: str, *faults: Fault, retry: float | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.kind, self.faults = kind, faults
        self.status, self.title = KINDS[kind]
        self.headers = dict(headers or {})
        if retry is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry)))
        super().__init__(self.title)

    def to_record(self, instance: str = "") -> dict[str, Any]:
        """Return the problem as a mapping ready for JSON; `instance` is the id of the request."""
        detail = "; ".join(f"{fault.field}: {fault.problem}" for fault in self.faults[:5])
        found: dict[str, Any] = {
            "type": f"urn:story-dedup:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": f"{detail}." if detail else f"{self.title}.",
            "errors": [
                {"field": fault.field, "problem": fault.problem, "remedy": fault.remedy} for fault in self.faults
            ],
        }
        if instance:
            found["instance"] = f"urn:story-dedup:request:{instance}"
        return found

    def body(self, instance: str = "") -> bytes:
        """Return the problem as JSON in UTF-8."""
        return json_text(self.to_record(instance)).encode()


def problem(kind: str, field: str, what: str, remedy: str, **options: Any) -> Problem:
    """Return a problem with one fault."""
    return Problem(kind, Fault(field, what, remedy), **options)


def internal_error() -> Problem:
    """Return the answer to an unexpected error; details go to the log only."""
    return problem("fault", "service", "it could not answer this", "tell who runs it the request's id")


def plain_answer(found: Problem) -> bytes:
    """Return an answer of HTTP/1.1 as bytes, for a connection without a parsed request."""
    body = found.body()
    lines = [
        f"HTTP/1.1 {found.status} {HTTPStatus(found.status).phrase}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        *(f"{name}: {value}" for name, value in found.headers.items()),
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body
