"""Stories, articles and changes read from a store, as `StoryIndex` returns them."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, get_args

from dedup.article import Article
from dedup.errors import CursorError, InputError
from dedup.group.canonical import Versions, canonical_of_group
from dedup.index.features.sketch import count_terms
from dedup.index.growth import Growth, grown_since, growths
from dedup.index.inputs import checked_count, checked_seconds, checked_text
from dedup.index.store.metadata import StoreMetadata
from dedup.index.store.protocol import Store, StoryFilter, StoryOrder
from dedup.index.store.records import UNDATED, Change, Revision, StoredArticle, StoredStory, version_order
from dedup.index.stories.recluster import FullClustering
from dedup.index.stories.shown import ShownStories
from dedup.inputs.preferences import Preferences
from dedup.kinds import SECONDARY, FoundKind
from dedup.results.assemble import headline, labels_of, last_news, rank
from dedup.results.clustering import Clustering, CopyGroup, Explanation, Story
from dedup.results.origins import Told, count_origins, read_publishers
from dedup.results.story_ids import copy_group_id, story_id
from dedup.settings import Settings

_PAGE = 500
_STORIES = 200
_RESTART = "Take the stories as they are, and go on from the number of changes that stats() tells before"


@dataclass(frozen=True, slots=True)
class IndexedArticle:
    """An article of an index with its story.

    Attributes:
        article: the article, without its text if the index stores no texts.
        story: id of its story.
        copy_of: id of the earlier article that it is a copy of, None if it is no copy.
        kind: its kind, and what it was found by.
        revision_of: id of the version before it of the same page, None if there is none.
        revised_by: id of the latest version of its page, which alone is in the story; None for this version itself.
        withdrawn: whether it was withdrawn.
    """

    article: Article
    story: str
    copy_of: str | None
    kind: FoundKind
    revision_of: str | None = None
    revised_by: str | None = None
    withdrawn: bool = False

    def to_record(self) -> dict[str, Any]:
        """Return the article, its story, its kind and what it is a copy or a version of as a dictionary for JSON."""
        places = {"story": self.story, "copy_of": self.copy_of}
        versions = {"revision_of": self.revision_of, "revised_by": self.revised_by, "withdrawn": self.withdrawn}
        found = {"kind": self.kind.kind, "kind_reason": self.kind.reason}
        return {"id": self.article.id, **places, **versions, **self.article.to_record(), **found}


@dataclass(frozen=True, slots=True)
class StoryPage:
    """A page of stories.

    Attributes:
        stories: the stories of the page.
        next: cursor of the next page, None for the last.
        growth: growth of each story, at the time of the first page.
    """

    stories: tuple[Story, ...]
    next: str | None
    growth: tuple[Growth, ...] = ()


def version_before(store: Store, article: StoredArticle | Revision) -> str | None:
    """Return the id of the version of its page before an article, None if there is none."""
    latest = article.latest if isinstance(article, Revision) else article.number
    before = [one for one in store.revisions_of([latest]) if one.number != article.number]
    if isinstance(article, Revision):
        before = [one for one in before if version_order(one.article) < version_order(article.article)]
    return max(before, key=lambda one: version_order(one.article)).article.id if before else None


def every_story(store: Store, pages: Iterator[Sequence[StoredStory]]) -> Iterator[Story]:
    """Yield stories with their articles."""
    preferences, publishers = _preferences(store), read_publishers()
    for page in pages:
        for stored in page:
            articles = store.of_story(stored.number)
            if articles:  # a writer may have removed them since
                yield _story(store, stored, articles, preferences, publishers)


def story_filter(
    since: date | datetime | str | None,
    outlet: str | None,
    min_size: int,
    storyline: str | None,
    dates: tuple[date | datetime | str | None, date | datetime | str | None],
    min_growth: float,
    growth_hours: float,
    order: StoryOrder,
    now: float,
) -> StoryFilter:
    """Return the filter of the arguments of `StoryIndex.stories`.

    Raises:
        InputError: one of them cannot be used.
    """
    if order not in get_args(StoryOrder):
        raise InputError(f"stories have no order {order!r}: it is one of {', '.join(get_args(StoryOrder))}")
    return StoryFilter(
        checked_seconds(since, "since"),
        None if outlet is None else checked_text(outlet, "outlet"),
        checked_count(min_size, "min_size"),
        None if storyline is None else checked_text(storyline, "storyline"),
        published_since=checked_seconds(dates[0], "published_since"),
        published_until=checked_seconds(dates[1], "published_until"),
        order=order,
        grown_since=grown_since(growth_hours, now),
        min_grown=min_growth * growth_hours,
    )


def page(store: Store, wanted: StoryFilter, cursor: str | None, most: int, hours: float) -> StoryPage:
    """Return the next page of stories that match, with their growth in a window of some hours.

    Raises:
        InputError: the cursor is invalid.
    """
    if cursor is not None:
        key, number, order, since = _place(cursor)
        if order != wanted.order:
            raise InputError(f"the cursor is that of another order, {order!r}: begin without one")
        wanted = replace(wanted, before=(key, number), grown_since=since)
    found = store.stories(wanted, most + 1)
    rest, last = len(found) > most, found[:most]
    numbers = {story.id: story.number for story in last}
    growth = growths(store, [*numbers.values()], wanted.grown_since, hours)
    end = _cursor(_key(last[-1], wanted.order, growth), last[-1].number, wanted) if rest else None
    stories = tuple(every_story(store, iter([last])))
    return StoryPage(stories, end, tuple(growth[numbers[story.id]] for story in stories))


def pages(store: Store, wanted: StoryFilter) -> Iterator[list[StoredStory]]:
    """Yield all stories that match, in lists."""
    while found := store.stories(wanted, _STORIES):
        yield found
        last = found[-1]
        growth = growths(store, [last.number], wanted.grown_since, 1.0) if wanted.order == "growth" else {}
        wanted = replace(wanted, before=(_key(last, wanted.order, growth), last.number))


def _key(story: StoredStory, order: StoryOrder, growth: Mapping[int, Growth]) -> float:
    if order == "growth":
        return growth[story.number].articles
    if order == "date":
        return UNDATED if story.end is None else story.end
    return story.size if order == "size" else story.touched


def placements(store: Store, settings: Settings) -> Clustering:
    """Return all articles of a store in their stories, without links."""
    rows: list[StoredArticle] = []
    texts: dict[int, str] = {}
    while page := store.after(rows[-1].number if rows else -1, _PAGE):
        texts |= store.texts([row.number for row in page])
        rows += page
    return _placed(store, settings, rows, texts)


def newest(store: Store, settings: Settings, most: int) -> Clustering:
    """Return the stories of the articles that were added last, whole, without texts and links.

    Args:
        store: the store.
        settings: its settings.
        most: articles that are looked at; those of their stories that were added before come with them.
    """
    last = store.highest()["last_article"]
    rows = {row.number: row for row in store.after(last - most, most)}
    for story, count in Counter(row.story for row in rows.values()).items():
        if store.story_numbered([story])[story].size > count:
            rows |= {row.number: row for row in store.of_story(story)}
    return _placed(store, settings, [rows[number] for number in sorted(rows)], None)


def _placed(
    store: Store, settings: Settings, rows: Sequence[StoredArticle], texts: Mapping[int, str] | None
) -> Clustering:
    articles = [row.article("" if texts is None else texts.get(row.number, "")) for row in rows]
    kinds = [row.kind for row in rows]
    held: dict[int, list[StoredArticle]] = defaultdict(list)
    for row in rows:
        held[row.story].append(row)
    named: dict[int, StoredStory] = {}
    for start in range(0, len(rows), _PAGE):
        named |= store.story_numbered(sorted({row.story for row in rows[start : start + _PAGE]}))
    preferences, publishers = Preferences(settings), read_publishers()
    stories = [_story(store, named[number], members, preferences, publishers) for number, members in held.items()]
    stories.sort(key=rank)
    for start in range(0, len(rows), _PAGE):
        revisions = store.revisions_of([row.number for row in rows[start : start + _PAGE]])
        articles += [revision.to_article() for revision in revisions]
        kinds += [revision.article.kind for revision in revisions]
    labels, copy_labels = labels_of(stories, [article.id for article in articles])
    datelines = {
        number: date.fromisoformat(row.dateline)
        for number, row in enumerate(rows)
        if row.dateline and articles[number].published is None
    }
    return Clustering(
        tuple(articles),
        tuple(stories),
        settings,
        labels,
        copy_labels,
        kinds=tuple(kinds),
        datelines=datelines,
        has_texts=texts is not None,
    )


def shown_clustering(store: Store, found: FullClustering, shown: ShownStories) -> Clustering:
    """Return a clustering of all articles with the stories that are shown, where decisions make others of them."""
    label_of = found.label_of()
    stories: dict[int, list[int]] = defaultdict(list)
    for number, label in label_of.items():
        stories[label].append(number)
    first_of: dict[int, int] = {}
    roots: dict[int, int] = {}
    for number, label in zip(found.numbers, found.clustering.copy_labels, strict=True):
        roots[number] = number if label < 0 else first_of.setdefault(label, number)
    involved, groups = shown.instead_of(stories, roots.__getitem__)
    preferences, publishers = _preferences(store), read_publishers()
    before, first = found.clustering.stories, found.shown()
    made = []
    for group in groups:
        copies: dict[int, int] = {}
        rows = [
            row.placed(0, copies.setdefault(roots[row.number], row.number), representative=True)
            for row in sorted(store.articles(group.numbers).values(), key=lambda row: row.number)
        ]
        if rows:
            senior = min(rows, key=_seniority)
            label, name = label_of[senior.number], story_id(senior.content)
            chosen = first.get(min(number for number in stories[label_of[rows[0].number]]))
            stored = StoredStory(0, name, None, len(rows), None, None, 0.0, chosen, False, before[label].storyline)
            stored = replace(stored, title=group.title, pinned=group.pinned)
            made.append(replace(_story(store, stored, rows, preferences, publishers), revisions=()))
    kept = [story for label, story in enumerate(before) if label not in involved]
    return found.with_stories([*kept, *made], shown.decisions)


def stats(store: Store, metadata: StoreMetadata, memory: int | None, learned: int) -> dict[str, Any]:
    """Return counts, sizes and options of an index for JSON.

    Args:
        store: the store.
        metadata: its metadata.
        memory: bytes of memory that the articles take, None if unknown.
        learned: passages and bodies that it has learned.
    """
    counts = store.counts()
    return {
        "store": store.where,
        "articles": counts["articles"],
        "revisions": store.count_revisions(),
        "stories": counts["stories"],
        "changes": counts["last_change"],
        "bytes": store.size(),
        "memory": memory,
        "settings": metadata.settings.fingerprint,
        "background": {
            "fingerprint": metadata.fingerprint,
            "version": metadata.version,
            "articles": metadata.learned_from,
        },
        "embedding": metadata.embedding,
        "learned": learned,
        "store_text": metadata.store_text,
        "keep_days": metadata.keep_days,
        "settle_hours": metadata.settle_hours,
    }


def changes_after(store: Store, since: int, most: int) -> list[Change]:
    """Return up to `most` changes after a cursor.

    Raises:
        InputError: the cursor or the limit is invalid.
        CursorError: the changes after the cursor are not known.
    """
    since, most = checked_count(since, "since", 0), checked_count(most, "limit")
    with store.reading():
        last = store.highest()["last_change"]
        found = store.changes(since, most) if since < last else []
    if since > last:
        problem = (
            f"there are {last:,} changes, and none with the cursor {since:,}: it is of another store, or of a later"
        )
        raise CursorError(f"{problem} state of this one. {_RESTART}", last + 1, last)
    first = found[0].cursor if found else last + 1
    if first != since + 1:
        raise CursorError(
            f"the changes before {first:,} were forgotten, those after {since:,} too. {_RESTART}", first, last
        )
    return found


def explain(
    alone: Clustering, *, same_story: bool, same_text: bool, chance: float | None = None, by_embedding: bool = False
) -> Explanation:
    """Explain two articles, adapted to where the index has placed them.

    Args:
        alone: clustering of the two articles only, with the background of the index, so their scores are the same.
        same_story, same_text: whether the index has them in one story, and in one copy group.
        chance: chance of one story that the embedding of the index gives them, None without one.
        by_embedding: whether they are in one story only because of it.
    """
    found = replace(alone.explain(0, 1), embedding=chance)
    if (found.same_story, found.same_text) == (same_story, same_text):
        return found
    score = f"their own score is {found.link.score:.3f}, two articles alone need {found.threshold:.3f}"
    if by_embedding and same_story and not found.same_story:
        reason = (
            f"One story by the embedding, which found their groups close; their own score by words is"
            f" {found.link.score:.3f}."
        )
    elif same_text:
        reason = "The same text by way of others: each overlaps with a copy that overlaps with the other's."
    elif same_story:
        reason = f"One story by way of others: {score}."
    elif found.same_text:
        reason = "Not joined: the index has them in two stories, of which one is settled or not reconciled yet."
    elif found.same_story:
        reason = f"Not joined: {score}, but on average the articles of their stories are not alike enough."
    else:
        reason = found.reason
    return replace(found, same_story=same_story, same_text=same_text, joined_at=None, reason=reason)


def _preferences(store: Store) -> Preferences:
    return Preferences(Settings(**json.loads(store.metadata()["settings"])))


def _story(
    store: Store,
    stored: StoredStory,
    rows: Sequence[StoredArticle],
    preferences: Preferences,
    publishers: Mapping[str, str],
) -> Story:
    in_order = sorted(rows, key=_seniority)
    dated = [row.article("") for row in in_order]
    groups: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(in_order):
        groups[row.copies].append(place)
    versions = _versions(store, in_order, [group for group in groups.values() if len(group) > 1])
    if preferences:
        versions = versions._replace(ranks=[preferences.rank(article) for article in dated])
    withdrawn = store.withdrawn([row.number for row in in_order])
    if withdrawn:
        versions = versions._replace(withdrawn=[row.number in withdrawn for row in in_order])
    canonical = {copies: canonical_of_group(group, versions) for copies, group in groups.items()}

    pinned = next((place for place, row in enumerate(in_order) if row.number == stored.pinned), None)
    if pinned is not None and in_order[pinned].number not in withdrawn:
        canonical[in_order[pinned].copies] = pinned
    else:
        pinned = None

    def rank(copies: int) -> tuple[bool, bool, bool]:
        is_chosen = any(in_order[place].number == stored.shown for place in groups[copies])
        gone = in_order[canonical[copies]].number in withdrawn
        return gone, versions.secondary[canonical[copies]], not is_chosen

    shown = canonical[min(groups, key=rank)] if pinned is None else pinned
    dates = [(row.copies, article.published) for row, article in zip(in_order, dated, strict=True)]
    told = [Told(row.source, row.told, row.copies) for row in in_order]
    title = dated[shown]
    if not title.title.strip():
        number = in_order[shown].number
        title = in_order[shown].article(store.texts([number]).get(number, ""))
    return Story(
        id=stored.id,
        articles=tuple(row.id for row in in_order),
        canonical=in_order[shown].id,
        title=stored.title or headline(title),
        copy_groups=tuple(
            CopyGroup(
                copy_group_id(in_order[group[0]].content),
                tuple(in_order[place].id for place in group),
                in_order[canonical[copies]].id,
            )
            for copies, group in groups.items()
            if len(group) > 1
        ),
        start=next((day for _, day in dates if day is not None), None),
        end=last_news(dates),
        sources=tuple(sorted({row.source for row in in_order if row.source})),
        storyline=stored.storyline,
        origins=count_origins(told, publishers),
        revisions=_revisions(store, in_order),
    )


def _revisions(store: Store, rows: Sequence[StoredArticle]) -> tuple[tuple[str, ...], ...]:
    """Return the ids of the versions of each page with several, the oldest first."""
    ids, earlier = {row.number: row.id for row in rows}, defaultdict[int, list[StoredArticle]](list)
    for revision in store.revisions_of([*ids]):
        earlier[revision.latest].append(revision.article)
    pages = [
        (*(one.id for one in sorted(versions, key=version_order)), ids[latest]) for latest, versions in earlier.items()
    ]
    return tuple(sorted(pages))


def _seniority(row: StoredArticle) -> tuple[float, int, bytes, str]:
    """Return the sort key of an article, as in a run; it does not depend on when the article was added."""
    return math.inf if row.seconds is None else row.seconds, -row.length, row.content, row.id


def _versions(store: Store, rows: Sequence[StoredArticle], groups: Sequence[Sequence[int]]) -> Versions:
    """Return what the canonical articles of copy groups are chosen by, for each place in `rows`."""
    sketches = store.sketches([rows[place].number for group in groups for place in group]) if groups else {}
    return Versions(
        [count_terms(sketches[row.number].vector) if row.number in sketches else 0 for row in rows],
        [row.length for row in rows],
        [math.inf if row.seconds is None else row.seconds for row in rows],
        [row.kind.kind in SECONDARY for row in rows],
    )


def _cursor(key: float, number: int, wanted: StoryFilter) -> str:
    place = json.dumps([key, number, wanted.order, wanted.grown_since])
    return base64.urlsafe_b64encode(place.encode()).decode("ascii").rstrip("=")


def _place(cursor: str) -> tuple[float, int, str, float]:
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        key, number, order, since = place
        key, since = float(key), float(since)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        key, number, order, since = math.nan, None, "", math.nan
    known = isinstance(number, int) and not isinstance(number, bool) and isinstance(order, str)
    if not known or not math.isfinite(key) or not math.isfinite(since) or abs(number) > 2**62:
        raise InputError(f"{cursor[:60]!r} is no cursor that a page of stories ended with: begin without one")
    return key, int(number), order, since
