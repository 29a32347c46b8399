"""The articles of an index in memory and in its store, and every change to them: adding, removing, moving."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from dedup.backends import WORTH_COMPILING, CompiledBackend, NumpyBackend, PlainBackend, form_for_index
from dedup.background import Background
from dedup.errors import StoreError
from dedup.index.boilerplate import LearnedBoilerplate, Lesson
from dedup.index.compiling import compile_kernels
from dedup.index.features.sketch import HEAD, Features, Sketcher, Vector, count_body, pack_words, unpack_words, unpacked
from dedup.index.search.table import ArticleTable
from dedup.index.store.protocol import Store
from dedup.index.store.records import Kind, Revision, Sketch, StoredArticle
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.joined import Joined, Visitor
from dedup.index.stories.lessons import lesson_held_by
from dedup.index.stories.merge import assign
from dedup.index.stories.placement import Candidate, Decision, Placer
from dedup.index.stories.regroup import MOST, fixed_articles, nearest, regroup
from dedup.index.stories.shown import ShownStories, by_the_method
from dedup.index.stories.storylines import Storylines
from dedup.index.vocabulary import StoredVocabulary
from dedup.inputs.preferences import Preferences
from dedup.kinds import FOLLOWING
from dedup.progress import Progress
from dedup.settings import Settings
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import terms_of

_PAGE = 1_000
_COMPARED_AT_ONCE = 1 << 14
REMEMBERED = 4_096
"""Features kept in memory, those of the articles used last."""


class IndexState:
    """The articles of a store, in memory and on disk.

    Args:
        store: where they are stored.
        settings: settings of the index.
        background: background of the index.
        articles: expected number of articles, which selects the backend.
        progress: called with progress where something takes long.
        vocabulary: the words of the store; None to read them.
        embedding: name of the embedding of the index, "" without one.
        stale: whether its vectors are those of an older method.

    Attributes:
        joined: the articles that an embedding adds to stories.
        shown: the stories that are shown: those in the table, with joins and decisions laid over them.
        apart: for numbers of articles the others that are never in one story with them.
        uncommitted: sketches of the open transaction, which other threads do not see in the store.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        background: Background,
        articles: int,
        progress: Progress | None = None,
        vocabulary: StoredVocabulary | None = None,
        *,
        embedding: str = "",
        stale: bool = False,
    ) -> None:
        self.store, self.settings, self.background = store, settings, background
        alone = replace(settings, threads=1)  # for a few articles at a time threads take longer to start than to work
        fast = form_for_index(articles) == "compiled"
        self.backend: PlainBackend = CompiledBackend(alone, progress) if fast else NumpyBackend(alone)
        self.sketcher = Sketcher(self.backend, settings, background)
        self.learned = LearnedBoilerplate(store, background)
        self.vocabulary = vocabulary or StoredVocabulary(store)
        self.vocabulary.use(self.backend)
        self._stale = stale
        if fast:
            compile_kernels(self.backend, alone, background, progress)
        self.table = ArticleTable(settings, background.crowd, self._every_vector, fast=fast)
        self.placer = Placer(self.table, self.backend, settings, self.words_of, self.vectors_of)
        self.storylines = Storylines(
            self.table, self.backend, settings, background.crowd, self.sketcher, self.vectors_of
        )
        self.apart: dict[int, set[int]] = defaultdict(set)
        self.joined = Joined(self.table, store, settings, self.apart, self.storylines.of, model=embedding)
        self.shown = ShownStories(self.table, store, self._nearest, self.joined)
        self.uncommitted: dict[int, Sketch] = {}
        self._vectors: dict[int, Vector] = {}
        self._words: dict[int, HashedWords] = {}
        self._unwritten: dict[int, tuple[StoredArticle, str | None, Sketch]] = {}
        self._moved: dict[int, tuple[int, int, bool]] = {}
        self._new_apart: list[tuple[int, int]] = []

    def stored_articles(self, numbers: Sequence[int]) -> dict[int, StoredArticle]:
        """Return articles that are stored or still to be written. Their placement may be out of date."""
        return self._stored(numbers)

    def packed_words(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Return the packed words of articles, by number."""
        return {number: sketch.words for number, sketch in self._sketches(numbers).items()}

    def has_outgrown_numpy(self) -> bool:
        """Return whether there are now enough articles for the compiled backend, and it is available."""
        return (
            isinstance(self.backend, NumpyBackend)
            and len(self.table) >= WORTH_COMPILING
            and form_for_index(len(self.table)) != "numpy"
        )

    def load(self) -> None:
        """Read the stored articles into the table."""
        self.read_words()
        self.keep_apart(self.store.apart())
        self.storylines.load(self.store.lines())
        last, holders, by_method = -1, set[bytes](), self.store.automatic()
        vectors = self._every_vector()
        slots: list[int] = []
        compared: list[Vector] = []
        while page := self.store.after(last, _PAGE):
            for article in page:
                # A sketch without an article is skipped here and reported by `check`.
                number, vector = next((one for one in vectors if one[0] >= article.number), (-1, None))
                if number != article.number or vector is None:
                    fault = f"the features of article {article.id!r} are missing"
                    raise StoreError(f"{self.store.where}: {fault}: 'dedup index check --repair' computes them again")
                twin = article.content in holders
                slot = self.table.admit(article.number, article.seconds, article.source, vector, twin=twin)
                self.table.settle(slot, by_the_method(article, by_method))
                holders.add(article.content)
                if not twin:
                    slots.append(slot)
                    compared.append(vector)
            last = page[-1].number
            if len(slots) >= _COMPARED_AT_ONCE or len(page) < _PAGE:
                self.table.compare(slots, compared)
                slots, compared = [], []
        if slots:
            self.table.compare(slots, compared)
        self.joined.load()
        self.shown.load()
        self.table.origin = {}

    def read_words(self) -> set[int]:
        """Read new words and boilerplate of the store, and return the articles with other features."""
        self.vocabulary.read()
        changed = self.learned.read()
        self.sketcher.background = self.learned.background
        return changed

    def features(self, texts: Sequence[tuple[str, str]], *, to_store: bool = True) -> list[Features]:
        """Compute the features of titles and texts. The words are packed only if they are to be stored."""
        words, background = self.sketcher.words(texts, self.vocabulary.words, insert=to_store), self.sketcher.background
        keep, misplaced = self.sketcher.own_and_misplaced(words, background)
        judged, wrong = words.kept(keep), {*misplaced}
        vectors = self.sketcher.vectors(judged)
        return [
            Features(
                pack_words(words, place) if to_store else b"",
                judged.part(place, place + 1),
                vector,
                background,
                place in wrong,
            )
            for place, vector in enumerate(vectors)
        ]

    def features_of(self, sketches: Sequence[Sketch]) -> list[Features]:
        """Compute the features of stored articles anew."""
        background = self.sketcher.background
        judged = self.sketcher.judged(unpack_words(sketch.words for sketch in sketches))
        vectors = self.sketcher.vectors(judged) if sketches else []
        return [
            Features(sketch.words, judged.part(place, place + 1), vector, background)
            for place, (sketch, vector) in enumerate(zip(sketches, vectors, strict=True))
        ]

    def lesson_held_by(self, words: HashedWords) -> Lesson:
        """Return all passages and bodies of an article, see `stories.lessons.lesson_held_by`."""
        return lesson_held_by(words, self.sketcher.background, self.backend.outside_boilerplate)

    def refresh(self, candidates: Sequence[Candidate]) -> None:
        """Compute the features of candidates anew where the index has learned boilerplate of them since."""
        background = self.sketcher.background
        old = [one for one in candidates if one.features.background is not background]
        if not old:
            return
        words = self.sketcher.judged(unpack_words(one.features.packed for one in old))
        changed = [
            place
            for place, one in enumerate(old)
            if not np.array_equal(words.part(place, place + 1).hashes, one.features.words.hashes)
        ]
        for one in old:
            one.features = replace(one.features, background=background)
        vectors = self.sketcher.vectors(words.take(np.array(changed, np.int64))) if changed else []
        for place, vector in zip(changed, vectors, strict=True):
            old[place].features = replace(old[place].features, words=words.part(place, place + 1), vector=vector)

    def recompute_vectors(self) -> None:
        """Compute the vectors of all stored articles anew, from their words."""
        for page in self._pages():
            numbers = [article.number for article in page]
            sketches = self.store.sketches(numbers)
            for number, vector in zip(numbers, self._new_vectors(numbers), strict=True):
                self.store.put_sketch(number, Sketch(sketches[number].words, vector.packed()))

    def recompute_features(self) -> None:
        """Compute the words and vectors of all stored articles anew, from their texts."""
        for page in self._pages():
            texts = self.store.texts([article.number for article in page])
            alone = Preferences(self.settings).is_ungrouped
            every = [article.article(texts.get(article.number, "")) for article in page]
            given = [("", "") if alone(article) else (article.title, article.text) for article in every]
            for stored, features in zip(page, self.features(given), strict=True):
                self.store.put_sketch(stored.number, Sketch(features.packed, features.vector.packed()))
        for revisions in self._revision_pages():
            given = [(revision.article.article("").title, revision.text or "") for revision in revisions]
            found = zip(revisions, self.features(given), strict=True)
            self.store.put_revisions([replace(revision, words=features.packed) for revision, features in found])

    def stored_terms(self) -> NDArray[np.int64]:
        """Return the terms of the words of all stored articles, ascending."""
        found = np.empty(0, np.int64)
        for page in self._pages():
            sketches = self.store.sketches([article.number for article in page])
            words = unpack_words(sketch.words for sketch in sketches.values())
            found = np.union1d(found, terms_of(np.unique(words.hashes)))
        for revisions in self._revision_pages():
            words = unpack_words(revision.words for revision in revisions)
            found = np.union1d(found, terms_of(np.unique(words.hashes)))
        return found

    def distinct(self) -> list[int]:
        """Return the first of all stored articles with one title and text, in the order in which a run has them."""
        first: dict[bytes, int] = {}
        for page in self._pages():
            for article in page:
                first.setdefault(article.content, article.number)
        return [number for _, number in sorted(first.items())]

    def stored_words(self, numbers: Sequence[int]) -> HashedWords:
        """Return all words of articles, by number."""
        blocks = []
        for start in range(0, len(numbers), _PAGE):
            some = numbers[start : start + _PAGE]
            sketches = self._sketches(some)
            blocks.append(unpack_words(sketches[number].words for number in some))
        return HashedWords.joined(blocks)

    def have_lost_words(self, slots: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether bodies have words that are not compared, of articles by slot; shape (articles,)."""
        table = self.table
        unknown = slots[table.has_lost[slots] < 0]
        numbers = table.number[unknown].tolist()
        heads = {number: self.uncommitted[number].words for number in numbers if number in self.uncommitted}
        heads |= self.store.words_begin([number for number in numbers if number not in heads], HEAD)
        every = np.array([count_body(heads.get(number, b"")) for number in numbers], np.int64)
        table.has_lost[unknown] = every != np.where(table.form[unknown] == 1, 0, table.length[unknown])
        return table.has_lost[slots] > 0

    def outlets_of(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """Return the number of the outlet of articles, -1 if unknown; shape (articles,)."""
        return self.table.outlet[[self.table.slot(number) for number in numbers]].astype(np.int64)

    def contents_of(self, numbers: Sequence[int]) -> dict[int | None, bytes]:
        """Return the hash of title and text of articles, by number."""
        return {number: article.content for number, article in self._stored(numbers).items()}

    def with_twins(self, numbers: Sequence[int]) -> list[int]:
        """Return the numbers of articles, and of all that have the same title and text, in ascending order."""
        contents = {article.content for article in self._stored(numbers).values()}
        twins = {twin.number for content in contents for twin in self.store.alike(content)}
        return sorted({*numbers, *(number for number in twins if number in self.table)})

    def _pages(self) -> Iterator[list[StoredArticle]]:
        last = -1
        while page := self.store.after(last, _PAGE):
            yield page
            last = page[-1].number

    def _revision_pages(self) -> Iterator[list[Revision]]:
        for page in self._pages():
            if revisions := self.store.revisions_of([article.number for article in page]):
                yield revisions

    def _new_vectors(self, numbers: Sequence[int]) -> list[Vector]:
        return self.sketcher.vectors(self.words_of(numbers))

    def words_of(self, numbers: Sequence[int]) -> HashedWords:
        """Return the words outside boilerplate of articles, by number."""
        absent = [number for number in numbers if number not in self._words]
        if absent:
            sketches = self._sketches(absent)
            judged = self.sketcher.judged(unpack_words(sketches[number].words for number in absent))
            for place, number in enumerate(absent):
                self._words[number] = judged.part(place, place + 1)
        parts = [self._words[number] for number in numbers]
        self._evict()
        return parts[0] if len(parts) == 1 else HashedWords.joined(parts)

    def vectors_of(self, numbers: Sequence[int]) -> list[Vector]:
        """Return the vectors of articles, by number."""
        absent = [number for number in numbers if number not in self._vectors]
        if absent:
            found = self._sketches(absent)
            packed = [sketch.vector for sketch in found.values()]
            self._vectors |= zip(found, self._unpacked(packed), strict=True)
        vectors = [self._vectors[number] for number in numbers]
        self._evict()
        return vectors

    def admit(self, candidates: Sequence[Candidate]) -> None:
        """Give candidates that come together slots, and find their twins, neighbours and overlaps."""
        first = self.store.first_alike(list(dict.fromkeys(one.incoming.content for one in candidates)))
        for one in candidates:
            number, features = one.number or 0, one.features
            twin = first.setdefault(one.incoming.content, number)
            one.twin = None if twin == number else twin
            seconds, source = one.incoming.seconds, one.incoming.article.source
            one.slot = self.table.admit(number, seconds, source, features.vector, twin=one.twin is not None)
            self._vectors[number], self._words[number] = features.vector, features.words
        self._evict()
        for one in candidates:
            one.neighbours = None
        self.placer.find_neighbours([one for one in candidates if one.twin is None])

    def withdraw(self, candidates: Sequence[Candidate]) -> None:
        """Take back what `admit` did."""
        for one in candidates:
            number = one.number or 0
            self.table.withdraw(number)
            self._vectors.pop(number, None)
            self._words.pop(number, None)

    def forget(self, numbers: Iterable[int]) -> None:
        """Forget the words of articles, in which there is other boilerplate now."""
        numbers = list(numbers)
        self.storylines.forget(numbers)
        for number in numbers:
            self._words.pop(number, None)
            self._vectors.pop(number, None)

    def insert(
        self, log: ChangeLog, candidate: Candidate, decision: Decision, article: StoredArticle, text: str | None
    ) -> None:
        """Put an article where it was decided, and regroup the stories that this affects."""
        copies = article.number if decision.copies is None else decision.copies
        placed = article.placed(article.story, copies, representative=decision.representative)
        sketch = Sketch(candidate.features.packed, candidate.features.vector.packed())
        self._unwritten[article.number] = (placed, text, sketch)
        self.uncommitted[article.number] = sketch
        self.table.settle(self.table.slot(article.number), placed)
        if candidate.before or candidate.known:
            self.storylines.forget([article.number])
        self.storylines.relate(article.number, candidate.neighbours)
        if len(candidate.apart):
            pairs = [(min(number, article.number), max(number, article.number)) for number in candidate.apart]
            self.keep_apart(pairs)
            self._new_apart += pairs
        log.touch(article.story)
        for number in decision.digests:
            self._separate_digest(log, number)
        if decision.regroup:
            self.regroup(log, [article.story, *decision.regroup])

    def compare(self, candidates: Sequence[Candidate]) -> None:
        """Let later articles be compared with admitted candidates. Twins are compared through their first article."""
        own = [(one.slot, one.features.vector) for one in candidates if one.slot is not None and one.twin is None]
        if own:
            self.table.compare([slot for slot, _ in own], [vector for _, vector in own])

    def search_first_twins(self, log: ChangeLog, candidates: Sequence[Candidate]) -> None:
        """Search the first of all articles of the same text, which an update may have changed: see `load`."""
        table = self.table
        for one in candidates:
            number, other = one.number or 0, one.twin
            if other is None or other < number:
                continue
            slot, hidden = table.slot(number), table.slot(other)
            story, copies = int(table.story[slot]), int(table.copies[slot])
            self._put(log, number, story, copies, representative=bool(table.representative[hidden]))
            self._put(log, other, int(table.story[hidden]), int(table.copies[hidden]), representative=False)
            table.hide(other)
            table.compare([slot], [one.features.vector])

    def write(self) -> None:
        """Write all pending changes to the store."""
        self.vocabulary.write()
        if self._moved:
            rows = [(number, *placed) for number, placed in self._moved.items()]
            self.shown.overwritten.update(self._moved)
            self._moved = {}
            self.store.place_articles(rows)
        if self._unwritten:
            articles = [*self._unwritten.values()]
            self.shown.overwritten.update(self._unwritten)
            self._unwritten = {}
            self.store.put_articles(articles)
        if self._new_apart:
            self.store.put_apart(self._new_apart)
            self._new_apart = []

    def remove(self, log: ChangeLog, article: StoredArticle) -> None:
        """Remove an article. If it was the representative of its copies, one of the others becomes it."""
        table, slot = self.table, self.table.slot(article.number)
        story, root, represented = int(table.story[slot]), int(table.copies[slot]), bool(table.representative[slot])
        was_twin = table.is_twin(slot)
        self.drop(article.number)
        self.store.delete_article(article.number)
        log.touch(story)
        left = sorted(int(table.number[other]) for other in table.of_story(story) if int(table.copies[other]) == root)
        if not was_twin:
            for twin in self.store.alike(article.content):
                if twin.number in table and table.is_twin(table.slot(twin.number)):
                    table.compare([table.slot(twin.number)], self.vectors_of([twin.number]))
                    if represented:
                        self._put(log, twin.number, story, root, representative=True)
                        represented = False
                    break
        found = any(table.representative[table.slot(number)] for number in left)
        for number in left:
            heir = not found and not table.is_twin(table.slot(number))
            found = found or heir
            representative = heir or bool(table.representative[table.slot(number)])
            self._put(log, number, story, left[0] if root == article.number else root, representative=representative)

    def keep_apart(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Record pairs of articles, by number, that are never in one story."""
        for one, other in pairs:
            self.apart[one].add(other)
            self.apart[other].add(one)

    def drop(self, number: int) -> None:
        """Drop an article from memory, because the store no longer has it, or has another version."""
        self.table.remove(number)
        self.joined.drop(number)
        for known in (self.uncommitted, self._vectors, self._words, self._unwritten, self._moved):
            known.pop(number, None)
        for other in self.apart.pop(number, ()):
            self.apart[other].discard(number)
        self._new_apart = [pair for pair in self._new_apart if number not in pair]

    def regroup(self, log: ChangeLog, stories: Sequence[int]) -> None:
        """Regroup the articles of some stories, the most important first, as if there were no others."""
        slots, included = self._slots_of(stories)
        if len(slots) > 1:
            vectors = self.vectors_of(self.table.numbers_in(slots))
            fixed = fixed_articles(self.table, slots, log.settled(included), log.now)
            groups = regroup(self.table, slots, vectors, fixed, self.apart, self.backend, self.settings)
            numbers = [self.table.numbers_in(group) for group in groups]
            self.move(log, numbers, {}, {*fixed.values()})

    def story_for(self, candidate: Candidate, decision: Decision) -> int | None:
        """Return the story that an article would be in if it was inserted, None for a new one. Nothing changes.

        It is placed as if it came with the article that was added last: the clocks of readers may differ.
        """
        slots, _ = self._slots_of(decision.regroup)
        if not decision.regroup or not slots:
            return decision.story
        vectors = self.vectors_of(self.table.numbers_in(slots))
        vector, incoming = candidate.features.vector, candidate.incoming
        source = incoming.article.source
        with self.table.visitor(
            vector,
            incoming.seconds,
            source,
            representative=decision.representative,
            follows=incoming.told.kind.kind in FOLLOWING,
        ) as visitor:
            self.table.copies[visitor] = -1 if decision.copies is None else decision.copies
            slots_with_it = [*slots, visitor]
            fixed = fixed_articles(self.table, slots, (), self.table.latest())
            vectors = [*vectors, vector]
            groups = regroup(self.table, slots_with_it, vectors, fixed, self.apart, self.backend, self.settings)
            numbers = [self.table.numbers_in(group) for group in groups]
            before = {int(self.table.number[slot]): int(self.table.story[slot]) for slot in slots}
            chosen, _ = assign(numbers, before, {*fixed.values()})
            return next(chosen[place] for place, group in enumerate(groups) if visitor in group)

    def joined_story(self, candidate: Candidate, decision: Decision) -> int | None:
        """Return the story that an embedding would add a matched article to that is alone by words, None for none."""
        told, vector, embedded = candidate.incoming.told, candidate.features.vector, candidate.features.embedded
        takes_part = decision.representative and vector.length > 0 and told.kind.kind not in FOLLOWING
        if not takes_part or embedded is None:
            return None
        source, apart = candidate.incoming.article.source, [*candidate.apart]
        return self.joined.story_for(Visitor(embedded, vector, candidate.when, source, told.about, apart))

    def move(
        self,
        log: ChangeLog,
        groups: Sequence[Sequence[int]],
        copies: Mapping[int, tuple[int, bool]],
        settled: set[int],
    ) -> None:
        """Move articles into new stories.

        Args:
            log: receives the changes.
            groups: numbers of the articles of each story; they are all articles of the stories concerned.
            copies: the first article of its copy group and whether it is a representative, for articles where these
                may change.
            settled: numbers of the settled stories among those concerned.
        """
        before = self._stories_now(groups)
        parts = {(before[number], at) for at, group in enumerate(groups) for number in group}
        if not copies and len(parts) == len(groups) == len({*before.values()}):
            return  # each group is a story already
        chosen, redirected = assign(groups, before, settled)
        stories = [
            log.new_story(self._stored([min(group)])[min(group)].content) if story is None else story
            for group, story in zip(groups, chosen, strict=True)
        ]
        self.put_into(log, groups, stories, copies)
        for old, place_of in sorted(redirected.items()):
            log.redirect(old, stories[place_of])

    def put_into(
        self,
        log: ChangeLog,
        groups: Sequence[Sequence[int]],
        stories: Sequence[int],
        copies: Mapping[int, tuple[int, bool]],
    ) -> None:
        """Put groups of articles into stories; the arguments are those of `move`, with the story of each group."""
        table, before = self.table, self._stories_now(groups)
        moved = []
        for group, story in zip(groups, stories, strict=True):
            for number in group:
                if before[number] != story:
                    moved.append((number, before[number], story))
                if before[number] != story or number in copies:
                    slot = table.slot(number)
                    root, representative = copies.get(
                        number, (int(table.copies[slot]), bool(table.representative[slot]))
                    )
                    self._put(log, number, story, root, representative=representative)
        names = {number: article.id for number, article in self._stored([row[0] for row in moved]).items()}
        for number, old, story in sorted(moved):
            log.record("moved", names[number], log.story(story).id, log.story(old).id)

    def _stories_now(self, groups: Sequence[Sequence[int]]) -> dict[int, int]:
        numbers = [number for group in groups for number in group]
        slots = [*map(self.table.slot, numbers)]
        return dict(zip(numbers, self.table.story[slots].tolist(), strict=True))

    def delete(self, log: ChangeLog, articles: Sequence[StoredArticle], kind: Kind) -> None:
        """Remove articles, and regroup what is left of their stories unless they expired."""
        stories: dict[int, None] = {}
        for article in articles:
            story = int(self.table.story[self.table.slot(article.number)])
            log.record(kind, article.id, "", log.story(self.shown.story_of(article.number)).id)
            self.remove(log, article)
            stories[story] = None
        if kind == "removed":
            for story in stories:
                if self.table.of_story(story) and not log.settled([story]):
                    self.regroup(log, [story])
        self.table.tidy()

    def _slots_of(self, stories: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return the slots of as many stories as can be regrouped together, and these stories."""
        slots: list[int] = []
        included: list[int] = []
        for story in dict.fromkeys(stories):
            more = self.table.of_story(story)
            if included and len(slots) + len(more) > MOST:
                continue
            slots += sorted(more, key=self.table.number.__getitem__)  # the table may have been loaded meanwhile
            included.append(story)
        return (slots, included) if len(slots) <= MOST else ([], [])

    def _separate_digest(self, log: ChangeLog, number: int) -> None:
        """Move a digest into a story of its own. Articles that were copies only through it no longer are."""
        table, slot = self.table, self.table.slot(number)
        before, root = int(table.story[slot]), int(table.copies[slot])
        parts = sorted(int(table.number[other]) for other in table.of_story(before) if int(table.copies[other]) == root)
        parts.remove(number)
        others = [other for other in table.of_story(before) if other != slot]
        for part in parts:
            representative = not table.is_twin(table.slot(part)) or bool(table.representative[table.slot(part)])
            self._put(log, part, before, part, representative=representative)
        if not others:
            self._put(log, number, before, number, representative=False)
            return
        stored = self._stored([number])[number]
        story = log.new_story(stored.content)
        log.record("moved", stored.id, log.story(story).id, log.story(before).id)
        self._put(log, number, story, number, representative=False)
        self.regroup(log, [before])

    def _put(self, log: ChangeLog, number: int, story: int, copies: int, *, representative: bool) -> None:
        """Set the placement of an article, to be written later. Does nothing if it is unchanged."""
        table, slot = self.table, self.table.slot(number)
        before = int(table.story[slot])
        if (before, int(table.copies[slot]), bool(table.representative[slot])) == (story, copies, representative):
            return
        log.touch(before)
        log.touch(story)
        table.move(slot, story)
        table.copies[slot], table.representative[slot] = copies, representative
        if number in self._unwritten:
            article, text, sketch = self._unwritten[number]
            self._unwritten[number] = (article.placed(story, copies, representative=representative), text, sketch)
        else:
            self._moved[number] = story, copies, representative

    def _nearest(self, some: Sequence[int], others: Sequence[int]) -> list[int]:
        """Return for each of some articles the place of the most similar of others."""
        one, other = (np.array([self.table.slot(number) for number in each], np.int64) for each in (some, others))
        return nearest(self.table, one, other, self.vectors_of(some), self.vectors_of(others))

    def _stored(self, numbers: Sequence[int]) -> dict[int, StoredArticle]:
        """Return articles that are stored or still to be written. Their placement may be out of date."""
        found = {number: self._unwritten[number][0] for number in numbers if number in self._unwritten}
        absent = [number for number in numbers if number not in found]
        return found | self.store.articles(absent) if absent else found

    def _evict(self) -> None:
        for known in (self._vectors, self._words):
            if len(known) > 2 * REMEMBERED:
                for number in [*known][:-REMEMBERED]:
                    del known[number]

    def _sketches(self, numbers: Sequence[int]) -> dict[int, Sketch]:
        found = {number: self.uncommitted[number] for number in numbers if number in self.uncommitted}
        return found | self.store.sketches([number for number in numbers if number not in found])

    def _every_packed(self) -> Iterator[tuple[int, bytes]]:
        """Yield the vectors in the store, and those of an open transaction of another thread."""
        uncommitted = dict(self.uncommitted)
        for number, packed in self.store.every_vector():
            uncommitted.pop(number, None)
            yield number, packed
        yield from ((number, sketch.vector) for number, sketch in uncommitted.items())

    def _every_vector(self) -> Iterator[tuple[int, Vector]]:
        if self._stale:
            for articles in self._pages():
                numbers = [article.number for article in articles]
                yield from zip(numbers, self._new_vectors(numbers), strict=True)
            return
        vectors = self._every_packed()
        while page := list(islice(vectors, _PAGE)):
            found = self._unpacked([packed for _, packed in page])
            yield from ((number, vector) for (number, _), vector in zip(page, found, strict=True))

    def _unpacked(self, packed: Sequence[bytes]) -> list[Vector]:
        """Read vectors, several at once by a kernel."""
        if isinstance(self.backend, CompiledBackend) and len(packed) > 1:
            return unpacked(packed)
        return [*map(Vector.unpacked, packed)]
