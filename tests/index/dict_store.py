"""A store in dictionaries: the simplest fake, which the real stores are compared with."""

from __future__ import annotations

import bisect
import copy
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from dedup.errors import StoreError
from dedup.index.store.protocol import StoryFilter
from dedup.index.store.records import UNDATED, AddressRow, Change, Revision, Sketch, StoredArticle, StoredStory


@dataclass
class _State:
    """All data. A transaction works on a copy, which replaces the original when it ends."""

    facts: dict[str, str] = field(default_factory=dict)
    background: bytes = b""
    articles: dict[int, StoredArticle] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    sketches: dict[int, Sketch] = field(default_factory=dict)
    apart: set[tuple[int, int]] = field(default_factory=set)
    stories: dict[int, StoredStory] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    words: dict[int, bytes] = field(default_factory=dict)
    lessons: dict[int, bytes] = field(default_factory=dict)
    last_lesson: int = 0
    addresses: set[AddressRow] = field(default_factory=set)
    revisions: dict[int, Revision] = field(default_factory=dict)
    withdrawn: set[int] = field(default_factory=set)
    decisions: dict[int, str] = field(default_factory=dict)
    last_decision: int = 0
    automatic: dict[int, tuple[int, int, bool]] = field(default_factory=dict)
    embedded: dict[int, bytes] = field(default_factory=dict)
    joined: dict[int, int] = field(default_factory=dict)
    scale: str = ""
    last: dict[str, int] = field(default_factory=lambda: {"article": 0, "story": 0, "change": 0})

    def copied(self) -> _State:
        return _State(**{name: copy.copy(value) for name, value in vars(self).items()})


