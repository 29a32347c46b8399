"""Reading of a story index: articles, stories, matches and changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from dedup.article import Article
from dedup.background import Background
from dedup.errors import InputError, UnknownArticleError
from dedup.group.decisions import Decision
from dedup.index.decisions import decision_on, decisions_of
from dedup.index.growth import GROWTH_HOURS, Growth, grown_since, growths
from dedup.index.inputs import (
    Placement,
    checked_count,
    checked_id,
    checked_seconds,
    checked_text,
    read_article,
)
from dedup.index.operations import every_article
from dedup.index.queries import (
    IndexedArticle,
    StoryPage,
    changes_after,
    every_story,
    explain,
    newest,
    page,
    pages,
    placements,
    shown_clustering,
    stats,
    story_filter,
    version_before,
)
from dedup.index.session import IndexSession
from dedup.index.store.protocol import StoryOrder
from dedup.index.store.records import Change, StoredStory
from dedup.index.store.text_search import words_of
from dedup.pipeline import cluster

if TYPE_CHECKING:
    from dedup.results.clustering import Clustering, Explanation, Story
    from dedup.settings import Settings


class IndexReader:
    """The reading methods of a `StoryIndex`."""

    def __init__(self, session: IndexSession, clock: Callable[[], float] = time.time) -> None:
        """Internal; use `open`."""
        if not isinstance(session, IndexSession):
            raise InputError(f"an index is opened, not made: StoryIndex.open({session!r})")
        self._session, self._store, self._clock = session, session.store, clock

    def __contains__(self, article: object) -> bool:
        """Return whether an article of this id is in the index."""
        return isinstance(article, str) and bool(self._session.find(article) or self._session.find_revision(article))

    def __len__(self) -> int:
        """Return the number of articles, a page of several versions once."""
        return self._store.counts()["articles"]

    @property
    def settings(self) -> Settings:
        """Settings of the index."""
        return self._session.metadata.settings

    @property
    def background(self) -> Background:
        """Background of all scores; its `version` counts how often it was replaced."""
        return self._session.background

    def refresh(self) -> int:
        """Read what another process has written, and return the cursor of the last change.

        Every method does so as needed. Called now and then, it spares the next `match` of a `read_only` index the time.
        """
        return self._session.refresh()

    def match(self, article: Article | Mapping[str, Any]) -> Placement:
        """Return where an article would be placed. Nothing is stored, and no id is needed.

        Raises:
            InputError: it is no article, or has neither text nor title.
        """
        return self.match_many([article])[0]

    def match_many(self, articles: Iterable[Article | Mapping[str, Any]]) -> list[Placement]:
        """Return where each article would be placed alone. Faster than separate calls of `match`.

        Raises:
            InputError: one is no article, or has neither text nor title.
        """
        today = self._session.today()
        incoming = [read_article(article, place, needs_id=False, today=today) for place, article in enumerate(articles)]
        return self._session.placements(self._session.match(incoming)) if incoming else []

    def article(self, article: str) -> IndexedArticle:
        """Return an article by id.

        Raises:
            UnknownArticleError: it does not exist.
        """
        with self._store.reading():
            stored, revision = self._session.latest(article)
            story = self._store.story_numbered([stored.story])[stored.story]
            if revision is not None:
                before = version_before(self._store, revision)
                withdrawn = bool(self._store.withdrawn([revision.number]))
                kind = revision.article.kind
                return IndexedArticle(revision.to_article(), story.id, None, kind, before, stored.id, withdrawn)
            text = self._store.texts([stored.number]).get(stored.number, "")
            before = version_before(self._store, stored)
            withdrawn, copy_of = bool(self._store.withdrawn([stored.number])), self._session.copy_of(stored)
            return IndexedArticle(stored.article(text), story.id, copy_of, stored.kind, before, withdrawn=withdrawn)

    def articles(
        self, *, source: str | None = None, since: date | datetime | str | None = None
    ) -> Iterator[IndexedArticle]:
        """Yield all articles with their texts, in the order in which they came, reading page by page.

        Earlier versions of a page come before the latest, so another index that adds them has the same versions.

        Args:
            source: yield only those of an outlet, in any case.
            since: yield only those added since then, by the clock of the index.
        """
        name = None if source is None else checked_text(source, "source")
        return every_article(self._store, name, checked_seconds(since, "since"))

    def story(self, story: str) -> Story:
        """Return a story by id. The id of a merged story gives the story that it became part of.

        Raises:
            UnknownArticleError: it does not exist.
        """
        found = next(every_story(self._store, iter([[self._stored_story(story)]])), None)
        if found is None:
            raise _no_story(story)
        return found

    def stories(
        self,
        *,
        since: date | datetime | str | None = None,
        outlet: str | None = None,
        min_size: int = 1,
        storyline: str | None = None,
        published_since: date | datetime | str | None = None,
        published_until: date | datetime | str | None = None,
        min_growth: float = 0.0,
        growth_hours: float = GROWTH_HOURS,
        order: StoryOrder = "changed",
    ) -> Iterator[Story]:
        """Yield stories, the last changed first, reading page by page.

        Args:
            since: least time of the last change.
            outlet: outlet of at least one article, as it was given.
            min_size: least number of articles.
            storyline: id of their storyline.
            published_since: date from which on the story has an article.
            published_until: date until which the story has an article.
            min_growth: least number of articles in an hour, see `Growth`.
            growth_hours: window of growth.
            order: "changed", "size", "date" (of the last article) or "growth"; the greatest first.
        """
        dates, now = (published_since, published_until), self._clock()
        wanted = story_filter(since, outlet, min_size, storyline, dates, min_growth, growth_hours, order, now)
        return every_story(self._store, pages(self._store, wanted))

    def page(
        self,
        cursor: str | None = None,
        *,
        since: date | datetime | str | None = None,
        outlet: str | None = None,
        min_size: int = 1,
        storyline: str | None = None,
        published_since: date | datetime | str | None = None,
        published_until: date | datetime | str | None = None,
        min_growth: float = 0.0,
        growth_hours: float = GROWTH_HOURS,
        order: StoryOrder = "changed",
        limit: int = 50,
    ) -> StoryPage:
        """Return one page of `stories`; pass `StoryPage.next` as the cursor of the next page.

        Raises:
            InputError: the cursor is invalid.
        """
        dates, now = (published_since, published_until), self._clock()
        wanted = story_filter(since, outlet, min_size, storyline, dates, min_growth, growth_hours, order, now)
        return page(self._store, wanted, cursor, checked_count(limit, "limit"), growth_hours)

    def grown(self, *, hours: float = GROWTH_HOURS) -> dict[str, int]:
        """Return how many articles came to each story within the last hours, for those to which some came."""
        with self._store.reading():
            counts = self._store.grown(grown_since(hours, self._clock()))
            return {story.id: counts[number] for number, story in self._store.story_numbered([*counts]).items()}

    def growth(self, story: str, *, hours: float = GROWTH_HOURS) -> Growth:
        """Return what came to a story within the last hours.

        Raises:
            UnknownArticleError: the story does not exist.
        """
        stored = self._stored_story(story)
        return growths(self._store, [stored.number], grown_since(hours, self._clock()), hours)[stored.number]

    def search(self, query: str, *, limit: int = 50) -> list[IndexedArticle]:
        """Return articles with all words of a query in id, outlet, title or text, the last added first.

        Case is mostly ignored. The articles are returned without their texts.

        Raises:
            InputError: the query has no words, or more than twelve.
        """
        found = self._store.holding(words_of(checked_text(query, "query")), checked_count(limit, "limit"))
        stories = self._store.story_numbered(sorted({stored.story for stored in found}))
        return [
            IndexedArticle(stored.article(""), stories[stored.story].id, self._session.copy_of(stored), stored.kind)
            for stored in found
            if stored.story in stories
        ]

    def changes(self, since: int = 0, *, limit: int = 1_000) -> list[Change]:
        """Return up to `limit` changes after a cursor, in order. Continue from the cursor of the last one.

        Raises:
            CursorError: the changes after the cursor were deleted (see `vacuum`), or it does not exist.
        """
        return changes_after(self._store, since, limit)

    def explain(self, a: str, b: str) -> Explanation:
        """Explain why two articles are in one story or not, by their scores under the background of the index.

        Raises:
            UnknownArticleError: one of them does not exist.
            InputError: the index stores no texts.
        """
        (one, first), (other, second) = self._session.latest(a), self._session.latest(b)
        texts = self._store.texts([one.number, other.number])
        articles = [
            revision.to_article() if revision else stored.article(texts.get(stored.number, ""))
            for stored, revision in ((one, first), (other, second))
        ]
        keep_texts = self._session.metadata.store_text
        background = self._session.learned().background
        alone = cluster(articles, self.settings, background=background, keep_texts=keep_texts)
        chance, by_embedding = self._session.meaning(one.number, other.number)
        found = explain(
            alone,
            same_story=one.story == other.story,
            same_text=one.copies == other.copies,
            chance=chance,
            by_embedding=by_embedding,
        )
        decision = decision_on(self.decisions()[0], a, b)
        if decision is None:
            return found
        who = f" by {decision.by}" if decision.by else ""
        return replace(found, reason=f"An editor decided that they are {decision.kind} ({decision.id}{who}).")

    def clustering(self) -> Clustering:
        """Return the clustering of all articles, as `cluster(articles, settings, background=…)`. Nothing changes.

        Its stories follow the decisions of editors, as those of the index do.
        """
        found = self._session.recluster(self.settings, self._session.learned().background)
        if not self._store.decisions():
            return found.clustering
        with self._session.shown() as shown, self._store.reading():
            return shown_clustering(self._store, found, shown)

    def placements(self) -> Clustering:
        """Return all articles in their present stories, without links."""
        with self._store.reading():
            return placements(self._store, self.settings)

    def newest(self, most: int = 10_000) -> Clustering:
        """Return the stories of the articles added last, whole, without texts and links.

        Args:
            most: articles that are looked at; those of their stories that were added before come with them.
        """
        with self._store.reading():
            return newest(self._store, self.settings, checked_count(most, "most"))

    def decisions(self) -> tuple[list[Decision], int]:
        """Return the decisions of editors, the oldest first, and the version of them all.

        A decision that a later one overrules is not `in_force`; it is again once that one is undone.
        """
        return decisions_of(self._store)

    def stats(self) -> dict[str, Any]:
        """Return counts and sizes for JSON: `articles`, `stories`, `changes` (the last cursor), `bytes` on disk, …"""
        return stats(self._store, self._session.metadata, self._session.memory, len(self._session.learned()))

    def _stored_story(self, story: str) -> StoredStory:
        stored = self._store.story(checked_id(story, "story"))
        while stored is not None and stored.into is not None:
            stored = self._store.story_numbered([stored.into]).get(stored.into)
        if stored is None:
            raise _no_story(story)
        return stored


def _no_story(story: str) -> UnknownArticleError:
    return UnknownArticleError(f"there is no story {story!r} in this index")
