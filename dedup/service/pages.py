"""The page: an HTML shell without data, its style sheet and script, and the OpenAPI document.

Shell, style and scripts are those of the page that `--format html` writes; the script that takes the stories from the
API replaces the one that takes them from the file. The shell needs no token: its script requests the data with the
token of the reader. Its content security policy allows only its own style sheet and script and requests to this
service, and no markup from strings.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

import dedup
from dedup.report.html import environment, page_script, template_source
from dedup.service.articles_api import json_response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Content security policy of the pages."""


def page_routes(document: Callable[[], dict[str, Any]]) -> APIRouter:
    """Return the routes, which need no token: they return parts of the program alone.

    Args:
        document: returns the OpenAPI document.
    """
    routes = APIRouter(include_in_schema=False)
    empty: dict[str, Any] = {"made": "", "skipped": (), "stories": (), "leads": ()}
    template = environment().get_template("page.html")
    shell = template.render(live=True, title="Stories", version=dedup.__version__, **empty)
    headers = {"Content-Security-Policy": POLICY}
    own = files("dedup.service") / "templates"
    assets = {
        "icon.svg": ((own / "icon.svg").read_text(encoding="utf-8"), "image/svg+xml"),
        "page.css": (template_source("page.css"), "text/css"),
        "page.js": (page_script((own / "service.js").read_text(encoding="utf-8")), "text/javascript"),
    }

    @routes.get("/")
    async def page() -> Response:
        return Response(shell, 200, headers, "text/html")

    @routes.get("/assets/{name}")
    async def asset(name: str) -> Response:
        if name not in assets:
            from starlette.exceptions import HTTPException

            raise HTTPException(404)
        text, media_type = assets[name]
        return Response(text, 200, {"Cache-Control": "no-cache"}, media_type)

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        return json_response(document())

    return routes