class DictStore:
    """A store in memory. Every lookup scans everything."""

    def __init__(self) -> None:
        self._state = _State()
        self._work: _State | None = None
        self._writing = threading.RLock()
        self._owner: int | None = None  # the thread that has a transaction open
        self._seen = threading.local()  # what a thread reads where all is to be of one moment
        self._closed = False

    @property
    def where(self) -> str:
        return "memory"

    def close(self) -> None:
        self._closed = True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._writing:
            self._open()
            self._work, self._owner = self._state.copied(), threading.get_ident()
            try:
                yield
                self._state = self._work
            finally:
                self._work = self._owner = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        before = getattr(self._seen, "state", None)
        self._seen.state = before or self._open()
        try:
            yield
        finally:
            self._seen.state = before

    def metadata(self) -> dict[str, str]:
        return dict(self._open().facts)

    def put_metadata(self, values: Mapping[str, str]) -> None:
        self._written().facts.update(values)

    def background(self) -> bytes:
        return self._open().background

    def put_background(self, data: bytes) -> None:
        self._written().background = data

    def put_articles(self, rows: Sequence[tuple[StoredArticle, str | None, Sketch]]) -> None:
        state = self._written()
        for article, text, sketch in rows:
            state.articles[article.number] = article
            state.sketches[article.number] = sketch
            state.texts.pop(article.number, None)
            if text is not None:
                state.texts[article.number] = text
            state.last["article"] = max(state.last["article"], article.number)

    def put_sketch(self, number: int, sketch: Sketch) -> None:
        self._written().sketches[number] = sketch

    def delete_sketch(self, number: int) -> None:
        self._written().sketches.pop(number, None)

    def place_articles(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        articles = self._written().articles
        for number, story, copies, representative in rows:
            if number in articles:
                articles[number] = articles[number].placed(story, copies, representative=representative)

    def delete_article(self, number: int) -> None:
        state = self._written()
        for table in (state.articles, state.texts, state.sketches, state.automatic, state.joined):
            table.pop(number, None)
        state.apart = {pair for pair in state.apart if number not in pair}

    def put_apart(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._written().apart |= set(pairs)

    def apart(self, numbers: Sequence[int] | None = None) -> list[tuple[int, int]]:
        known = sorted(self._open().apart)
        return known if numbers is None else [pair for pair in known if not {*pair}.isdisjoint(numbers)]

    def article(self, id_: str) -> StoredArticle | None:
        return next((article for article in self._open().articles.values() if article.id == id_), None)

    def articles(self, numbers: Sequence[int]) -> dict[int, StoredArticle]:
        known = self._open().articles
        return {number: known[number] for number in numbers if number in known}

    def articles_called(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        wanted = set(ids)
        return {article.id: article for article in self._open().articles.values() if article.id in wanted}

    def ids(self, numbers: Sequence[int]) -> dict[int, str]:
        return {number: article.id for number, article in self.articles(numbers).items()}

    def numbers(self) -> list[int]:
        return sorted(self._open().articles)

    def first_alike(self, contents: Sequence[bytes]) -> dict[bytes, int]:
        found, wanted = dict[bytes, int](), set(contents)
        for article in self._in_order():
            if article.content in wanted:
                found.setdefault(article.content, article.number)
        return found

    def after(self, number: int, most: int) -> list[StoredArticle]:
        return [article for article in self._in_order() if article.number > number][:most]

    def alike(self, content: bytes) -> list[StoredArticle]:
        return [article for article in self._in_order() if article.content == content]

    def of_story(self, story: int) -> list[StoredArticle]:
        return [article for article in self._in_order() if article.story == story]

    def holding(self, words: Sequence[str], most: int) -> list[StoredArticle]:
        texts = self._open().texts
        found = (
            article
            for article in reversed(self._in_order())
            if _holds(words, article.id, article.source, article.article("").title, texts.get(article.number, ""))
        )
        return list(islice(found, most))

    def older(self, seconds: float, most: int) -> list[StoredArticle]:
        return sorted((article for article in self._in_order() if article.age < seconds), key=lambda one: one.age)[
            :most
        ]

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        known = self._open().texts
        return {number: known[number] for number in numbers if number in known}

    def sketches(self, numbers: Sequence[int]) -> dict[int, Sketch]:
        known = self._open().sketches
        return {number: known[number] for number in numbers if number in known}

    def words_begin(self, numbers: Sequence[int], size: int) -> dict[int, bytes]:
        return {number: sketch.words[:size] for number, sketch in self.sketches(numbers).items()}

    def every_vector(self) -> Iterator[tuple[int, bytes]]:
        yield from ((number, sketch.vector) for number, sketch in sorted(self._open().sketches.items()))

    def put_words(self, data: bytes) -> None:
        words = self._written().words
        words[max(words, default=0) + 1] = data

    def delete_words(self, until: int) -> None:
        words = self._written().words
        for number in [number for number in words if number <= until]:
            del words[number]

    def words(self, after: int) -> list[tuple[int, bytes]]:
        return [(number, data) for number, data in sorted(self._open().words.items()) if number > after]

    def put_lesson(self, data: bytes) -> int:
        state = self._written()
        state.last_lesson += 1
        state.lessons[state.last_lesson] = data
        return state.last_lesson

    def delete_lesson(self, number: int) -> None:
        self._written().lessons.pop(number, None)

    def lessons(self, after: int) -> list[tuple[int, bytes]]:
        return [(number, data) for number, data in sorted(self._open().lessons.items()) if number > after]

    def put_addresses(self, rows: Sequence[AddressRow]) -> None:
        self._written().addresses |= set(rows)

    def delete_addresses(self, numbers: Sequence[int]) -> None:
        state = self._written()
        state.addresses = {row for row in state.addresses if row.number not in numbers}
        state.withdrawn -= set(numbers)

    def shared_addresses(self, pages: Sequence[bytes]) -> set[bytes]:
        held = [row.page for row in self._open().addresses]
        return {page for page in pages if held.count(page) > 1}

    def near(self, row: AddressRow, most: int) -> list[int]:
        held = sorted(one for one in self._open().addresses if one.page == row.page)
        before, after = [one for one in held if one < row], [one for one in held if one > row]
        return [one.number for one in [*before[::-1][:most], *after[:most]]]

    def put_revisions(self, rows: Sequence[Revision]) -> None:
        state = self._written()
        for row in rows:
            state.revisions[row.number] = row
            state.last["article"] = max(state.last["article"], row.number)

    def revise(self, latest: Sequence[int], new: int) -> None:
        state = self._written()
        for number, row in state.revisions.items():
            if row.latest in latest:
                state.revisions[number] = replace(row, latest=new)

    def delete_revisions(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._written().revisions.pop(number, None)

    def revisions(self, numbers: Sequence[int]) -> dict[int, Revision]:
        known = self._open().revisions
        return {number: known[number] for number in numbers if number in known}

    def revisions_called(self, ids: Sequence[str]) -> dict[str, Revision]:
        return {row.article.id: row for row in self._open().revisions.values() if row.article.id in ids}

    def revisions_of(self, latest: Sequence[int]) -> list[Revision]:
        return [row for _, row in sorted(self._open().revisions.items()) if row.latest in latest]

    def lost_revisions(self) -> list[Revision]:
        state = self._open()
        return [row for _, row in sorted(state.revisions.items()) if row.latest not in state.articles]

    def count_revisions(self) -> int:
        return len(self._open().revisions)

    def older_revisions(self, seconds: float, most: int) -> list[Revision]:
        old = (row for row in self._open().revisions.values() if row.article.age < seconds)
        return sorted(old, key=lambda row: (row.article.age, row.number))[:most]

    def put_withdrawn(self, numbers: Sequence[int]) -> None:
        self._written().withdrawn |= set(numbers)

    def withdrawn(self, numbers: Sequence[int]) -> set[int]:
        return self._open().withdrawn & set(numbers)

    def anonymize(self, ids: Sequence[str]) -> None:
        state = self._written()
        state.changes = [replace(one, article="") if one.article in ids else one for one in state.changes]

    def put_decision(self, record: str) -> int:
        state = self._written()
        state.last_decision += 1
        state.decisions[state.last_decision] = record
        return state.last_decision

    def replace_decision(self, number: int, record: str) -> None:
        self._written().decisions[number] = record

    def delete_decision(self, number: int) -> None:
        self._written().decisions.pop(number, None)

    def decisions(self) -> list[tuple[int, str]]:
        return sorted(self._open().decisions.items())

    def put_automatic(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        self._written().automatic.update({number: (story, *rest) for number, story, *rest in rows})  # type: ignore[misc]

    def delete_automatic(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._written().automatic.pop(number, None)

    def automatic(self, numbers: Sequence[int] | None = None) -> dict[int, tuple[int, int, bool]]:
        known = self._open().automatic
        return {number: one for number, one in known.items() if numbers is None or number in numbers}

    def decided_stories(self) -> list[int]:
        return [one.number for one in self._open().stories.values() if one.title or one.pinned is not None]

    def put_embedded(self, rows: Sequence[tuple[int, bytes]]) -> None:
        self._written().embedded.update(rows)

    def embedded(self, numbers: Sequence[int]) -> dict[int, bytes]:
        known = self._open().embedded
        return {number: known[number] for number in numbers if number in known}

    def every_embedded(self) -> Iterator[tuple[int, bytes]]:
        yield from sorted(self._open().embedded.items())

    def delete_embedded(self, numbers: Sequence[int]) -> None:
        state = self._written()
        for number in {*numbers} - {*state.articles} - {*state.revisions}:
            state.embedded.pop(number, None)

    def clear_embedded(self) -> None:
        state = self._written()
        state.embedded, state.joined, state.scale = {}, {}, ""

    def put_joined(self, rows: Sequence[tuple[int, int]]) -> None:
        self._written().joined.update(rows)

    def delete_joined(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._written().joined.pop(number, None)

    def joined(self, numbers: Sequence[int] | None = None) -> dict[int, int]:
        known = self._open().joined
        return {number: one for number, one in known.items() if numbers is None or number in numbers}

    def put_scale(self, data: str) -> None:
        self._written().scale = data

    def scale(self) -> str:
        return self._open().scale

    def put_stories(self, stories: Sequence[StoredStory]) -> None:
        state = self._written()
        for story in stories:
            if any(other.id == story.id and other.number != story.number for other in state.stories.values()):
                raise StoreError(f"memory: there is a story {story.id} already")
            state.stories[story.number] = story
            state.last["story"] = max(state.last["story"], story.number)

    def delete_story(self, number: int) -> None:
        self._written().stories.pop(number, None)

    def story_ids(self, ids: Sequence[str]) -> set[str]:
        return {story.id for story in self._open().stories.values()} & set(ids)

    def story(self, id_: str) -> StoredStory | None:
        return next((story for story in self._open().stories.values() if story.id == id_), None)

    def story_numbered(self, numbers: Sequence[int]) -> dict[int, StoredStory]:
        known = self._open().stories
        return {number: known[number] for number in numbers if number in known}

    def lines(self) -> dict[int, str]:
        stories = self._open().stories.values()
        return {story.number: story.line for story in stories if story.line}

    def stories(self, wanted: StoryFilter, most: int) -> list[StoredStory]:
        state = self._open()
        outlets: dict[int, set[str]] = {}
        grown = self.grown(wanted.grown_since)

        def key(story: StoredStory) -> float:
            date = UNDATED if story.end is None else story.end
            keys = {"changed": story.touched, "size": story.size, "date": date}
            return keys.get(wanted.order, grown.get(story.number, 0))

        for article in state.articles.values():
            outlets.setdefault(article.story, set()).add(article.source)
        found = [
            story
            for story in state.stories.values()
            if story.into is None
            and story.size >= wanted.min_size
            and (wanted.since is None or story.touched >= wanted.since)
            and (wanted.before is None or (key(story), story.number) < wanted.before)
            and (wanted.published_since is None or (story.end is not None and story.end >= wanted.published_since))
            and (wanted.published_until is None or (story.start is not None and story.start <= wanted.published_until))
            and grown.get(story.number, 0) >= wanted.min_grown
            and (wanted.outlet is None or wanted.outlet in outlets.get(story.number, set()))
            and wanted.storyline in (None, story.storyline)
        ]
        return sorted(found, key=lambda story: (-key(story), -story.number))[:most]

    def grown(self, since: float, stories: Sequence[int] | None = None) -> dict[int, int]:
        came = [one.story for one in self._open().articles.values() if min(one.age, one.added) >= since]
        return {story: came.count(story) for story in came if stories is None or story in stories}

    def append(self, changes: Sequence[Change]) -> None:
        state = self._written()
        for change in changes:
            state.changes.append(change)
            state.last["change"] = change.cursor

    def changes(self, since: int, most: int) -> list[Change]:
        known = self._open().changes
        first = bisect.bisect_right(known, since, key=lambda change: change.cursor)
        return known[first : first + most]

    def trim(self, before: int) -> None:
        state = self._written()
        state.changes = [change for change in state.changes if change.cursor >= before]

    def counts(self) -> dict[str, int]:
        state = self._open()
        standing = sum(story.into is None for story in state.stories.values())
        return {"articles": len(state.articles), "stories": standing, **self.highest()}

    def highest(self) -> dict[str, int]:
        return {f"last_{name}": number for name, number in self._open().last.items()}

    def size(self) -> int:
        return 0

    def vacuum(self) -> None:
        self._open()

    def back_up(self, target: Path) -> None:
        raise StoreError(f"a dictionary is not backed up to {target}")

    def faults(self) -> list[str]:
        return []

    def _open(self) -> _State:
        if self._closed:
            raise StoreError("this store in memory is closed")
        if self._work is not None and self._owner == threading.get_ident():
            return self._work
        return getattr(self._seen, "state", None) or self._state

    def _written(self) -> _State:
        state = self._open()
        if state is not self._work:
            raise StoreError("memory: nothing is written outside of a transaction")
        return state

    def _in_order(self) -> list[StoredArticle]:
        return [article for _, article in sorted(self._open().articles.items())]


def _holds(words: Sequence[str], *parts: str) -> bool:
    """Whether each folded word occurs in one of the parts of an article."""
    return all(any(_occurs(word, part) for part in parts) for word in words)


def _occurs(word: str, part: str) -> bool:
    return word in part.lower() if word.isascii() else any(w in part for w in (word, word.capitalize(), word.upper()))
