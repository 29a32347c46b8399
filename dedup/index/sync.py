"""What is in memory brought to what another process has written since, without reading all of it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dedup.index.store.protocol import StoryFilter
from dedup.index.store.records import StoredArticle

if TYPE_CHECKING:
    from dedup.index.state import Keeper

MOST = 5_000
"""Changes up to which they are followed; after more all is read again."""
_PAGE = 500


def follow(keeper: Keeper, cursor: int, now: float) -> bool:
    """Brings a keeper's articles to what its store holds.

    Every article that has another place is in a story that was touched; so these alone are read, and the numbers of all
    articles, for those that are gone.

    Args:
        keeper: of a store that another process writes to.
        cursor: the last change that it knows.
        now: the time by the index's clock up to which it knows what was touched.

    Returns:
        False where it cannot be told what has changed: then all is to be read again.
    """
    store, live = keeper.store, keeper.live
    changes = store.changes(cursor, MOST + 1)
    told = not changes or changes[0].cursor == cursor + 1  # else some have been forgotten
    if not told or len(changes) > MOST or any(change.kind == "refreshed" for change in changes):
        return False
    names = list(dict.fromkeys(change.article for change in changes if change.kind == "updated"))
    anew = {article.number for article in store.articles_called(names).values()}
    there = set(store.numbers())
    for number in [number for number in live.numbers() if number not in there or number in anew]:
        keeper.let_go(number)
    _promote(keeper)
    new: list[StoredArticle] = []
    for article in _touched(keeper, now):
        if article.number not in live:
            new.append(article)
            continue
        slot = live.slot(article.number)
        live.move(slot, article.story)
        live.copies[slot], live.representative[slot] = article.copies, article.stands
    new.sort(key=lambda article: article.number)
    vectors = keeper.vectors_of([article.number for article in new])
    first = store.first_alike([article.content for article in new])
    for article, vector in zip(new, vectors, strict=True):
        live.add(article, vector, twin=first[article.content] != article.number)
    keeper.part(store.apart([article.number for article in new]))
    live.tidy()
    return True


def _touched(keeper: Keeper, now: float) -> Iterator[StoredArticle]:
    wanted = StoryFilter(since=now)
    while page := keeper.store.stories(wanted, _PAGE):
        for story in page:
            yield from keeper.store.of_story(story.number)
        wanted = StoryFilter(since=now, before=(page[-1].touched, page[-1].number))


def _promote(keeper: Keeper) -> None:
    """Compares those whose like, which was compared in their place, is gone."""
    twins = [int(keeper.live.number[slot]) for slot in keeper.live.twins()]
    articles = keeper.store.articles(twins)
    first = keeper.store.first_alike([article.content for article in articles.values()])
    alone = [number for number, article in articles.items() if first[article.content] == number]
    keeper.live.compare([keeper.live.slot(number) for number in alone], keeper.vectors_of(alone))
