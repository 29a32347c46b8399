"""The pages: one shell without any data, its style and scripts, and the OpenAPI document.

The shell asks the API for what it shows, with the token of whoever looks; so it can be given to everybody. Its policy
allows its own style and scripts, and requests to this service, and nothing else; markup cannot be made from strings.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

import dedup
from dedup.report.html import environment
from dedup.service.articles_api import answer

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The content security policy of the pages."""
ASSETS = {
    "page.css": ("dedup.report.html", "text/css"),
    "icon.svg": ("dedup.service", "image/svg+xml"),
    "service.css": ("dedup.service", "text/css"),
    "shown.js": ("dedup.report.html", "text/javascript"),
    "service.js": ("dedup.service", "text/javascript"),
    "views.js": ("dedup.service", "text/javascript"),
}
"""By name the package that has it in its templates, and its kind."""


def page_routes(document: Callable[[], dict[str, Any]]) -> APIRouter:
    """The routes. They need no token, for there is nothing in what they give but the program.

    Args:
        document: gives the OpenAPI document.
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
        return answer(document())

    return routes
