"""Pages of an index: which articles are versions of one page, and which of them is the latest.

Only the latest version is an article of the index. The earlier ones are kept beside it, with their texts and addresses,
and are in no story. Versions are found as in a run (`dedup.group.pages`), in whatever order they come: each article is
compared with the ones before and after it under its addresses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dedup.article import Article
from dedup.group.pages import WINDOW
from dedup.index.features.sketch import unpack_words
from dedup.index.inputs import Incoming
from dedup.index.state import IndexState
from dedup.index.store.metadata import DAY
from dedup.index.store.protocol import Store
from dedup.index.store.records import AddressRow, Revision, Sketch, StoredArticle, dates_of
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.placement import Candidate
from dedup.inputs.addresses import PageKey, page_keys
from dedup.inputs.items import is_blank
from dedup.inputs.preferences import Preferences
from dedup.kinds import NOTHING, Content
from dedup.match.versions import are_versions, keeps_story
from dedup.vectorize.features import HashedWords

_PAGE = 1_000
_ADDRESSES = "addresses"
"""Metadata: 1 where all articles of the store have their addresses."""
_MATCHED = 2**62
"""Number of an article that is only matched: it comes after all others."""


@dataclass(slots=True, eq=False)
class Version:
    """An article that may be a version of a page.

    Attributes:
        article: the article, possibly without its text.
        number: its number.
        seconds: its date, nan if unknown.
        packed: its packed words, empty for an article that is only matched.
        candidate: the article as it comes.
        stored: the article as it is stored, if it is the latest of its page so far.
        revision: the article as it is stored, if it is not.
    """

    article: Article
    number: int
    seconds: float
    packed: bytes
    candidate: Candidate | None = None
    stored: StoredArticle | None = None
    revision: Revision | None = None

    @property
    def order(self) -> tuple[bool, float, float, int]:
        """Sort key: the latest version is the greatest, of equal dates the last that came. Stubs come first."""
        return not self.told.is_stub, *self._dates

    @property
    def _dates(self) -> tuple[float, float, int]:
        seconds = None if math.isnan(self.seconds) else self.seconds
        return *dates_of(seconds, self.article.seen), self.number

    @property
    def told(self) -> Content:
        """What it tells."""
        if self.candidate is not None:
            return self.candidate.incoming.told
        kept = self.stored or (self.revision and self.revision.article)
        return kept.told if kept else NOTHING

    @property
    def words(self) -> HashedWords:
        """All its words; those outside boilerplate of an article that is only matched."""
        return unpack_words([self.packed]) if self.packed or not self.candidate else self.candidate.features.words

    def addresses(self) -> list[tuple[PageKey, AddressRow]]:
        """Return its addresses, with their rows."""
        return [(key, AddressRow(key.digest, *self._dates)) for key in page_keys(self.article)]


def _of_candidate(candidate: Candidate, number: int) -> Version:
    return Version(candidate.incoming.article, number, candidate.when, candidate.features.packed, candidate=candidate)


def _of_stored(stored: StoredArticle, packed: bytes) -> Version:
    return Version(stored.article(""), stored.number, _seconds(stored), packed, stored=stored)


def _of_revision(revision: Revision) -> Version:
    stored = revision.article
    return Version(revision.to_article(), stored.number, _seconds(stored), revision.words, revision=revision)


def _seconds(stored: StoredArticle) -> float:
    return math.nan if stored.seconds is None else stored.seconds


class Page(NamedTuple):
    """A page with several versions.

    Attributes:
        versions: the versions, the latest last. The earlier versions of `stored` articles are left out where none of
            those that came lies before a stored one.
        kept: numbers of the stored articles whose earlier versions are left out.
    """

    versions: list[Version]
    kept: list[int]


def add_addresses(store: Store) -> None:
    """Write the addresses of all articles of a store that was made before they were kept; inside a transaction."""
    if store.metadata().get(_ADDRESSES) == "1":
        return
    last = -1
    while articles := store.after(last, _PAGE):
        store.put_addresses([row for article in articles for _, row in _of_stored(article, b"").addresses()])
        last = articles[-1].number
    store.put_metadata({_ADDRESSES: "1"})


def find_pages(state: IndexState, candidates: Sequence[Candidate], freed: Sequence[Revision]) -> list[Page]:
    """Return the pages of articles that come, and of earlier versions whose latest was removed or updated.

    Args:
        state: the articles.
        candidates: the articles that come, with numbers. Their addresses are written.
        freed: earlier versions that are of no page until they are compared again.
    """
    store = state.store
    alone = Preferences(state.settings).is_ungrouped
    known = {
        one.number or 0: _of_candidate(one, one.number or 0)
        for one in candidates
        if not (is_blank(one.incoming.article) or alone(one.incoming.article))
    }
    addresses = {number: version.addresses() for number, version in known.items()}
    store.put_addresses([row for held in addresses.values() for _, row in held])
    for revision in freed:
        known[revision.number] = _of_revision(revision)
        addresses[revision.number] = known[revision.number].addresses()
    shared = store.shared_addresses([*{key.digest for held in addresses.values() for key, _ in held}])
    found = _Found(state, known, {revision.number for revision in freed})
    for number in sorted(known, key=lambda number: known[number].order):
        for key, row in addresses[number]:
            for other in store.near(row, WINDOW) if key.digest in shared else ():
                found.compare(number, other, specific=key.specific)
    return found.pages()


def match_page(state: IndexState, candidate: Candidate) -> None:
    """Set the page and story of an article that is only matched, if it would be a version of a page."""
    if Preferences(state.settings).is_ungrouped(candidate.incoming.article):
        return
    version = _of_candidate(candidate, _MATCHED)
    found = _Found(state, {_MATCHED: version}, set())
    for key, row in version.addresses():
        for other in state.store.near(row, WINDOW):
            found.compare(_MATCHED, other, specific=key.specific)
    for page in found.pages():
        slot = state.table.slot(next(one.number for one in page.versions if one.stored))
        versions = [one for one in page.versions if one is version or one.article.id != candidate.id]
        place = versions.index(version)
        candidate.revision_of = versions[place - 1].number if place else None
        candidate.latest = None if version is versions[-1] else versions[-1].number
        if candidate.latest or _keeps_story(page.versions):
            candidate.story = int(state.table.story[slot])
        if candidate.latest or candidate.copies == state.table.copies[slot]:
            candidate.copies = None


class _Found:
    """The pages of some articles, as they are found.

    A page is named by the number of one of its articles: so far of the latest.
    """

    def __init__(self, state: IndexState, known: dict[int, Version], freed: set[int]) -> None:
        self._state, self._known, self._freed = state, known, freed
        self._open = [*known]
        self._page = {number: number for number in known}
        self._members: dict[int, set[int]] = {number: {number} for number in known}
        self._words: dict[int, HashedWords] = {}

    def compare(self, a: int, b: int, *, specific: bool) -> None:
        """Join the pages of two articles that are versions of each other."""
        if b not in self._known:
            self._read([b])
        if b not in self._known or self._page[a] == self._page[b]:
            return
        one, other = self._known[a], self._known[b]
        if one.article.id == other.article.id:  # an article that is matched under its own id
            return
        words = HashedWords.joined([self._words_of(a), self._words_of(b)])
        days = abs(one.seconds - other.seconds) / DAY
        is_certain = one.told.is_certain_version(other.told, specific=specific)
        if is_certain or are_versions(words, 0, 1, days, self._state.backend, specific=specific):
            self._join(self._page[a], self._page[b])

    def pages(self) -> list[Page]:
        """Return the pages with several versions, and those of freed articles alone."""
        found = []
        for page in dict.fromkeys(self._page[number] for number in self._open):
            if len(self._members[page]) == 1 and self._freed.isdisjoint(self._members[page]):
                continue  # an article alone that comes
            self._read([number for number in self._members[page] if number not in self._known])
            versions = {number: self._known[number] for number in self._members[page]}
            last = max(version.order for version in versions.values())
            stored = [number for number, version in versions.items() if version.stored]
            came = (version for version in versions.values() if version.candidate or version.number in self._freed)
            if any(version.order < last for version in came):  # it may lie between earlier versions
                versions |= {one.number: _of_revision(one) for one in self._state.store.revisions_of(stored)}
                stored = []
            else:  # only those that were compared: the greatest of the others is a stored one
                versions = {number: version for number, version in versions.items() if not self._is_kept(version)}
            if len(versions) > 1 or stored or {*versions} & self._freed:
                found.append(Page(sorted(versions.values(), key=lambda version: version.order), stored))
        return [page for page in found if len(page.versions) > 1 or page.versions[0].revision]

    def _is_kept(self, version: Version) -> bool:
        return version.revision is not None and version.number not in self._freed

    def _join(self, one: int, other: int) -> None:
        for number in self._members[other]:
            self._page[number] = one
        self._members[one] |= self._members.pop(other)

    def _words_of(self, number: int) -> HashedWords:
        if number not in self._words:
            self._words[number] = self._known[number].words
        return self._words[number]

    def _read(self, numbers: Sequence[int]) -> None:
        """Read stored articles, each with the page that it is of so far."""
        stored = self._state.stored_articles(numbers)
        packed = self._state.packed_words([*stored])
        found = {number: _of_stored(article, packed[number]) for number, article in stored.items()}
        revisions = self._state.store.revisions([number for number in numbers if number not in stored])
        found |= {number: _of_revision(revision) for number, revision in revisions.items()}
        self._known |= found
        for number, version in found.items():
            latest = version.revision.latest if version.revision else number
            for one in (latest, number):
                if one not in self._page:
                    self._page[one] = one
                    self._members[one] = {one}
            if self._page[number] != self._page[latest]:
                self._join(self._page[latest], self._page[number])


def settle_pages(
    state: IndexState, log: ChangeLog, pages: Iterable[Page], stories: Mapping[int, int], *, keep_text: bool
) -> Iterator[Candidate]:
    """Keep the earlier versions of pages aside, and yield the latest of each that is to be placed.

    Args:
        state: the articles.
        log: receives the changes.
        pages: the pages.
        stories: for the latest versions that freed articles had, by number, the number of their story.
        keep_text: whether texts are stored.
    """
    for versions, kept in pages:
        latest, earlier, first = versions[-1], versions[:-1], len(log.changes)
        state.store.revise([number for number in kept if number != latest.number], latest.number)
        aside = [_aside(state, version, latest.number, log.now, keep_text=keep_text) for version in earlier]
        copies = [number for version in earlier if version.stored for number in copies_of(state, version.number)]
        left = [_leave(state, log, version) for version in earlier]
        state.store.put_revisions(aside)
        for before, version in zip([None, *earlier], versions, strict=True):
            if version.candidate is not None:
                version.candidate.revision_of = None if before is None else before.number
                version.candidate.latest = None if version is latest else latest.number
        if latest.stored is not None:
            for story in filter(None, left):
                if state.table.of_story(story) and not log.settled([story]):
                    state.regroup(log, [story])
            continue
        candidate = latest.candidate or _again(state, latest)
        homes = [stories.get(version.revision.latest, 0) for version in versions if version.revision]
        candidate.page_story = next(filter(None, [*reversed(left), *homes]), 0)
        if latest.candidate is not None:  # one that comes again is placed by its text
            candidate.keeps_story = bool(earlier) and _keeps_story(versions)
        candidate.revised, candidate.page_copies = log.changes[first:], copies
        yield candidate


def _keeps_story(versions: Sequence[Version]) -> bool:
    """Return whether the latest of some versions is of the story of the one before it."""
    before, latest = versions[-2:]
    return before.told.is_stub or keeps_story(HashedWords.joined([before.words, latest.words]))


def _aside(state: IndexState, version: Version, latest: int, now: float, *, keep_text: bool) -> Revision:
    """Return a version as it is kept aside."""
    if version.revision is not None:
        return replace(version.revision, latest=latest)
    if version.candidate is not None:
        stored, text = version.candidate.incoming.to_store(version.number, 0, now, keep_text=keep_text)
        return Revision(stored, latest, version.packed, text)
    stored = state.stored_articles([version.number])[version.number]
    return Revision(stored, latest, version.packed, state.store.texts([version.number]).get(version.number))


def copies_of(state: IndexState, number: int) -> list[int]:
    """Return the numbers of the copies of an article."""
    table = state.table
    slot = table.slot(number)
    others = np.array([*table.of_story(int(table.story[slot]))], np.int64)
    copies = others[(table.copies[others] == table.copies[slot]) & (others != slot)]
    return [*map(int, np.sort(table.number[copies]))]


def _leave(state: IndexState, log: ChangeLog, version: Version) -> int:
    """Take an earlier version out of its story, and return its number; 0 if it was in none."""
    if version.stored is None:
        if version.candidate is not None:
            log.record("updated" if version.candidate.known else "revised", version.article.id, "")
        return 0
    story = int(state.table.story[state.table.slot(version.number)])
    shown = state.shown.story_of(version.number)
    log.record("revised", version.article.id, "", log.story(shown).id)
    state.remove(log, version.stored)
    return story


def _again(state: IndexState, version: Version) -> Candidate:
    """Return an earlier version as an article that comes again."""
    if version.revision is None:
        raise ValueError("the version is not kept aside")
    stored = version.revision.article
    incoming = Incoming(version.article, stored.content, stored.seconds, stored.dateline, stored.told)
    state.store.delete_revisions([version.number])
    (features,) = state.features_of([Sketch(version.packed, b"")])
    return Candidate(incoming, features, number=version.number, returns=stored)
