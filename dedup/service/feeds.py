"""Stories as feeds: JSON Feed 1.1 and RSS 2.0, by the filters of `/v1/stories`."""

from __future__ import annotations

import hashlib
import re
from email.utils import format_datetime
from typing import Annotated, Any
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dedup.errors import UnknownArticleError
from dedup.formats.json_text import json_text
from dedup.index import StoryIndex
from dedup.index.growth import Growth
from dedup.index.store.records import moment
from dedup.inputs.collection import published_seconds
from dedup.results.clustering import Story
from dedup.service import response_models as models
from dedup.service.access import requirements
from dedup.service.state import State
from dedup.service.story_queries import Queried, StoryQuery

VERSION = "https://jsonfeed.org/version/1.1"
_SUMMARY = 300
"""Characters of the beginning of an article that an item has."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Limit = Annotated[int, Query(ge=1, le=200, description="Most stories.")]
Cursor = Annotated[str | None, Query(max_length=200, description="That of `next_url`.")]


def feed_routes(state: State) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/feeds", tags=["feeds"], dependencies=requirements(state, "read"))

    @routes.get(
        "/stories.json",
        operation_id="json_feed",
        summary="The stories as a JSON Feed",
        response_model=models.JsonFeed,
        responses={
            200: {"description": "JSON Feed 1.1.", "content": {"application/feed+json": {"schema": _JSON_FEED}}},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def json_feed(request: Request, query: Queried, limit: Limit = 50, cursor: Cursor = None) -> Response:
        items, following = await state.read(_items, query, cursor, limit)
        root = str(request.base_url)
        feed: dict[str, Any] = {
            "version": VERSION,
            "title": "Stories",
            "home_page_url": root,
            "feed_url": str(request.url),
            "items": [_json_item(root, *item) for item in items],
        }
        if following is not None:
            feed["next_url"] = str(request.url.include_query_params(cursor=following))
        return _answer(request, json_text(feed).encode(), "application/feed+json", json_text(feed["items"]).encode())

    @routes.get(
        "/stories.rss",
        operation_id="rss",
        summary="The stories as RSS",
        response_model=None,
        response_class=Response,
        responses={
            200: {"description": "RSS 2.0.", "content": {"application/rss+xml": {"schema": {"type": "string"}}}},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def rss(request: Request, query: Queried, limit: Limit = 50, cursor: Cursor = None) -> Response:
        items, _ = await state.read(_items, query, cursor, limit)
        body = _rss(str(request.base_url), items)
        return _answer(request, body, "application/rss+xml", body)

    return routes


_JSON_FEED = {"$ref": "#/components/schemas/JsonFeed"}

Item = tuple[Story, Growth, str, str]
"""A story, its growth, the address of its canonical article and the beginning of its text."""


def _items(index: StoryIndex, query: StoryQuery, cursor: str | None, limit: int) -> tuple[list[Item], str | None]:
    page = query.page(index, cursor, limit)
    items: list[Item] = []
    for story, growth in zip(page.stories, page.growth, strict=True):
        try:
            shown = index.article(story.canonical).article
        except UnknownArticleError:
            continue  # a writer has removed it since
        items.append((story, growth, shown.url, " ".join(shown.text.split())[:_SUMMARY]))
    return items, page.next


def _json_item(root: str, story: Story, growth: Growth, url: str, text: str) -> dict[str, Any]:
    item: dict[str, Any] = {"id": story.id, "url": _link(root, story)}
    if _is_web(url):
        item["external_url"] = url
    item |= {"title": story.title, "content_text": text or story.title}
    if story.start is not None:
        item["date_published"] = moment(published_seconds(story.start)).isoformat()
    if story.end is not None:
        item["date_modified"] = moment(published_seconds(story.end)).isoformat()
    details = {"size": len(story.articles), "storyline": story.storyline, "origins": story.origins.at_most}
    return {**item, "tags": [*story.sources], "_dedup": {**details, "growth": growth.to_record()}}


def _rss(root: str, items: list[Item]) -> bytes:
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")

    def put(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
        ET.SubElement(parent, name, attributes).text = _NOT_XML.sub("\ufffd", text)

    put(channel, "title", "Stories")
    put(channel, "link", root)
    put(channel, "description", "Stories of the index, with their growth.")
    for story, growth, url, text in items:
        item = ET.SubElement(channel, "item")
        put(item, "title", story.title)
        put(item, "link", url if _is_web(url) else _link(root, story))
        put(item, "guid", story.id, isPermaLink="false")
        sizes = f"{story.origins}; {growth.articles} in the last {growth.hours:g} hours."
        put(item, "description", f"{text}\n{sizes}" if text else sizes)
        if story.end is not None:
            put(item, "pubDate", format_datetime(moment(published_seconds(story.end))))
        for source in story.sources:
            put(item, "category", source)
    return bytes(ET.tostring(rss, encoding="utf-8", xml_declaration=True))


def _answer(request: Request, body: bytes, media_type: str, items: bytes) -> Response:
    """Return a feed, or 304 if the reader has its items already."""
    tag = f'"{hashlib.sha256(items).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)


def _link(root: str, story: Story) -> str:
    return f"{root}#story={story.id}"


def _is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))
