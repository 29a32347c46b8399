"""Routes of stories: pages, timelines, versions, explanations, search and changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from dedup.article import Article
from dedup.errors import CursorError, InputError, UnknownArticleError
from dedup.formats.json_text import finite, json_text
from dedup.index import Change, IndexedArticle, StoryIndex
from dedup.index.growth import GROWTH_HOURS, Growth
from dedup.inputs.collection import published_seconds
from dedup.pipeline import cluster
from dedup.report.html.payload import article_columns
from dedup.results.clustering import Clustering, CopyGroup, Explanation, Story
from dedup.results.provenance import Provenance, trace
from dedup.service import response_models as models
from dedup.service.access import requirements
from dedup.service.articles_api import ArticleIdQuery, json_response
from dedup.service.bodies import JSON, json_body, require_media_type
from dedup.service.problems import problem
from dedup.service.request_models import ID, WORDS_PATTERN, request_body
from dedup.service.state import State
from dedup.service.story_queries import GrowthHours, Queried

MOST = 1_000
"""Stories, changes or articles in one answer at most."""
NEWEST = 10_000
"""Articles of an overview, the last added ones; the rest of their stories comes with them."""
_GROWTH_KEPT = 600.0
"""Seconds for which growth is taken as it was."""
VERSIONS = 40
"""Articles of a copy group that are compared at most, the first ones."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="Most entries of the answer.")]
StoryId = Annotated[
    str, Path(min_length=1, max_length=ID, description="The id of the story, or of one that was merged into it.")
]


