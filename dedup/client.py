"""A story index that another process serves (`dedup serve`), with the methods of `StoryIndex`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from dedup.article import Article, Notice
from dedup.clustering import CopyGroup, Explanation, Link, SharedWord, Story
from dedup.errors import InputError, MissingDependencyError, ServiceError, UnknownArticleError
from dedup.index import Change, IndexedArticle, Placement, StoryPage
from dedup.index.incoming import dates_now, incoming
from dedup.likeness import Mentions, Passage, Piece

if TYPE_CHECKING:
    import httpx

BATCH = 500
"""Articles that are sent at a time."""
_BYTES = 4_000_000
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
        InputError: the token is none.
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
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)
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
        return _placement(self._ask("POST", "v1/articles", json=_record(article)))

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
        noted = [] if notices is None else notices
        records = (_record(article, place, noted) for place, article in enumerate(articles))
        while some := list(islice(records, batch)):
            for part in _parts(some):
                told = self._ask("POST", "v1/articles/batch", json={"articles": part})
                for result in told["results"]:
                    if problem := result.get("problem"):
                        raise _error(problem)
                    yield _placement(result["placement"])

    def update(self, article: Article | Mapping[str, Any]) -> Placement:
        """As `StoryIndex.update`.

        Raises:
            UnknownArticleError: it is not there.
        """
        record = _record(article)
        return _placement(self._ask("PUT", f"v1/articles/{_part(record['id'])}", json=record))

    def remove(self, *articles: str) -> list[Change]:
        """As `StoryIndex.remove`, one article after the other.

        Raises:
            UnknownArticleError: one of them is not there; those before it are removed.
        """
        found = []
        for name in dict.fromkeys(articles):
            found += self._ask("DELETE", f"v1/articles/{_part(name)}")["changes"]
        return [_change(change) for change in found]

    def expire(self, before: date | datetime) -> int:
        """As `StoryIndex.expire`; waits until it is done."""
        job = self._done(self._ask("POST", "v1/expire", params={"before": before.isoformat()}))
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
            InputError: it is no article.
        """
        return _placement(self._ask("POST", "v1/match", json=_record(article, needs_id=False)))

    def article(self, article: str) -> IndexedArticle:
        """As `StoryIndex.article`.

        Raises:
            UnknownArticleError: there is none.
        """
        return _held(self._ask("GET", f"v1/articles/{_part(article)}"))

    def story(self, story: str) -> Story:
        """As `StoryIndex.story`.

        Raises:
            UnknownArticleError: there is none.
        """
        return _story(self._ask("GET", f"v1/stories/{_part(story)}"))

    def stories(
        self, *, since: date | datetime | None = None, outlet: str | None = None, min_size: int = 1
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
        since: date | datetime | None = None,
        outlet: str | None = None,
        min_size: int = 1,
        limit: int = 50,
    ) -> StoryPage:
        """As `StoryIndex.page`."""
        given = {"cursor": cursor, "since": since.isoformat() if since else None, "outlet": outlet}
        wanted = {name: value for name, value in given.items() if value is not None}
        told = self._ask("GET", "v1/stories", params={**wanted, "min_size": min_size, "limit": limit})
        return StoryPage(tuple(map(_story, told["stories"])), told["next"])

    def search(self, query: str, *, limit: int = 50) -> list[IndexedArticle]:
        """As `StoryIndex.search`."""
        return [_held(one) for one in self._ask("GET", "v1/search", params={"q": query, "limit": limit})["articles"]]

    def changes(self, since: int = 0, *, limit: int = 1_000, wait: float = 0.0) -> list[Change]:
        """As `StoryIndex.changes`; where there are none, waits so many seconds for some."""
        params = {"since": since, "limit": limit, "wait": wait}
        return [_change(one) for one in self._ask("GET", "v1/changes", params=params)["changes"]]

    def explain(self, a: str, b: str) -> Explanation:
        """As `StoryIndex.explain`.

        Raises:
            UnknownArticleError: one of them is not there.
            InputError: the index keeps no texts.
        """
        return _explanation(self._ask("GET", "v1/explain", params={"a": a, "b": b}))

    def compare(self, a: Article | Mapping[str, Any], b: Article | Mapping[str, Any]) -> Explanation:
        """The same of two articles that are not stored, judged by the background of the index."""
        pair = {name: _record(one, needs_id=False) for name, one in (("a", a), ("b", b))}
        return _explanation(self._ask("POST", "v1/compare", json=pair))

    def stats(self) -> dict[str, Any]:
        """As `StoryIndex.stats`, without what tells of the service's machine."""
        return dict(self._ask("GET", "v1/stats"))

    # How it is asked

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        until, pause = time.monotonic() + self._patience, _PAUSE
        while True:
            try:
                answer = self._http.request(method, path, **options)
            except self._errors as error:
                if time.monotonic() + pause > until:
                    raise ServiceError(f"{self._url} cannot be reached ({error}): is 'dedup serve' running?") from error
            else:
                if answer.is_success:
                    return answer.json()
                problem = _problem(answer.content, answer.status_code)
                pause = max(pause, _seconds(answer.headers.get("retry-after", "")))
                if answer.status_code not in _AGAIN or time.monotonic() + pause > until:
                    raise _error(problem)
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
            job = self._ask("GET", f"v1/jobs/{_part(job['id'])}")
        if job["state"] == "failed":
            raise _error(job["problem"])
        return dict(job["result"])


