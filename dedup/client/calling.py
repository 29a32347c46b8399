"""A story index that another process serves (`dedup serve`), with the methods of `StoryIndex`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from dedup.article import Article, Notice
from dedup.client import answers
from dedup.errors import InputError, MissingDependencyError, ServiceError, UnknownArticleError
from dedup.index import Change, IndexedArticle, Placement, StoryPage
from dedup.index.inputs import alone, checked_count, checked_date, checked_ids, some, unnamed
from dedup.results.clustering import Explanation, Story

if TYPE_CHECKING:
    import httpx

BATCH = 500
"""Articles that are sent at a time."""
_PAGE = 200
_AGAIN = (429, 502, 503, 504)
_PAUSE = 0.2


class Client:
    """A story index behind HTTP. What `add` has returned is on the service's disk.

    A service that is too busy, is starting or cannot be reached is asked again, for as long as `patience`: an article
    is known by its id, so that sending it twice does no harm.

    Args:
        url: of the service: "http://127.0.0.1:8080".
        token: what lets this client in, where the service asks for one.
        patience: seconds for a service that does not answer yet, and for `reconcile` and `expire`.
        timeout: seconds for one answer.
        transport: another way to send, an `httpx.BaseTransport`: for tests, proxies, certificates.

    Raises:
        MissingDependencyError: httpx is not installed.
        InputError: the token is none, or the address.
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
        except httpx.InvalidURL as error:
            raise InputError(
                f"{url!r} is no address of a service ({error}): give one like http://127.0.0.1:8080"
            ) from None
        self._errors, self._patience, self._url = httpx.HTTPError, patience, url

    def __enter__(self) -> Self:
        """The client itself, which is closed when the block ends."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Closes it."""
        self.close()

    def close(self) -> None:
        """Lets go of its connections. Calling it again does nothing."""
        self._http.close()

    def __repr__(self) -> str:
        return f"<Client {self._url}>"

    def __contains__(self, article: object) -> bool:
        """Whether an article of this id is in the index."""
        if not isinstance(article, str):
            return False
        try:
            self.article(article)
        except UnknownArticleError:
            return False
        return True

    def __len__(self) -> int:
        """How many articles are in the index."""
        return int(self.stats()["articles"])

    # Writing

    def add(self, article: Article | Mapping[str, Any]) -> Placement:
        """As `StoryIndex.add`: takes an article in and tells where it belongs.

        Raises:
            InputError: it is no article, has no id, or is larger than the service takes.
            ServiceError: the service could not store it.
        """
        came = alone(article)
        return answers.placement(self._ask("POST", "v1/articles", json=answers.record_of(came)), came)

    def add_many(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> list[Placement]:
        """As `StoryIndex.add_many`."""
        return list(self.add_stream(articles, batch=batch, notices=notices))

    def add_stream(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> Iterator[Placement]:
        """As `StoryIndex.add_stream`, but that an article that is refused keeps no other of its batch out.

        Raises:
            InputError: something is no article, or was refused; what came before it is stored.
            ServiceError: the service could not store some.
        """
        source, noted = enumerate(articles), [] if notices is None else notices
        while came := some(source, checked_count(batch, "batch"), noted):
            sent = iter(came)
            for part in answers.parts([answers.record_of(one) for one in came]):
                told = self._ask("POST", "v1/articles/batch", json={"articles": part})
                for result in told["results"]:
                    if problem := result.get("problem"):
                        raise answers.error_of(problem)
                    yield answers.placement(result["placement"], next(sent))

    def update(self, article: Article | Mapping[str, Any]) -> Placement:
        """As `StoryIndex.update`.

        Raises:
            UnknownArticleError: it is not there.
        """
        came = alone(article)
        record, path = answers.record_of(came), f"v1/articles/{answers.part_of(came.article.id)}"
        return answers.placement(self._ask("PUT", path, json=record), came)

    def remove(self, *articles: str) -> list[Change]:
        """As `StoryIndex.remove`, one article after the other.

        Raises:
            UnknownArticleError: one of them is not there; those before it are removed.
        """
        found = []
        for name in checked_ids(articles):
            found += self._ask("DELETE", f"v1/articles/{answers.part_of(name)}")["changes"]
        return [answers.change(change) for change in found]

    def expire(self, before: date | datetime | str) -> int:
        """As `StoryIndex.expire`; waits until it is done."""
        when = checked_date(before, "before").isoformat()
        job = self._done(self._ask("POST", "v1/expire", params={"before": when}))
        return int(job["count"])

    def reconcile(self) -> list[Change]:
        """As `StoryIndex.reconcile`; waits until it is done."""
        job = self._done(self._ask("POST", "v1/reconcile"))
        found, cursor = [], job["since"]
        while cursor < job["until"]:
            some = self.changes(cursor)
            found += [change for change in some if change.cursor <= job["until"]]
            if not some:
                break
            cursor = some[-1].cursor
        return found

    # Reading

    def match(self, article: Article | Mapping[str, Any]) -> Placement:
        """As `StoryIndex.match`: where an article would belong; nothing is stored.

        Raises:
            InputError: it is no article, or has neither text nor title.
        """
        came = alone(article, needs_id=False)
        return answers.placement(self._ask("POST", "v1/match", json=answers.record_of(came)), came)

    def match_many(self, articles: Iterable[Article | Mapping[str, Any]]) -> list[Placement]:
        """As `StoryIndex.match_many`, one after the other: the service looks up together what is asked at one time.

        Raises:
            InputError: one is no article.
        """
        return [self.match(article) for article in articles]

    def article(self, article: str) -> IndexedArticle:
        """As `StoryIndex.article`.

        Raises:
            UnknownArticleError: there is none.
        """
        return answers.held(self._ask("GET", f"v1/articles/{answers.part_of(article)}"))

    def story(self, story: str) -> Story:
        """As `StoryIndex.story`.

        Raises:
            UnknownArticleError: there is none.
        """
        return answers.story(self._ask("GET", f"v1/stories/{answers.part_of(story)}"))

    def stories(
        self, *, since: date | datetime | str | None = None, outlet: str | None = None, min_size: int = 1
    ) -> Iterator[Story]:
        """As `StoryIndex.stories`."""
        cursor: str | None = None
        while True:
            page = self.page(cursor, since=since, outlet=outlet, min_size=min_size, limit=_PAGE)
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
        limit: int = 50,
    ) -> StoryPage:
        """As `StoryIndex.page`."""
        touched = None if since is None else checked_date(since, "since").isoformat()
        given = {"cursor": cursor, "since": touched, "outlet": outlet}
        wanted = {name: value for name, value in given.items() if value is not None}
        told = self._ask("GET", "v1/stories", params={**wanted, "min_size": min_size, "limit": limit})
        return StoryPage(tuple(map(answers.story, told["stories"])), told["next"])

    def search(self, query: str, *, limit: int = 50) -> list[IndexedArticle]:
        """As `StoryIndex.search`."""
        return [
            answers.held(one) for one in self._ask("GET", "v1/search", params={"q": query, "limit": limit})["articles"]
        ]

    def changes(self, since: int = 0, *, limit: int = 1_000, wait: float = 0.0) -> list[Change]:
        """As `StoryIndex.changes`; where there are none, waits so many seconds for some.

        Raises:
            CursorError: the changes after it were forgotten, or there is no such change.
        """
        since, limit = checked_count(since, "since", 0), checked_count(limit, "limit")
        params = {"since": since, "limit": limit, "wait": wait}
        return [answers.change(one) for one in self._ask("GET", "v1/changes", params=params)["changes"]]

    def explain(self, a: str, b: str) -> Explanation:
        """As `StoryIndex.explain`.

        Raises:
            UnknownArticleError: one of them is not there.
            InputError: the index keeps no texts.
        """
        return answers.explanation(self._ask("GET", "v1/explain", params={"a": a, "b": b}))

    def compare(self, a: Article | Mapping[str, Any], b: Article | Mapping[str, Any]) -> Explanation:
        """The same of two articles that are not stored, judged by the background of the index."""
        pair = {name: answers.record_of(unnamed(one)) for name, one in (("a", a), ("b", b))}
        return answers.explanation(self._ask("POST", "v1/compare", json=pair))

    def stats(self) -> dict[str, Any]:
        """As `StoryIndex.stats`, without what tells of the service's machine."""
        return dict(self._ask("GET", "v1/stats"))

    # How it is asked

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        if self._http.is_closed:
            raise ServiceError(f"this client of {self._url} was closed: make another")
        until, pause = time.monotonic() + self._patience, _PAUSE
        while True:
            try:
                answer = self._http.request(method, path, **options)
            except self._errors as error:
                if time.monotonic() + pause > until:
                    raise ServiceError(f"{self._url} cannot be reached ({error}): is 'dedup serve' running?") from error
            else:
                status = answer.status_code
                if answer.is_success:
                    with suppress(ValueError, RecursionError):
                        return answer.json()
                problem = answers.problem_of(answer.content)
                pause = max(pause, answers.seconds(answer.headers.get("retry-after", "")))
                if status not in _AGAIN or time.monotonic() + pause > until:
                    if problem is None:
                        told = f"{self._url} does not answer as 'dedup serve' does ({status}): is that its address?"
                        raise ServiceError(told, status)
                    raise answers.error_of(problem)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    def _done(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """What came of a job, once it has ended."""
        until, pause = time.monotonic() + max(self._patience, 600.0), 0.05
        while job["state"] == "waiting":
            if time.monotonic() > until:
                raise ServiceError(f"{job['what']} is not done yet: it goes on in the service, as job {job['id']}")
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
            job = self._ask("GET", f"v1/jobs/{answers.part_of(job['id'])}")
        if job["state"] == "failed":
            raise answers.error_of(job["problem"])
        return dict(job["result"])
