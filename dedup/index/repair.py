"""Consistency check of a store, and its repair."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from dedup.errors import StoreError
from dedup.index.features.sketch import Vector, unpack_words
from dedup.index.state import IndexState
from dedup.index.store.records import Change, Kind, Sketch, StoredArticle, StoredStory, moment, spans
from dedup.index.stories.scale import Scale
from dedup.inputs.preferences import Preferences
from dedup.results.story_ids import story_id
from dedup.settings import METHOD_VERSION

if TYPE_CHECKING:
    from dedup.index.session import IndexSession

_PAGE = 500


_NOT_REPAIRED = "(not repaired"


def check(session: IndexSession, now: float | None = None) -> list[str]:
    """Return a message for each fault in the store of an index.

    Args:
        session: session of the index; inside `IndexSession.repair` if faults are to be repaired.
        now: time of the repair; None to repair nothing. Features are computed again from the words, or from the text if
            the words are damaged; stories are counted again; an article without a story starts one. The message of a
            fault that cannot be repaired says so. The repair is recorded in the log of changes.
    """
    faults = session.store.faults()
    if faults:
        return [f"{fault} {_NOT_REPAIRED}: restore a copy of the file)" for fault in faults]
    state = IndexState(session.store, session.metadata.settings, session.background, session.store.counts()["articles"])
    try:
        state.read_words()
    except StoreError as error:
        return [f"{error} {_NOT_REPAIRED})"]
    moved: list[tuple[str, str, str]] = []
    if session.metadata.method == METHOD_VERSION:  # features of another method are computed anew by a rebuild
        faults += _sketches(state, repair=now is not None)
        faults += _revisions(state, now)
    if session.metadata.embedding:
        faults += _embeddings(session, repair=now is not None)
    if now is not None:
        state.vocabulary.write()
    faults += _stories(session, now, moved)
    if now is not None and any(_NOT_REPAIRED not in fault for fault in faults):
        # Open readers load everything again at "refreshed": features and copies are not in the log.
        changes: list[tuple[Kind, str, str, str]] = [("refreshed", "", "", ""), *(("moved", *one) for one in moved)]
        first, at = session.store.highest()["last_change"] + 1, moment(now)
        session.store.append([Change(first + place, *change, at) for place, change in enumerate(changes)])
    return faults


def _sketches(state: IndexState, *, repair: bool) -> list[str]:
    store, faults, last = state.store, list[str](), -1
    seen: set[int] = set()
    pending = {*state.learned.pending()}  # computed anew by the next transaction that places articles
    while page := store.after(last, _PAGE):
        sketches = store.sketches([article.number for article in page])
        sound: list[tuple[StoredArticle, Sketch]] = []
        for article in page:
            sketch = sketches.get(article.number)
            if sketch is not None and _unpacks(sketch):
                sound.append((article, sketch))
                continue
            text = store.texts([article.number]).get(article.number)
            fault = f"article {article.id!r}: its features are {'damaged' if sketch else 'missing'}"
            if text is None and article.length:
                faults.append(
                    f"{fault} {_NOT_REPAIRED}, because its text is not stored: remove the article, or add it again)"
                )
                continue
            faults.append(fault)
            if repair:
                own = article.article(text or "")
                alone = Preferences(state.settings).is_ungrouped(own)
                features = state.features([("", "") if alone else (own.title, own.text)])[0]
                store.put_sketch(article.number, Sketch(features.packed, features.vector.packed()))
        judged = state.sketcher.judged(unpack_words(sketch.words for _, sketch in sound))
        for (article, sketch), vector in zip(sound, state.sketcher.vectors(judged), strict=True):
            if vector.packed() != sketch.vector and article.number not in pending:
                faults.append(f"article {article.id!r}: its vector does not match its words")
                if repair:
                    store.put_sketch(article.number, Sketch(sketch.words, vector.packed()))
        seen |= {article.number for article in page}
        last = page[-1].number
    for number in [number for number, _ in store.every_vector() if number not in seen]:
        faults.append(f"features of article number {number} are stored without the article")
        if repair:
            store.delete_sketch(number)
    return faults


def _revisions(state: IndexState, now: float | None) -> list[str]:
    """Check the earlier versions of pages. One without a latest version becomes an article again, in a new story."""
    store, faults = state.store, list[str]()
    for revision in store.lost_revisions():
        faults.append(f"article {revision.article.id!r}: the latest version of its page is missing")
        if now is not None:
            (features,) = state.features_of([Sketch(revision.words, b"")])
            store.delete_revisions([revision.number])
            store.put_articles([(revision.article, revision.text, Sketch(revision.words, features.vector.packed()))])
    return faults


def _embeddings(session: IndexSession, *, repair: bool) -> list[str]:
    """Check that each article has an embedding and none is left of others, and that joins are between articles."""
    store, faults, last = session.store, list[str](), -1
    advice = f"{_NOT_REPAIRED}: 'dedup index rebuild --embedding' embeds all articles anew)"
    there: set[int] = set()
    while page := store.after(last, _PAGE):
        versions = [*page, *(revision.article for revision in store.revisions_of([one.number for one in page]))]
        known = store.embedded([one.number for one in versions])
        without = [one.id for one in versions if one.number not in known]
        faults += [f"article {id_!r}: its embedding is missing {advice}" for id_ in without]
        there |= {one.number for one in versions}
        last = page[-1].number
    left = [number for number, _ in store.every_embedded() if number not in there]
    faults += [f"the embedding of article number {number} is stored without the article" for number in left]
    dangling = [number for number, other in store.joined().items() if not {number, other} <= there]
    faults += [f"article number {number} is joined to one that is not there" for number in dangling]
    scale = store.scale()
    try:
        if scale:
            Scale.unpacked(scale)
    except StoreError as error:
        faults.append(str(error))
        if repair:
            store.put_scale("")
    if repair:
        store.delete_embedded(left)
        store.delete_joined(dangling)
    return faults


def _unpacks(sketch: Sketch) -> bool:
    try:
        unpack_words([sketch.words])
        Vector.unpacked(sketch.vector)
    except StoreError:
        return False
    return True


def _stories(session: IndexSession, now: float | None, moved: list[tuple[str, str, str]]) -> list[str]:
    """Check placements and stories; `moved` receives id, story and previous story of the articles that are moved."""
    store, faults, last = session.store, list[str](), -1
    sizes: Counter[int] = Counter()
    highest = store.counts()["last_story"]
    while page := store.after(last, _PAGE):
        known = store.story_numbered(sorted({article.story for article in page}))
        roots = store.articles(sorted({article.copies for article in page}))
        for found in page:
            article = found
            before = known.get(article.story)
            if before is None or before.into is not None:
                faults.append(f"article {article.id!r}: its story is missing")
                highest += 1
                article = replace(article, story=highest, copies=article.number, representative=True)
                if now is not None:
                    name = f"{story_id(article.content)}-{highest}"
                    store.put_stories([StoredStory(highest, name, None, 1, article.seconds, article.seconds, now)])
                    store.place_articles([(article.number, article.story, article.copies, article.representative)])
                    moved.append((article.id, name, "" if before is None else before.id))
            root = roots.get(article.copies)
            if article.copies != article.number and (root is None or root.story != article.story):
                faults.append(f"article {article.id!r}: the article that it is a copy of is not in its story")
                if now is not None:
                    store.place_articles([(article.number, article.story, article.number, True)])
            sizes[article.story] += 1
        last = page[-1].number
    for first in range(1, highest + 1, _PAGE):
        for number, story in store.story_numbered(range(first, first + _PAGE)).items():
            if story.into is not None:
                continue
            articles = store.of_story(number)
            start, end = spans(articles)
            wanted = replace(story, size=len(articles), start=start, end=end)
            if wanted != story:
                faults.append(f"story {story.id}: its record has {story.size} articles, it has {len(articles)}")
                if now is not None and articles:
                    store.put_stories([wanted])
                elif now is not None:
                    store.delete_story(number)
    return faults