def story_routes(state: State) -> APIRouter:
    """Return the routes."""
    settings, bodies = state.settings, state.request_models
    newest = Newest()
    routes = APIRouter(prefix="/v1", tags=["stories"], dependencies=requirements(state, "read"))

    @routes.get(
        "/stories",
        operation_id="stories",
        summary="The stories, the last changed first, or by size, date or growth",
        response_model=models.Stories,
        responses={
            200: {
                "description": "A page of stories.",
                "links": {
                    "next": {"operationId": "stories", "parameters": {"cursor": "$response.body#/next"}},
                    "story": {"operationId": "story", "parameters": {"id": "$response.body#/stories/0/id"}},
                },
            },
            **models.problem_answers(401, 403, 422),
        },
    )
    async def stories(
        query: Queried,
        cursor: Annotated[str | None, Query(max_length=200, description="`next` of the previous page.")] = None,
        limit: Limit = 50,
    ) -> Response:
        found = await state.read(query.page, cursor, limit)
        records = map(_story_record, found.stories, found.growth)
        return json_response({"stories": [*records], "next": found.next})

    @routes.get(
        "/overview",
        operation_id="overview",
        summary="The stories of the articles that were added last, as columns: what the pages list",
        response_model=models.Overview,
        responses={
            200: {"description": "Articles by column, and stories whose articles are places in these columns."},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def overview() -> Response:
        return Response(await state.read_slowly(newest), 200, media_type="application/json")

    @routes.get(
        "/stories/{id:path}/articles",
        operation_id="timeline",
        summary="The articles of a story, in the order of publication, without their texts",
        response_model=models.Timeline,
        responses={
            200: {"description": "The articles."},
            **models.problem_answers(401, 403, 404, 422),
        },
    )
    async def timeline(id: StoryId, limit: Limit = 200) -> Response:
        total, held = await state.read(_held, id, limit)
        return json_response({"articles": [head_record(one) for one in held], "total": total})

    @routes.get(
        "/stories/{id:path}/versions",
        operation_id="versions",
        summary="The copies in a story: the likely original of each group, and what each version cut and added",
        response_model=models.Versions,
        responses={
            200: {"description": "The groups."},
            **models.problem_answers(401, 403, 404, 409, 422),
        },
    )
    async def versions(id: StoryId) -> Response:
        found = await state.read_slowly(_versions, id)
        return json_response({"groups": [asdict(one) for one in found]})

    @routes.get(
        "/stories/{id:path}",
        operation_id="story",
        summary="A story",
        description="The id of a story that was merged into another returns that one.",
        response_model=models.Story,
        responses={
            200: {"description": "The story.", "links": _ARTICLE},
            **models.problem_answers(401, 403, 404, 422),
        },
    )
    async def story(id: StoryId, growth_hours: GrowthHours = GROWTH_HOURS) -> Response:
        return json_response(await state.read(_grown, id, growth_hours))

    @routes.get(
        "/explain",
        operation_id="explain",
        summary="Why two articles are in one story, or are not",
        response_model=models.Explanation,
        responses={
            200: {"description": "Scores, passages, names, and a sentence that sums them up."},
            **models.problem_answers(401, 403, 404, 409, 422),
        },
    )
    async def explain(a: ArticleIdQuery, b: ArticleIdQuery) -> Response:
        return json_response(explanation_record(await state.read_slowly(_explained, a, b)))

    @routes.post(
        "/compare",
        operation_id="compare",
        summary="Explain two texts that are not stored",
        response_model=models.Explanation,
        responses={
            200: {"description": "See `explain`; the ids are a and b."},
            **models.problem_answers(401, 403, 413, 415, 422),
        },
        openapi_extra=request_body(bodies.pair),
    )
    async def compare(request: Request) -> Response:
        require_media_type(request, JSON)
        pair = bodies.read_pair(await json_body(request, settings, state.body_budget, state.parsers))
        return json_response(explanation_record(await state.read_slowly(_compared, *pair)))

    @routes.get(
        "/search",
        operation_id="search",
        summary="The articles that have all words of a query in id, outlet, title or text, the last added first",
        response_model=models.Found,
        responses={
            200: {"description": "The articles, without their texts."},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def search(
        q: Annotated[
            str, Query(min_length=1, max_length=200, pattern=WORDS_PATTERN, description="The words, at most 12.")
        ],
        limit: Limit = 50,
    ) -> Response:
        found = await state.read_slowly(_searched, q, limit)
        return json_response({"articles": [head_record(one) for one in found]})

    @routes.get(
        "/changes",
        operation_id="changes",
        summary="The changes after a cursor, in order",
        description="With `wait`, the answer is delayed until there is a change, for at most so many seconds.",
        response_model=models.Changes,
        responses={
            200: {
                "description": "The changes.",
                "links": {"next": {"operationId": "changes", "parameters": {"since": "$response.body#/cursor"}}},
            },
            **models.problem_answers(401, 403, 410, 422),
        },
    )
    async def changes(
        since: Annotated[int, Query(ge=0, le=2**62, description="The cursor of the last known change.")] = 0,
        limit: Limit = MOST,
        wait: float = Query(0, ge=0, le=settings.news_time, allow_inf_nan=False, description="Seconds to wait."),
    ) -> Response:
        written = state.written
        found = await state.read(changes_after, since, limit)
        if not found and wait and await state.wait_for_write(written, wait):
            found = await state.read(changes_after, since, limit)
        cursor = found[-1].cursor if found else since
        return json_response({"changes": [change.to_record() for change in found], "cursor": cursor})

    return routes


class Newest:
    """The overview of an index as JSON, kept until the index changes or growth is out of date."""

    def __init__(self) -> None:
        self._kept = (-1, -1, "")

    def __call__(self, index: StoryIndex) -> str:
        stats = index.stats()
        cursor, period, known = stats["changes"], int(time.monotonic() // _GROWTH_KEPT), self._kept
        if known[:2] != (cursor, period):
            record = overview_record(index.newest(NEWEST), index.grown())
            known = cursor, period, json_text({**record, "cursor": cursor, "total": stats["articles"]})
            self._kept = known
        return known[2]


_ARTICLE = {"article": {"operationId": "article", "parameters": {"id": "$response.body#/canonical"}}}


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation, ready for JSON."""
    return {**asdict(explanation), "waterfall": [asdict(part) for part in explanation.waterfall()]}


def overview_record(clustering: Clustering, grown: Mapping[str, int]) -> dict[str, Any]:
    """Return articles as columns, and stories by places in them, ready for JSON.

    Args:
        clustering: the articles and stories.
        grown: the articles that came to stories lately, by id; those to which none came can be left out.
    """
    place = clustering.place
    stories = [
        {
            "id": story.id,
            "title": story.title,
            "size": len(story.articles),
            "articles": [place(one) for one in story.articles],
            "canonical": place(story.canonical),
            "copies": [[place(one) for one in group.articles] for group in story.copy_groups],
            "start": finite(published_seconds(story.start)),
            "end": finite(published_seconds(story.end)),
            "sources": [*story.sources],
            "storyline": story.storyline,
            "origins": story.origins.at_most,
            "publishers": story.origins.publishers,
            "agencies": [*story.origins.agencies],
            "growth": grown.get(story.id, 0),
        }
        for story in clustering.stories
    ]
    return {"articles": article_columns(clustering), "stories": stories}


def head_record(held: IndexedArticle) -> dict[str, Any]:
    """Return an article without its text, ready for JSON."""
    record = held.to_record()
    del record["text"]
    return record


def _story_record(story: Story, growth: Growth) -> dict[str, Any]:
    return {**story.to_record(), "growth": growth.to_record()}


def _grown(index: StoryIndex, id_: str, hours: float) -> dict[str, Any]:
    story = index.story(id_)
    return _story_record(story, index.growth(story.id, hours=hours))


def changes_after(index: StoryIndex, since: int, limit: int) -> list[Change]:
    """Return the changes after a cursor.

    Raises:
        Problem: they are not known.
    """
    try:
        return index.changes(since, limit=limit)
    except CursorError as error:
        if error.last < since:
            what = f"there are {error.last:,} changes: it is of another store, or of a later state of this one"
        else:
            what = f"the changes before {error.first:,} were forgotten"
        remedy = "read /v1/stats, then /v1/stories, and go on from the `changes` of the first"
        raise problem("cursor-lost", "since", what, remedy) from None


def _searched(index: StoryIndex, query: str, limit: int) -> list[IndexedArticle]:
    try:
        return index.search(query, limit=limit)
    except InputError as error:
        raise problem("invalid", "q", str(error), "give one to twelve words") from None


def _held(index: StoryIndex, id_: str, limit: int) -> tuple[int, list[IndexedArticle]]:
    """Return the size of a story and its articles, but for those that a writer has removed meanwhile."""
    story = index.story(id_)
    held = []
    for name in story.articles[:limit]:
        try:
            held.append(index.article(name))
        except UnknownArticleError:
            continue
    return len(story.articles), held


def _versions(index: StoryIndex, id_: str) -> list[Provenance]:
    _require_texts(index)
    story = index.story(id_)
    found = []
    for group in story.copy_groups:
        held = []
        for name in group.articles[:VERSIONS]:
            try:
                held.append(index.article(name).article)
            except UnknownArticleError:
                continue
        if len(held) > 1:
            names = tuple(article.id for article in held)
            alone = Clustering(tuple(held), (story,), index.settings, (0,) * len(held), (0,) * len(held))
            found.append(trace(alone, CopyGroup(group.id, names, names[0])))
    return found


def _explained(index: StoryIndex, a: str, b: str) -> Explanation:
    _require_texts(index)
    return index.explain(a, b)


def _compared(index: StoryIndex, a: Article, b: Article) -> Explanation:
    return cluster([a, b], index.settings, background=index.background).explain(0, 1)


def _require_texts(index: StoryIndex) -> None:
    if not index.stats()["store_text"]:
        remedy = "make a store that keeps them: 'dedup index add' without --no-text"
        raise problem("no-texts", "service", "its index was made without keeping texts", remedy)
