"""Response models, from which the OpenAPI document is generated.

Answers are the records of the library, written by `dedup.formats.json_text`. They are not validated again, which would
double the time to write them; `tests/service/test_service_contract.py` compares them with the OpenAPI document.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dedup.group.decisions import DecisionKind
from dedup.index.store.records import Kind
from dedup.service.problems import KINDS, MEDIA_TYPE


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fault(_Record):
    field: str = Field(description="A field of the body, a parameter, a header, or the service.")
    problem: str
    remedy: str = Field(description="What to do about it.")


class ProblemDetails(_Record):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault]
    instance: str | None = Field(None, description="The id of the request, as in the log.")


class Change(_Record):
    cursor: int
    kind: Kind
    article: str
    story: str
    before: str
    at: str
    storyline: str = Field(description="The storyline of the story, empty without one.")


class Link(_Record):
    a: str
    b: str
    kind: Literal["copy", "story"]
    score: float
    cosine: float
    jaccard: float | None
    containment: float | None
    days: float | None
    probability: float


class Notice(_Record):
    """Input of an article that was changed or ignored."""

    problem: str
    action: str = Field(description="What was done about it.")


class Placement(_Record):
    id: str
    status: Literal["added", "updated", "unchanged", "matched"]
    story: str | None
    storyline: str | None = Field(description="The storyline of the story.")
    new_story: bool = Field(description="Whether the story is new.")
    copy_of: str | None
    suspected_copy_of: str | None = Field(
        description="An article that it may be a copy of. What they share may also be boilerplate: do not drop it."
    )
    revision_of: str | None = Field(description="The version before it of the same page.")
    revised_by: str | None = Field(description="The latest version of its page, which alone is in the story.")
    before: str | None = Field(description="The story that it was in before, null if there was none.")
    notices: list[Notice]
    changed: list[Change]
    links: list[Link]


class Result(_Record):
    """The result of one article of many: a placement, or a problem."""

    line: int = Field(description="Its place in the body, from 1.")
    placement: Placement | None = None
    problem: ProblemDetails | None = None
    cursor: int | None = Field(None, description="The last change it includes, as the header Dedup-Cursor; in lines.")


class Results(_Record):
    results: list[Result]


class CopyGroup(_Record):
    id: str
    articles: list[str]
    canonical: str


class Origins(_Record):
    """How many distinct tellings the articles of a story can come from."""

    articles: int
    texts: int = Field(description="Distinct texts: copies count once.")
    outlets: int
    publishers: int
    agencies: list[str] = Field(description="Agencies and other outlets that are credited.")
    at_most: int = Field(description="Distinct tellings, at most.")
    summary: str


class Growth(_Record):
    """What came to a story within a window that ends now."""

    hours: float = Field(description="Length of the window.")
    articles: int = Field(description="Articles that were added within it and are not dated before it.")
    origins: int = Field(description="Distinct tellings that the story had not before, at most.")
    articles_per_hour: float
    origins_per_hour: float


class Story(_Record):
    id: str
    title: str
    size: int
    articles: list[str]
    canonical: str
    copy_groups: list[CopyGroup]
    start: str | None
    end: str | None
    sources: list[str]
    storyline: str = Field(description="The storyline that it belongs to.")
    origins: Origins
    revisions: list[list[str]] = Field(description="The versions of each page with several; the last is in `articles`.")
    growth: Growth


class Stories(_Record):
    stories: list[Story]
    next: str | None = Field(description="The cursor of the next page, null on the last.")


class ArticleColumns(_Record):
    """Articles by column; every column that is there has a value for each."""

    ids: list[str]
    titles: list[str]
    heads: list[str] = Field(description="The beginning of the text of an article without a title.")
    sources: list[str]
    dates: list[str | None]
    published: list[float | None] = Field(description="Seconds since 1970.")
    seconds: list[float | None] = Field(description="Of the date that is used for comparison.")
    langs: list[str]
    datedBy: list[str | None] = Field(  # noqa: N815 - a name of the page's script
        default_factory=list, description="Origin of a date that is no date of publication."
    )
    urls: list[str] = Field(default_factory=list)
    authors: list[str] = Field(default_factory=list)
    sections: list[str] = Field(default_factory=list)
    kinds: list[str] = Field(default_factory=list)


class OverviewStory(_Record):
    """A story whose articles are places in the columns."""

    id: str
    title: str
    size: int
    articles: list[int]
    canonical: int
    copies: list[list[int]]
    start: float | None
    end: float | None
    sources: list[str]
    storyline: str = Field(description="The storyline that it belongs to.")
    origins: int = Field(description="Distinct tellings, at most.")
    publishers: int
    agencies: list[str] = Field(description="Agencies and other outlets that are credited.")
    growth: int = Field(description="Articles that came within the last six hours.")


class FeedDetails(_Record):
    size: int
    storyline: str
    origins: int
    growth: Growth


class FeedItem(_Record):
    id: str
    url: str
    external_url: str = ""
    title: str
    content_text: str
    date_published: str = ""
    date_modified: str = ""
    tags: list[str] = Field(description="The outlets.")
    dedup: FeedDetails = Field(alias="_dedup")


class JsonFeed(_Record):
    version: str
    title: str
    home_page_url: str
    feed_url: str
    next_url: str = ""
    items: list[FeedItem]


class Overview(_Record):
    articles: ArticleColumns
    stories: list[OverviewStory]
    cursor: int = Field(description="The changes after this cursor are not in it.")
    total: int = Field(description="Articles of the index.")


class Head(_Record):
    """An article without its text."""

    id: str
    story: str
    copy_of: str | None
    revision_of: str | None
    revised_by: str | None
    withdrawn: bool
    title: str
    published: str | None
    seen: str | None
    source: str
    url: str
    author: str
    section: str
    kind: str
    kind_reason: str = Field(description='"given", or what the kind was found by; "" for a report.')
    lang: str


class IndexedArticle(Head):
    text: str


class Timeline(_Record):
    articles: list[Head]
    total: int = Field(description="Articles of the story.")


class Piece(_Record):
    a_start: int
    a_end: int
    b_start: int
    b_end: int


class Passage(Piece):
    words: float
    verbatim: bool
    pieces: list[Piece]


class Version(_Record):
    article: str
    probability: float
    kept: float
    cut: list[tuple[int, int]]
    added: list[tuple[int, int]]
    changed: list[Piece]


class Provenance(_Record):
    group: str
    original: str | None
    certainty: float
    reasons: list[str]
    versions: list[Version]


class Versions(_Record):
    groups: list[Provenance]


class SharedWord(_Record):
    word: str
    weight: float


class Mentions(_Record):
    both: list[str]
    only_a: list[str]
    only_b: list[str]


class Part(_Record):
    name: str
    value: float
    total: float


class Explanation(_Record):
    a: str
    b: str
    same_text: bool
    same_story: bool
    link: Link
    background: float
    date_penalty: float
    outlet_penalty: float
    headline: float
    second_opinion: float
    threshold: float
    joined_at: float | None
    words: list[SharedWord]
    shared_shingles: int
    shingles_a: int
    shingles_b: int
    overlap: float
    reason: str
    passages: list[Passage]
    names: Mentions
    numbers: Mentions
    dates: Mentions
    missing: list[str]
    joins_from: float | None
    removed_a: list[str]
    removed_b: list[str]
    credit_a: str = Field(description="The agency or other outlet whose telling it prints, empty for its own.")
    credit_b: str
    embedding: float | None = Field(default=None, description="Chance of one story by the embedding; null without one.")
    waterfall: list[Part]


class Changes(_Record):
    changes: list[Change]
    cursor: int = Field(description="The cursor of the last change, or the one that was given if there is none.")


class Decision(_Record):
    """A decision of an editor."""

    id: str
    kind: DecisionKind
    articles: list[str]
    apart_from: list[str] = Field(description="Articles that are in no story with those of `articles`.")
    title: str
    by: str = Field(description="Who decided, empty if unknown.")
    at: str | None
    in_force: bool = Field(description="Whether no later decision overrules it.")


class Decisions(_Record):
    decisions: list[Decision]
    version: int = Field(description="How often one was made or undone, as in `ETag`.")


class Decided(_Record):
    decisions: list[Decision] = Field(description="Those that were made, or the one that was undone.")
    version: int
    stories: dict[str, str] = Field(description="The story that each article named is in now, by id.")
    changes: list[Change]


class Removed(_Record):
    changes: list[Change]


class Found(_Record):
    articles: list[Head]


class Background(_Record):
    fingerprint: str
    version: int
    articles: int


class Stats(_Record):
    articles: int
    stories: int
    changes: int
    bytes: int
    settings: str
    background: Background
    revisions: int = Field(description="Earlier versions of pages, which are no articles.")
    embedding: str = Field(description="Name of its embedding, empty without one.")
    learned: int = Field(description="Boilerplate passages and misplaced bodies that it has learned.")
    store_text: bool
    keep_days: float | None
    settle_hours: float


class JobResult(_Record):
    since: int = Field(description="The changes of the job begin after this cursor.")
    until: int = Field(description="The cursor of its last change.")
    count: int = Field(description="Changes; for `expire` and `quarantine`, articles that were removed.")


class Job(_Record):
    id: str
    what: Literal["reconcile", "rebuild", "expire", "quarantine"]
    state: Literal["waiting", "done", "failed"]
    result: JobResult | None
    problem: ProblemDetails | None


class Health(_Record):
    status: Literal["ok", "starting", "stopping"]


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem answers of a route for OpenAPI: those of every route, and some of its own."""
    titles: dict[int, list[str]] = {}
    for status, title in KINDS.values():
        titles.setdefault(status, []).append(title)
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "description": "; ".join(titles[status]) + ".",
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in sorted({400, 408, 409, 414, 429, 431, 500, 503, *statuses})
    }