def _part(name: str) -> str:
    """A part of an address; "." and ".." would be taken for folders."""
    return quote(name, safe="").replace(".", "%2E") if not name.strip(".") else quote(name, safe="")


def _record(
    article: Article | Mapping[str, Any], place: int = 0, notices: list[Notice] | None = None, *, needs_id: bool = True
) -> dict[str, Any]:
    came = incoming(article, place, [] if notices is None else notices, dates_now(), needs_id=needs_id).article
    found: dict[str, Any] = {"id": came.id, "text": came.text} if came.id else {"text": came.text}
    found |= {name: value for name in ("title", "source", "url", "lang") if (value := getattr(came, name))}
    found |= {name: value.isoformat() for name in ("published", "seen") if (value := getattr(came, name)) is not None}
    return found


def _parts(records: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Some records at a time, so that no body is too large."""
    part: list[dict[str, Any]] = []
    size = 0
    for record in records:
        own = 6 * len(record["text"]) + 1_000
        if part and size + own > _BYTES:
            yield part
            part, size = [], 0
        part.append(record)
        size += own
    if part:
        yield part


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0


def _problem(content: bytes, status: int) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    return (
        found if isinstance(found, dict) and "title" in found else {"title": "no problem of dedup's", "status": status}
    )


def _error(problem: Mapping[str, Any]) -> Exception:
    """The error of the library that a problem is."""
    status = int(problem.get("status", 0))
    told = "; ".join(f"{one['field']}: {one['problem']}: {one['remedy']}" for one in problem.get("errors", ())[:5])
    message = f"{problem['title']} ({status}): {told}" if told else f"{problem['title']} ({status})"
    if status == 404:
        return UnknownArticleError(message)
    if status in {400, 409, 413, 414, 415, 422}:
        return InputError(message)
    return ServiceError(message, status)


def _moment(text: str | None) -> date | datetime | None:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _change(told: Mapping[str, Any]) -> Change:
    return Change(**{**told, "at": datetime.fromisoformat(told["at"])})


def _placement(told: Mapping[str, Any]) -> Placement:
    return Placement(
        told["id"],
        told["status"],
        told["story"] or "",
        told["new_story"],
        told["copy_of"],
        tuple(Link(**link) for link in told["links"]),
        tuple(map(_change, told["changed"])),
    )


def _held(told: Mapping[str, Any]) -> IndexedArticle:
    fields: dict[str, Any] = {name: told[name] for name in ("id", "title", "source", "url", "lang")}
    fields |= {name: _moment(told[name]) for name in ("published", "seen")}
    return IndexedArticle(Article(text=told.get("text", ""), **fields), told["story"], told["copy_of"])


def _story(told: Mapping[str, Any]) -> Story:
    groups = tuple(CopyGroup(one["id"], tuple(one["articles"]), one["canonical"]) for one in told["copy_groups"])
    return Story(
        told["id"],
        tuple(told["articles"]),
        told["canonical"],
        told["title"],
        groups,
        _moment(told["start"]),
        _moment(told["end"]),
        tuple(told["sources"]),
    )


def _explanation(told: Mapping[str, Any]) -> Explanation:
    fields = {name: value for name, value in told.items() if name != "waterfall"}
    passages = [{**one, "pieces": tuple(Piece(**piece) for piece in one["pieces"])} for one in told["passages"]]
    return Explanation(
        **{
            **fields,
            "link": Link(**told["link"]),
            "words": tuple(SharedWord(**word) for word in told["words"]),
            "passages": tuple(Passage(**one) for one in passages),
            **{name: Mentions(**{key: tuple(some) for key, some in told[name].items()}) for name in _MENTIONS},
            "missing": tuple(told["missing"]),
        }
    )


_MENTIONS = ("names", "numbers", "dates")
