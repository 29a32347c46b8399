"""Update of the state in memory to what another process has written, without reading all articles again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dedup.index.store.protocol import StoryFilter
from dedup.index.store.records import StoredArticle
from dedup.index.stories.shown import by_the_method

if TYPE_CHECKING:
    from dedup.index.state import IndexState

MOST = 5_000
"""Most changes to apply; with more, everything is read again."""
_PAGE = 500
_KEEPING = frozenset({"added", "moved", "merged", "storyline", "decided", "undone"})
"""Kinds of changes with which no article leaves the store."""
_ROUNDING = 1e-3
"""Seconds by which the time of a change may be later than that of its story: it is rounded to microseconds."""


def sync(state: IndexState, cursor: int, last: int, now: float) -> bool:
    """Update the state in memory to its store.

    An article whose placement changed is in a story that changed, so only these stories are read, and if articles may
    have been removed, the numbers of all that are left.

    Args:
        state: state of a store that another process writes to.
        cursor: last change that the state has.
        last: last change of the store, the same if only copies have changed.
        now: time of the earlier of the two by the clock of the index, which may have gone back.

    Returns:
        False if the changes are not known, or too many: everything must be read again.
    """
    store, table = state.store, state.table
    changed = state.read_words()
    changes = store.changes(cursor, MOST + 1)
    complete = changes[0].cursor == cursor + 1 if changes else cursor == last  # else `vacuum` has deleted some
    if not complete or len(changes) > MOST or any(change.kind == "refreshed" for change in changes):
        return False
    for name in dict.fromkeys(change.story for change in changes if change.kind == "storyline"):
        story = store.story(name)
        if story is not None and story.into is None:
            state.storylines.put(story.number, story.line)
    by_method = store.automatic()
    names = list(dict.fromkeys(change.article for change in changes if change.kind == "updated"))
    updated = {article.number for article in store.articles_called(names).values()}
    stale = {number for number in updated | changed if number in table}
    if any(change.kind not in _KEEPING for change in changes):
        there = set(store.numbers())
        stale |= {number for number in table.numbers() if number not in there}
    for number in sorted(stale):
        state.drop(number)
    if stale:
        _replace_twins(state)
    new: list[StoredArticle] = []
    for shown in _touched(state, min([now, *(change.at.timestamp() - _ROUNDING for change in changes)])):
        article = by_the_method(shown, by_method)
        if article.number not in table:
            new.append(article)
            continue
        slot = table.slot(article.number)
        table.move(slot, article.story)
        table.copies[slot], table.representative[slot] = article.copies, article.representative
    again = store.articles(sorted(changed - {article.number for article in new})).values()
    new += [by_the_method(article, by_method) for article in again]
    new.sort(key=lambda article: article.number)
    vectors = state.vectors_of([article.number for article in new])
    first = store.first_alike([article.content for article in new])
    for article, vector in zip(new, vectors, strict=True):
        twin = first[article.content] != article.number
        table.add(article, vector, twin=twin)
        if article.number in updated and not twin:
            for other in store.alike(article.content)[1:]:
                if other.number in table:
                    table.hide(other.number)
    if state.joined.model:
        state.joined.read([article.number for article in new])
        state.joined.load_joins()
    state.shown.load()
    table.origin = {}
    state.keep_apart(store.apart([article.number for article in new]))
    table.tidy()
    return True


def _touched(state: IndexState, now: float) -> Iterator[StoredArticle]:
    wanted = StoryFilter(since=now)
    while page := state.store.stories(wanted, _PAGE):
        for story in page:
            yield from state.store.of_story(story.number)
        wanted = StoryFilter(since=now, before=(page[-1].touched, page[-1].number))


def _replace_twins(state: IndexState) -> None:
    """Compare the twins whose first article, which was compared in their place, was removed."""
    twins = [int(state.table.number[slot]) for slot in state.table.twins()]
    articles = state.store.articles(twins)
    first = state.store.first_alike([article.content for article in articles.values()])
    alone = [number for number, article in articles.items() if first[article.content] == number]
    state.table.compare([state.table.slot(number) for number in alone], state.vectors_of(alone))
