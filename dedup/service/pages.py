"""The pages: an HTML shell without data, its style sheets and scripts, and the OpenAPI document.

The shell needs no token: its scripts request the data from the API, with the token of the reader. Its content security
policy allows only its own style sheets and scripts and requests to this service, and no markup from strings.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

import dedup
from dedup.report.html import environment
from dedup.service.articles_api import json_response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Content security policy of the pages."""
ASSETS = {
    "page.css": ("dedup.report.html", "text/css"),
    "icon.svg": ("dedup.service", "image/svg+xml"),
    "service.css": ("dedup.service", "text/css"),
    "shown.js": ("dedup.report.html", "text/javascript"),
    "service.js": ("dedup.service", "text/javascript"),
    "views.js": ("dedup.service", "text/javascript"),
}
"""Package whose templates have an asset, and its media type, by name."""


def page_routes(document: Callable[[], dict[str, Any]]) -> APIRouter:
    """Return the routes, which need no token: they return parts of the program alone.

    Args:
        document: returns the OpenAPI document.
    """
    from jinja2 import ChoiceLoader, PackageLoader

    routes = APIRouter(include_in_schema=False)
    templates = environment()
    templates.loader = ChoiceLoader([PackageLoader("dedup.service"), PackageLoader("dedup.report.html")])
    shell = templates.get_template("service.html").render(version=dedup.__version__)
    headers = {"Content-Security-Policy": POLICY}
    sources = {
        name: (files(package) / "templates" / name).read_text(encoding="utf-8") for name, (package, _) in ASSETS.items()
    }

    @routes.get("/")
    async def page() -> Response:
        return Response(shell, 200, headers, "text/html")

    @routes.get("/assets/{name}")
    async def asset(name: str) -> Response:
        if name not in sources:
            from starlette.exceptions import HTTPException

            raise HTTPException(404)
        return Response(sources[name], 200, {"Cache-Control": "no-cache"}, ASSETS[name][1])

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        return json_response(document())

    return routes
