"""The client of a story index that `dedup serve` serves, with the methods of `StoryIndex`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from dedup.article import Article, Notice
from dedup.client import answers
from dedup.errors import InputError, MissingDependencyError, ServiceError, UnknownArticleError
from dedup.group.decisions import Decision
from dedup.index import Change, IndexedArticle, Placement, StoryPage
from dedup.index.decisions import Decided, Request
from dedup.index.growth import GROWTH_HOURS, Growth
from dedup.index.inputs import (
    checked_count,
    checked_date,
    checked_id,
    checked_ids,
    checked_text,
    read_article,
    read_batch,
)
from dedup.index.store.protocol import StoryOrder
from dedup.results.clustering import Explanation, Story

if TYPE_CHECKING:
    import httpx

BATCH = 500
"""Articles of one request at most."""
_PAGE = 200
_AGAIN = (429, 502, 503, 504)
_PAUSE = 0.2
_CURSOR = "Dedup-Cursor"


class Client:
    """A client of a story index over HTTP.

    Articles are on the disk of the service when `add` returns. Requests to a service that is busy, starting or
    unreachable are repeated for up to `patience` seconds; an article is identified by its id, so sending it twice is
    harmless. What this client has written it also reads, whichever process of the service answers.

    Args:
        url: the address of the service, "http://127.0.0.1:8080" for example.
        token: the token, if the service requires one.
        patience: seconds during which requests are repeated, and to wait for `reconcile` and `expire`.
        timeout: seconds for one answer.
        transport: an `httpx.BaseTransport`, for tests, proxies or certificates.

    Raises:
        MissingDependencyError: httpx is not installed.
        InputError: the token or the address is invalid.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        patience: float = 60.0,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        try:
            import httpx
        except ImportError as error:
            raise MissingDependencyError("dedup.Client", "httpx", extra="client") from error
        if token and not (token.isascii() and token.isprintable()):
            raise InputError(
                "a token has ASCII letters, digits, - and _ alone: give it as 'dedup serve token' printed it"
            )
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise InputError(
                f"{url!r} is no address of a service ({error}): give one like http://127.0.0.1:8080"
            ) from None
        self._errors, self._patience, self._url = httpx.HTTPError, patience, url
        self._cursor = ""  # of the last change that this client has made

    def __enter__(self) -> Self:
        """Return the client, which is closed at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Close the connections. Calling it again does nothing."""
        self._http.close()

    def __repr__(self) -> str:
        return f"<Client {self._url}>"

    def __contains__(self, article: object) -> bool:
        """Return whether an article of this id is in the index."""
        if not isinstance(article, str):
            return False
        try:
            self.article(article)
        except UnknownArticleError:
            return False
        return True

    def __len__(self) -> int:
        """Return the number of articles in the index."""
        return int(self.stats()["articles"])

    # Writing

    def add(self, article: Article | Mapping[str, Any]) -> Placement:
        """Add an article and return its placement; see `StoryIndex.add`.

        Raises:
            InputError: it is not an article, has no id, or exceeds a limit of the service.
            ServiceError: the service could not store it.
        """
        incoming = read_article(article)
        return answers.placement(self._ask("POST", "v1/articles", json=answers.record_of(incoming)), incoming)

    def add_many(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> list[Placement]:
        """Add articles and return their placements; see `StoryIndex.add_many`."""
        return list(self.add_stream(articles, batch=batch, notices=notices))

    def add_stream(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> Iterator[Placement]:
        """Add articles and yield their placements; see `StoryIndex.add_stream`.

        A refused article does not prevent the others of its batch from being stored.

        Raises:
            InputError: one is not an article, or was refused; those before it are stored.
            ServiceError: the service could not store all of them.
        """
        source, noted = enumerate(articles), [] if notices is None else notices
        while incoming := read_batch(source, checked_count(batch, "batch"), noted):
            sent = iter(incoming)
            for part in answers.batches([answers.record_of(one) for one in incoming]):
                found = self._ask("POST", "v1/articles/batch", json={"articles": part})
                for result in found["results"]:
                    if problem := result.get("problem"):
                        raise answers.error_of(problem)
                    yield answers.placement(result["placement"], next(sent))

    def update(self, article: Article | Mapping[str, Any]) -> Placement:
        """Update an article and return its placement; see `StoryIndex.update`.

        Raises:
            UnknownArticleError: it is not in the index.
        """
        incoming = read_article(article)
        record, path = answers.record_of(incoming), f"v1/articles/{answers.path_segment(incoming.article.id)}"
        return answers.placement(self._ask("PUT", path, json=record), incoming)

    def remove(self, *articles: str) -> list[Change]:
        """Remove articles, one request each, and return the changes; see `StoryIndex.remove`.

        Raises:
            UnknownArticleError: one is not in the index; those before it are removed.
        """
        found = []
        for name in checked_ids(articles):
            found += self._ask("DELETE", f"v1/articles/{answers.path_segment(checked_id(name))}")["changes"]
        return [answers.change(change) for change in found]

    def withdraw(self, *articles: str) -> list[Change]:
        """Withdraw articles, one request each, and return the changes; see `StoryIndex.withdraw`.

        Raises:
            UnknownArticleError: one is not in the index; those before it are withdrawn.
        """
        return self._end("withdraw", articles)

    def erase(self, *articles: str) -> list[Change]:
        """Erase articles, one request each, and return the changes; see `StoryIndex.erase`.

        Raises:
            UnknownArticleError: one is not in the index; those before it are erased.
        """
        return self._end("erase", articles)

    def _end(self, operation: str, articles: Sequence[str]) -> list[Change]:
        names = map(checked_id, checked_ids(articles))
        found = [self._ask("POST", f"v1/{operation}", params={"id": name})["changes"] for name in names]
        return [answers.change(change) for changes in found for change in changes]

    def expire(self, before: date | datetime | str) -> int:
        """Remove old articles, wait until it is done, and return their number; see `StoryIndex.expire`."""
        when = checked_date(before, "before").isoformat()
        job = self._done(self._ask("POST", "v1/expire", params={"before": when}))
        return int(job["count"])

    def reconcile(self) -> list[Change]:
        """Regroup all articles, wait until it is done, and return the changes; see `StoryIndex.reconcile`."""
        return self._changes_of(self._done(self._ask("POST", "v1/reconcile")))

    def rebuild(self, *, granularity: float | None = None, learn: bool = False) -> list[Change]:
        """Compute all placements anew, wait until it is done, and return the changes; see `StoryIndex.rebuild`.

        Args:
            granularity: the new granularity, None to keep it. Other settings are changed by `dedup index rebuild`.
            learn: whether to learn the background from the articles of the index.
        """
        params = {"learn": str(learn).lower()} | ({} if granularity is None else {"granularity": str(granularity)})
        return self._changes_of(self._done(self._ask("POST", "v1/rebuild", params=params)))

    def quarantine(
        self, source: str, *, since: date | datetime | str | None = None, cursor: int | None = None
    ) -> list[Change]:
        """Remove what a source sent, wait until it is done, and return the changes; see `StoryIndex.quarantine`."""
        params = {"source": checked_text(source, "source")}
        if since is not None:
            params["since"] = checked_date(since, "since").isoformat()
        if cursor is not None:
            params["cursor"] = str(checked_count(cursor, "cursor", 0))
        return self._changes_of(self._done(self._ask("POST", "v1/quarantine", params=params)))

    def change_options(
        self,
        *,
        store_text: bool | None = None,
        keep_days: float | None = None,
        settle_hours: float | None = None,
    ) -> None:
        """Change options of the index; see `StoryIndex.change_options`.

        Raises:
            InputError: one is out of range, or texts are wanted of an index that has articles without them.
        """
        given = {"store_text": store_text, "keep_days": keep_days, "settle_hours": settle_hours}
        self._ask("POST", "v1/options", params={name: value for name, value in given.items() if value is not None})

    def _changes_of(self, job: Mapping[str, Any]) -> list[Change]:
        """Return the changes that a job has made."""
        found, cursor = [], job["since"]
        while cursor < job["until"]:
            some = self.changes(cursor)
            found += [change for change in some if change.cursor <= job["until"]]
            if not some:
                break
            cursor = some[-1].cursor
        return found

    def decide(
        self,
        kind: Request,
        articles: Sequence[str],
        *,
        apart_from: Sequence[str] = (),
        title: str = "",
        into: str | None = None,
        by: str = "",
        supersede: bool = False,
        version: int | None = None,
    ) -> Decided:
        """Keep a decision of an editor; see `StoryIndex.decide`.

        Raises:
            ConflictError: it contradicts an earlier decision, or others have decided meanwhile.
            UnknownArticleError: there is no such article.
        """
        lists = {"articles": articles, "apart_from": apart_from}
        ids = {name: [*map(checked_id, checked_ids(some))] for name, some in lists.items()}
        texts = {"title": checked_text(title, "title"), "by": checked_text(by, "by")}
        given = {
            "kind": checked_text(kind, "kind"),
            **ids,
            **texts,
            "into": None if into is None else checked_id(into),
            "supersede": supersede,
        }
        record = {name: value for name, value in given.items() if value}
        return answers.decided(self._ask("POST", "v1/decisions", json=record, headers=_if_match(version)))

    def undo(self, decision: str, *, version: int | None = None) -> Decided:
        """Undo a decision; see `StoryIndex.undo`.

        Raises:
            ConflictError: others have decided meanwhile.
            UnknownArticleError: there is no such decision.
        """
        path = f"v1/decisions/{answers.path_segment(checked_id(decision, 'decision'))}"
        return answers.decided(self._ask("DELETE", path, headers=_if_match(version)))

    def decisions(self) -> tuple[list[Decision], int]:
        """Return the decisions of editors and their version; see `StoryIndex.decisions`."""
        found = self._ask("GET", "v1/decisions")
        return [answers.decision(one) for one in found["decisions"]], found["version"]

    # Reading

    def match(self, article: Article | Mapping[str, Any]) -> Placement:
        """Return where an article would be placed, without storing it; see `StoryIndex.match`.

        Raises:
            InputError: it is not an article, or has neither text nor title.
        """
        incoming = read_article(article, needs_id=False)
        return answers.placement(self._ask("POST", "v1/match", json=answers.record_of(incoming)), incoming)

    def match_many(self, articles: Iterable[Article | Mapping[str, Any]]) -> list[Placement]:
        """Match articles, one request each; see `StoryIndex.match_many`.

        Raises:
            InputError: one is not an article.
        """
        return [self.match(article) for article in articles]

    def article(self, article: str) -> IndexedArticle:
        """Return an article; see `StoryIndex.article`.

        Raises:
            UnknownArticleError: it is not in the index.
        """
        return answers.held(self._ask("GET", f"v1/articles/{answers.path_segment(checked_id(article))}"))

    def story(self, story: str) -> Story:
        """Return a story; see `StoryIndex.story`.

        Raises:
            UnknownArticleError: it is not in the index.
        """
        return answers.story(self._ask("GET", f"v1/stories/{answers.path_segment(checked_id(story, 'story'))}"))

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
        """Yield the stories, the last changed first; see `StoryIndex.stories`."""
        cursor: str | None = None
        while True:
            page = self.page(
                cursor,
                since=since,
                outlet=outlet,
                min_size=min_size,
                storyline=storyline,
                published_since=published_since,
                published_until=published_until,
                min_growth=min_growth,
                growth_hours=growth_hours,
                order=order,
                limit=_PAGE,
            )
            yield from page.stories
            cursor = page.next
            if cursor is None:
                return

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
        """Return a page of stories; see `StoryIndex.page`."""
        dates = {"since": since, "published_since": published_since, "published_until": published_until}
        days = {name: checked_date(value, name).isoformat() for name, value in dates.items() if value is not None}
        given = {"cursor": cursor, "outlet": outlet, "storyline": storyline, "order": order}
        wanted = {name: checked_text(value, name) for name, value in given.items() if value is not None}
        numbers = {"min_size": min_size, "min_growth": min_growth, "growth_hours": growth_hours, "limit": limit}
        found = self._ask("GET", "v1/stories", params={**days, **wanted, **numbers})
        records = found["stories"]
        return StoryPage(tuple(map(answers.story, records)), found["next"], tuple(map(answers.growth, records)))

    def growth(self, story: str, *, hours: float = GROWTH_HOURS) -> Growth:
        """Return what came to a story within the last hours; see `StoryIndex.growth`.

        Raises:
            UnknownArticleError: the story does not exist.
        """
        path = f"v1/stories/{answers.path_segment(checked_id(story, 'story'))}"
        return answers.growth(self._ask("GET", path, params={"growth_hours": hours}))

    def search(self, query: str, *, limit: int = 50) -> list[IndexedArticle]:
        """Return the articles that have all words of a query; see `StoryIndex.search`."""
        params = {"q": checked_text(query, "query"), "limit": checked_count(limit, "limit")}
        return [answers.held(one) for one in self._ask("GET", "v1/search", params=params)["articles"]]

    def changes(self, since: int = 0, *, limit: int = 1_000, wait: float = 0.0) -> list[Change]:
        """Return the changes after a cursor, or wait up to `wait` seconds for some; see `StoryIndex.changes`.

        Raises:
            CursorError: the changes after it were deleted, or there is no such change.
        """
        since, limit = checked_count(since, "since", 0), checked_count(limit, "limit")
        params = {"since": since, "limit": limit, "wait": wait}
        return [answers.change(one) for one in self._ask("GET", "v1/changes", params=params)["changes"]]

    def explain(self, a: str, b: str) -> Explanation:
        """Explain why two articles are in one story or not; see `StoryIndex.explain`.

        Raises:
            UnknownArticleError: one is not in the index.
            InputError: the index keeps no texts.
        """
        return answers.explanation(
            self._ask("GET", "v1/explain", params={"a": checked_id(a, "a"), "b": checked_id(b, "b")})
        )

    def compare(self, a: Article | Mapping[str, Any], b: Article | Mapping[str, Any]) -> Explanation:
        """Explain two articles that are not stored, with the background of the index."""
        pair = {
            name: answers.record_of(read_article(one, needs_id=False, may_be_blank=True))
            for name, one in (("a", a), ("b", b))
        }
        return answers.explanation(self._ask("POST", "v1/compare", json=pair))

    def stats(self) -> dict[str, Any]:
        """Return statistics of the index, without those of the machine; see `StoryIndex.stats`."""
        return dict(self._ask("GET", "v1/stats"))

    # Requests

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        if self._http.is_closed:
            raise ServiceError(f"this client of {self._url} was closed: make another")
        until, pause = time.monotonic() + self._patience, _PAUSE
        given: dict[str, str] = options.pop("headers", {})
        while True:
            try:
                headers = given | ({_CURSOR: self._cursor} if self._cursor else {})
                answer = self._http.request(method, path, headers=headers, **options)
            except self._errors as error:
                if time.monotonic() + pause > until:
                    raise ServiceError(f"{self._url} cannot be reached ({error}): is 'dedup serve' running?") from error
            else:
                status = answer.status_code
                self._cursor = answer.headers.get(_CURSOR, self._cursor)
                if answer.is_success:
                    with suppress(ValueError, RecursionError):
                        return answer.json()
                problem = answers.problem_of(answer.content)
                if problem and str(problem.get("type", "")).endswith(":behind"):
                    self._cursor = ""  # waited for in vain: what is served may be an earlier state, restored
                    continue
                pause = max(pause, answers.retry_seconds(answer.headers.get("retry-after", "")))
                if status not in _AGAIN or time.monotonic() + pause > until:
                    if problem is None:
                        message = f"{self._url} does not answer as 'dedup serve' does ({status}): is that its address?"
                        raise ServiceError(message, status)
                    raise answers.error_of(problem)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    def _done(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for a job and return its result."""
        until, pause = time.monotonic() + max(self._patience, 600.0), 0.05
        while job["state"] == "waiting":
            if time.monotonic() > until:
                raise ServiceError(f"{job['what']} is not done yet: it goes on in the service, as job {job['id']}")
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
            job = self._ask("GET", f"v1/jobs/{answers.path_segment(job['id'])}")
        if job["state"] == "failed":
            raise answers.error_of(job["problem"])
        self._cursor = str(job["result"].get("until", self._cursor))
        return dict(job["result"])


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}
