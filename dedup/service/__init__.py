"""The story index behind HTTP: an API, pages to look at, and what operating it needs. Thin over `dedup.StoryIndex`.

`dedup serve` starts it (`run`); `application` is the same as an ASGI application, for tests and for other servers. The
packages it needs come with the extra `serve`, and nothing else in dedup imports them.
"""

from __future__ import annotations

from importlib.util import find_spec

from dedup.errors import MissingDependencyError

PACKAGES = ("fastapi", "uvicorn", "httptools", "prometheus_client")
"""What the service is made with."""


def require_packages() -> None:
    """Says which package is missing, and the command that installs it.

    Raises:
        MissingDependencyError: one is.
    """
    for name in PACKAGES:
        if find_spec(name) is None:
            raise MissingDependencyError("dedup serve", name.replace("_", "-"), extra="serve")
