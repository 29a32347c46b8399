"""HTTP service of a story index: an API, pages, and endpoints for operation, all thin over `dedup.StoryIndex`.

`dedup serve` runs it (`run`); `application` returns it as an ASGI application, for tests and other servers. The
packages it needs come with the extra `serve`, and nothing else in dedup imports them.
"""

from __future__ import annotations

from importlib.util import find_spec

from dedup.errors import MissingDependencyError

PACKAGES = ("fastapi", "uvicorn", "httptools", "prometheus_client")
"""Packages that the service needs."""


def require_packages() -> None:
    """Check that the packages of the service are installed.

    Raises:
        MissingDependencyError: one is missing; the message has the command that installs it.
    """
    for name in PACKAGES:
        if find_spec(name) is None:
            raise MissingDependencyError("dedup serve", name.replace("_", "-"), extra="serve")
