"""Stories of another system: their ids are kept for the stories of the method, and a report says where these differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dedup.results.story_ids import inherit_ids

if TYPE_CHECKING:
    from dedup.index.session import IndexSession
    from dedup.index.state import IndexState
    from dedup.index.store.protocol import Store
    from dedup.index.store.records import StoredArticle
    from dedup.index.stories.changes import ChangeLog

_PAGE = 500


@dataclass(frozen=True, slots=True)
class StoryPart:
    """Articles that are in one story here, and in one story of the other system.

    Attributes:
        story: id of the story here.
        given: id of the story there.
        articles: ids of the articles, in the order in which they came.
    """

    story: str
    given: str
    articles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Where the stories of an index and those of another system differ.

    Attributes:
        articles: number of articles with a story of the other system.
        others: number of imported articles without one.
        stories: number of stories of the other system.
        agreeing: those whose articles are in one story here, without articles of another one.
        kept: those whose id is the id of a story here.
        split: for each story of the other system that is several here its parts, the largest first.
        joined: for each story here that is several of the other system its parts, the largest first.
        alone: ids of articles that share a story in the other system, and are alone in theirs here.
    """

    articles: int
    others: int
    stories: int
    agreeing: int
    kept: int
    split: tuple[tuple[StoryPart, ...], ...]
    joined: tuple[tuple[StoryPart, ...], ...]
    alone: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<ImportReport: {self.agreeing:,} of {self.stories:,} stories agree, {self.kept:,} ids are kept>"

    def to_record(self) -> dict[str, Any]:
        """Return the report as a dictionary for JSON."""
        return asdict(self)


def keep_ids(session: IndexSession, given: Mapping[str, str]) -> None:
    """Give stories the ids of the stories of another system that they share most articles with.

    A settled story keeps its id. An id that no story gets redirects to the one that has most of its articles.

    Args:
        session: session of the index, in which the articles were placed.
        given: id of the story by id of the article.
    """
    with session.transaction() as log, session.memory_lock:
        state = session.state()
        shared: Counter[tuple[int, str]] = Counter()
        for id_, article in _stored(session.store, [*given]):
            shared[int(state.table.story[state.table.slot(article.number)]), given[id_]] += 1
        now = _rename(state, log, _wanted(state, log, shared))
        most: dict[str, tuple[int, int]] = {}
        for (story, name), count in shared.items():
            most[name] = max(most.get(name, (0, 0)), (count, -story))
        for name, (_, story) in sorted(most.items()):
            if log.is_free(name):
                log.redirect(log.start(name), now.get(-story, -story))


def _wanted(state: IndexState, log: ChangeLog, shared: Mapping[tuple[int, str], int]) -> dict[int, str]:
    """Return the stories that get another id: one of the other system, "" where another story takes their own.

    Args:
        state: the articles.
        log: the changes.
        shared: number of articles by story here and id there.
    """
    stories = sorted({story for story, _ in shared})
    log.preload(stories)
    settled = log.settled(stories)
    free = [story for story in stories if story not in settled]
    place, own = {story: at for at, story in enumerate(free)}, [log.story(story).id for story in free]
    held = {*own}

    def may_be_given(name: str) -> bool:
        story = None if name in held or log.is_free(name) else log.store.story(name)
        return story is None or (story.into is not None and not state.table.of_story(story.number))

    names = {name for name in sorted({name for _, name in shared}) if may_be_given(name)}
    claims = ((place[story], name, shared[story, name]) for story, name in shared if story in place and name in names)
    chosen = inherit_ids(own, claims)
    return {
        story: name if (story, name) in shared else ""
        for story, name, before in zip(free, chosen, own, strict=True)
        if name != before
    }


def _rename(state: IndexState, log: ChangeLog, wanted: Mapping[int, str]) -> dict[int, int]:
    """Move the articles of stories into those of other ids; return the numbers of these by the number before."""
    table = state.table
    groups = {story: sorted(int(table.number[slot]) for slot in table.of_story(story)) for story in wanted}
    lines = {story: state.storylines.of(story) for story in wanted}
    own = {log.story(story).id: story for story in wanted}
    now: dict[int, int] = {}
    for story, name in wanted.items():
        if not name:
            (first,) = state.stored_articles(groups[story][:1]).values()
            now[story] = log.new_story(first.content)
        elif name in own:
            now[story] = own[name]
        elif (ended := log.store.story(name)) is not None:  # one that had become part of another
            log.set_into(ended.number, None)
            now[story] = ended.number
        else:
            now[story] = log.start(name)
    shown = {story: log.story(story).shown for story in wanted}
    state.put_into(log, [*groups.values()], [*now.values()], {})
    used = {*now.values()}
    for before, after in now.items():
        if (article := shown[before]) is not None:
            log.set_shown(after, article)
        if lines[before] or state.storylines.of(after):
            state.storylines.put(after, lines[before])
            log.set_line(after, lines[before])
        if before not in used:
            log.redirect(before, after)
    return now


def compare_stories(store: Store, given: Mapping[str, str], others: int) -> ImportReport:
    """Return where the stories of a store differ from those of another system.

    Args:
        store: the store, in a snapshot.
        given: id of the story by id of the article.
        others: number of imported articles without a story.
    """
    here: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    there: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for id_, article in _stored(store, [*given]):
        here[article.story][given[id_]].append(id_)
        there[given[id_]][article.story].append(id_)
    names: dict[int, str] = {}
    single: set[int] = set()
    for numbers in _parts([*here]):
        found = store.story_numbered(numbers)
        names |= {number: story.id for number, story in found.items()}
        single |= {number for number, story in found.items() if story.size == 1}

    def parts(found: Mapping[tuple[int, str], Sequence[str]]) -> tuple[StoryPart, ...]:
        every = [StoryPart(names[story], name, tuple(articles)) for (story, name), articles in found.items()]
        return tuple(sorted(every, key=lambda part: (-len(part.articles), part.story != part.given)))

    return ImportReport(
        articles=len(given),
        others=others,
        stories=len(there),
        agreeing=sum(len(found) == 1 and len(here[next(iter(found))]) == 1 for found in there.values()),
        kept=len(there.keys() & {*names.values()}),
        split=tuple(
            parts({(story, name): articles for story, articles in found.items()})
            for name, found in there.items()
            if len(found) > 1
        ),
        joined=tuple(
            parts({(story, name): articles for name, articles in found.items()})
            for story, found in here.items()
            if len(found) > 1
        ),
        alone=tuple(
            id_
            for found in there.values()
            if len(found) > 1
            for story, articles in found.items()
            if story in single
            for id_ in articles
        ),
    )


def _stored(store: Store, ids: Sequence[str]) -> Iterator[tuple[str, StoredArticle]]:
    """Yield ids with their articles; the id of an earlier version of a page with the latest."""
    for some in _parts(ids):
        articles, revisions = store.articles_called(some), store.revisions_called(some)
        latest = store.articles([revision.latest for revision in revisions.values()])
        found = {id_: latest[revision.latest] for id_, revision in revisions.items() if revision.latest in latest}
        found |= articles
        yield from ((id_, found[id_]) for id_ in some if id_ in found)


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _PAGE):
        yield items[start : start + _PAGE]
