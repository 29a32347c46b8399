"""Where the work of a story index is done: one transaction after the other, over one store."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from dedup.background import Background
from dedup.errors import StoreError, UnknownArticleError
from dedup.index.inputs import Incoming, Placement
from dedup.index.state import Keeper
from dedup.index.store.metadata import DAY, HOUR, StoreMetadata, read_metadata, write_metadata
from dedup.index.store.protocol import Store
from dedup.index.store.records import StoredArticle, facts_of
from dedup.index.stories.changes import Ledger, renumber
from dedup.index.stories.merge import around_settled
from dedup.index.stories.placement import Admitted, Draft, Drawn, Newcomer, link
from dedup.index.stories.recluster import Whole, whole
from dedup.index.sync import follow
from dedup.inputs.collection import without_text
from dedup.progress import Progress
from dedup.results.clustering import Link
from dedup.settings import METHOD_VERSION, Settings

_EXPIRED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Guest:
    """An article at the desk.

    Attributes:
        place: among those that came with it.
        came: the article.
        drawn: what was taken from its text.
        number: its number.
        before: the number of the story that it was in, 0 for one that is new.
    """

    place: int
    came: Incoming
    drawn: Drawn
    number: int
    before: int = 0

    def newcomer(self) -> Newcomer:
        """What is placed of it."""
        return _newcomer(self.came, self.drawn, self.number)


class Desk:
    """The working side of a `StoryIndex`.

    Attributes:
        store: where everything is kept.
        facts: what holds for the index.
        thinking: held by whoever looks at what is in memory.
    """

    def __init__(
        self,
        store: Store,
        facts: StoreMetadata,
        clock: Callable[[], float],
        progress: Progress | None,
        *,
        read_only: bool,
    ) -> None:
        self.store, self.facts = store, facts
        self.thinking = threading.RLock()
        self._writing = threading.RLock()
        self._clock, self._progress, self._read_only = clock, progress, read_only
        self._keeper: Keeper | None = None
        self._cursor = -1
        self._now = facts.now

    def close(self) -> None:
        """Lets go of the store."""
        with self._writing:
            self.store.close()
            self._keeper = None

    @property
    def background(self) -> Background:
        """That of the index."""
        return Background.from_bytes(self.store.background(), self.facts.version)

    @property
    def memory(self) -> int | None:
        """Bytes that the articles take in memory, None before they are there."""
        return self._keeper.live.memory() if self._keeper else None

    def refuse_read_only(self) -> None:
        """Refuses what would write.

        Raises:
            StoreError: the index was opened to be read.
        """
        if self._read_only:
            raise StoreError(f"{self.store.where} was opened to be read only: open it without read_only to write")

    @contextmanager
    def transaction(self) -> Iterator[Ledger]:
        """Everything that is done inside it is kept, or nothing; what is in memory follows."""
        self.refuse_read_only()
        with self._writing:
            keeper = self.keeper()
            if keeper.has_outgrown_its_form():
                with self.thinking:
                    self._keeper = None
                keeper = self.keeper()
            try:
                with self.store.transaction():
                    counts = self.store.highest()
                    self._now = max(self._now, self._clock())
                    ledger = Ledger(
                        self.store,
                        keeper.live,
                        self._now,
                        self.facts.settle_hours * HOUR,
                        counts["last_change"],
                        counts["last_story"],
                        counts["last_article"],
                    )
                    yield ledger
                    with self.thinking:
                        if self.facts.keep_days is not None:
                            self.expire(ledger, self._now - self.facts.keep_days * DAY)
                        self.keeper().write()  # of another, where all was judged anew
                        ledger.write()
                    if ledger.changes:
                        self.store.put_metadata({"now": repr(self._now)})
            except BaseException:
                with self.thinking:
                    self._keeper = None  # what is in memory is ahead of what is stored: it is read again
                raise
            self._cursor = ledger.cursor
            keeper.fresh.clear()

    @contextmanager
    def repairing(self) -> Iterator[None]:
        """A transaction that does not look at what is in memory, which is read again after it."""
        self.refuse_read_only()
        with self._writing, self.thinking:
            self._keeper = None
            with self.store.transaction():
                yield

    def keeper(self) -> Keeper:
        """What is in memory, read from the store where it is not there yet."""
        with self.thinking:
            if self._keeper is None:
                counts = self.store.counts()
                keeper = Keeper(self.store, self.facts.settings, self.background, counts["articles"], self._progress)
                with self._one_moment():
                    keeper.load()
                self._keeper, self._cursor = keeper, counts["last_change"]
            return self._keeper

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        """Where another process writes, what is read inside it fits together.

        Where this one does, what is in memory goes before what is stored, which has to be seen as it is by then.
        """
        if not self._read_only:
            yield
            return
        with self.store.reading():
            yield

    def up_to_date(self) -> Keeper:
        """The same with what another process has written since."""
        with self.thinking:
            last = self.store.highest()["last_change"] if self._read_only else self._cursor
            if self._keeper is not None and last != self._cursor:
                before, self.facts = self.facts, read_metadata(self.store, None)
                if self.facts.version == before.version and follow(self._keeper, self._cursor, before.now):
                    self._cursor = last
                else:
                    self._keeper = None
            return self.keeper()

    def known(self, id_: str) -> StoredArticle:
        """The stored article of an id.

        Raises:
            UnknownArticleError: there is none.
        """
        found = self.store.article(id_)
        if found is None:
            raise UnknownArticleError(f"there is no article with the id {id_!r} in this index")
        return found

    def draw(self, some: Sequence[Incoming]) -> list[Drawn]:
        """What is taken from the texts of articles."""
        return self.keeper().draw([(came.article.title, came.article.text) for came in some])

    def take(self, ledger: Ledger, came: Sequence[Incoming], drawn: Sequence[Drawn]) -> list[Draft]:
        """Takes articles in. Those that are new are looked for together, and placed one after the other."""
        with self.thinking:
            known = self.store.articles_called([one.article.id for one in came])
        drafts: dict[int, Draft] = {}
        run: dict[str, _Guest] = {}
        for place, (one, its) in enumerate(zip(came, drawn, strict=True)):
            name = one.article.id
            if name in run or (name in known and run):
                there = [*run, name]
                self._take_run(ledger, run, drafts)
                known |= self.store.articles_called(there)
            if name not in known:
                run[name] = _Guest(place, one, its, self._next(ledger))
            elif one.is_the_same_as(known[name]):
                stored = known[name]
                story = ledger.story(stored.story).id
                answer = Placement(name, "unchanged", story, False, self.copy_of(stored), before=story)
                drafts[place] = Draft(answer)
            else:
                with self.thinking:
                    keeper, stored = self.keeper(), known[name]
                    before = int(keeper.live.story[keeper.live.slot(stored.number)])
                    keeper.take_out(ledger, stored)
                    self._take_run(ledger, {name: _Guest(place, one, its, stored.number, before)}, drafts)
                known |= self.store.articles_called([name])
        self._take_run(ledger, run, drafts)
        return [drafts[place] for place in range(len(came))]

    def _take_run(self, ledger: Ledger, run: dict[str, _Guest], drafts: dict[int, Draft]) -> None:
        """Takes in articles none of which is there, and forgets that they were to be."""
        guests = [*run.values()]
        run.clear()
        if not guests:
            return
        with self.thinking:
            keeper = self.keeper()
            keeper.write()
            contents = [guest.came.content for guest in guests]
            ledger.expect(contents)
            admitted = keeper.admit([guest.newcomer() for guest in guests], contents)
            if len(guests) > 1:
                weighed = [one.weighed for one in admitted if one.weighed is not None]
                ledger.recall(keeper.placer.likely_stories(weighed))
        for guest, one in zip(guests, admitted, strict=True):
            with self.thinking:
                drafts[guest.place] = self._place(ledger, keeper, guest, one)
        with self.thinking:
            keeper.compare(admitted)
            keeper.write()

    def _place(self, ledger: Ledger, keeper: Keeper, guest: _Guest, one: Admitted) -> Draft:
        """Gives an article that was admitted its place."""
        came, number, before, already = guest.came, guest.number, guest.before, len(ledger.changes)
        newest = ledger.last_story
        verdict = keeper.placer.judge(one.weighed) if one.weighed is not None else keeper.equal(one.new, one.twin or 0)
        story_number, begun = verdict.story, False
        if story_number is None:
            alone = bool(before) and not keeper.live.of_story(before)
            story_number, begun = (before, False) if alone else (ledger.begin(came.content), True)
        article, text = self._stored(ledger, came, number, story_number)
        old = ledger.story(before).id if before else ""
        status: Literal["updated", "added"] = "updated" if before else "added"
        told = ledger.tell(status, article.id, ledger.story(story_number).id, old)
        keeper.insert(ledger, one, article, text, guest.drawn.packed, verdict)
        if before and before != story_number and keeper.live.of_story(before):
            keeper.look_at(ledger, [before])
        now = int(keeper.live.story[one.slot])
        if now != story_number:  # it moved at once: that is where it was added
            ledger.changes[already:] = [
                replace(change, story=ledger.story(now).id) if change is told else change
                for change in ledger.changes[already:]
                if not (change.kind == "moved" and change.article == article.id and change.cursor > told.cursor)
            ]
            if begun and not keeper.live.of_story(story_number):
                ledger.take_back(story_number)
            renumber(ledger, already)
        others = tuple(change for change in ledger.changes[already:] if change.article != article.id)
        is_new = now > newest and len(keeper.live.of_story(now)) == 1
        answer = Placement(article.id, status, ledger.story(now).id, is_new, None, changed=others, before=old)
        return Draft(answer, verdict.found, now, int(keeper.live.copies[one.slot]))

    def match(self, came: Sequence[Incoming]) -> list[Draft]:
        """Where each of some articles would belong, if it came alone."""
        texts, reader = [(one.article.title, one.article.text) for one in came], self.keeper()
        drawn = reader.draw(texts, to_keep=False)  # while others think
        with self.thinking, self._one_moment():
            keeper = self.up_to_date()
            drawn = drawn if keeper is reader else keeper.draw(texts, to_keep=False)
            news = [_newcomer(one, its, None) for one, its in zip(came, drawn, strict=True)]
            first = self.store.first_alike([one.content for one in came])
            twins = [number if (number := first.get(one.content, 0)) in keeper.live else 0 for one in came]
            weighed = iter(keeper.placer.weigh([new for new, twin in zip(news, twins, strict=True) if not twin]))
            verdicts = [
                keeper.equal(new, twin) if twin else keeper.placer.judge(next(weighed))
                for new, twin in zip(news, twins, strict=True)
            ]
            stories = [keeper.story_for(new, verdict) for new, verdict in zip(news, verdicts, strict=True)]
            known = self.store.story_numbered(sorted({number for number in stories if number is not None}))
        drafts = []
        for one, verdict, joined in zip(came, verdicts, stories, strict=True):
            story = known[joined].id if joined in known else ""
            answer = Placement(one.article.id, "matched", story, not story, None)
            drafts.append(Draft(answer, verdict.found, joined, verdict.copies))
        return drafts

    def told(self, drafts: Sequence[Draft]) -> list[Placement]:
        """What is answered about articles: the drafts with what decided, and the names of the articles meant."""
        numbers = {found.number for draft in drafts for found in draft.found}
        wanted = sorted({*numbers, *(draft.copies for draft in drafts if draft.copies is not None)})
        names = self.store.ids(wanted)
        linked = [  # one that is asked about under its own id is not compared with itself
            (draft, found)
            for draft in drafts
            for found in draft.found
            if names.get(found.number, draft.answer.article) != draft.answer.article
        ]
        certain = self.keeper().placer.probabilities([(found, found.story == draft.story) for draft, found in linked])
        links: dict[int, list[Link]] = defaultdict(list)
        for (draft, found), probability in zip(linked, certain, strict=True):
            links[id(draft)].append(link(draft.answer.article, names[found.number], found, probability))
        answers = []
        for draft in drafts:
            first = names.get(-1 if draft.copies is None else draft.copies)
            copy_of = draft.answer.copy_of if first in (None, draft.answer.article) else first
            answers.append(replace(draft.answer, links=tuple(links[id(draft)]), copy_of=copy_of))
        return answers

    def copy_of(self, stored: StoredArticle) -> str | None:
        """The id of the article whose copy one is."""
        if stored.copies == stored.number:
            return None
        first = self.store.articles([stored.copies]).get(stored.copies)
        return first.id if first else None

    def expire(self, ledger: Ledger, before: float) -> int:
        """Lets go of the articles older than a time."""
        count = 0
        while old := self.store.older(before, _EXPIRED_AT_ONCE):
            with self.thinking:
                self.keeper().forget(ledger, old, "expired")
            count += len(old)
        return count

    def whole(self, settings: Settings, background: Background | None, *, learn: bool = False) -> Whole:
        """A run over all articles."""
        has_texts = self.facts.store_text
        return whole(self.store, settings, background, has_texts=has_texts, progress=self._progress, learn=learn)

    def reconcile(self, ledger: Ledger) -> None:
        """Brings placements to what a run over all articles finds, settled stories aside."""
        keeper = self.keeper()
        live = keeper.live
        found = self.whole(self.facts.settings, self.background)
        settled = ledger.settled(live.stories())
        groups = around_settled(
            found.groups(), {number: int(live.story[live.slot(number)]) for number in found.numbers}, settled
        )
        keeper.follow(ledger, groups, found.places(), settled)
        for first, shown in found.shown().items():
            ledger.show(int(live.story[live.slot(first)]), shown)

    def rebuild(self, ledger: Ledger, settings: Settings, background: Background, *, anew: bool) -> None:
        """Judges all articles by other settings, or another background."""
        version = self.facts.version + anew
        facts = replace(self.facts, settings=settings, method=METHOD_VERSION).with_background(background, version)
        write_metadata(self.store, replace(facts, now=self._now))
        keeper = Keeper(self.store, settings, background, self.store.counts()["articles"], self._progress)
        keeper.sketch_anew()
        keeper.load()
        self.facts, self._keeper = replace(facts, background=b""), keeper
        ledger.live = keeper.live
        ledger.tell("refreshed", "", "")
        self.reconcile(ledger)

    def _next(self, ledger: Ledger) -> int:
        ledger.last_article += 1
        return ledger.last_article

    def _stored(self, ledger: Ledger, came: Incoming, number: int, story: int) -> tuple[StoredArticle, str | None]:
        article = came.article if self.facts.store_text else without_text(came.article)
        stored = StoredArticle(
            number=number,
            id=article.id,
            content=came.content,
            length=len(came.article.text),
            seconds=came.seconds,
            told=came.told,
            came=ledger.now,
            source=article.source,
            facts=facts_of(article),
            story=story,
            copies=number,
            stands=True,
        )
        return stored, article.text or None


def _newcomer(came: Incoming, drawn: Drawn, number: int | None) -> Newcomer:
    return Newcomer(came.article.id, came.seconds, came.article.source, drawn.judged, drawn.vector, number)


def prefetch(
    next_batch: Callable[[], list[Incoming]], extract: Callable[[list[Incoming]], list[Drawn]]
) -> Iterator[tuple[list[Incoming], list[Drawn]]]:
    """Yield batches with their features, computing the features of the next batch meanwhile.

    Args:
        next_batch: returns the next batch, an empty one at the end. Its errors are raised after the batch before.
        extract: computes features; called in another thread.
    """
    with ThreadPoolExecutor(1, "dedup-reads") as pool:

        def upcoming() -> tuple[list[Incoming], Future[list[Drawn]]] | None:
            batch = next_batch()
            return (batch, pool.submit(extract, batch)) if batch else None

        ready = upcoming()
        while ready is not None:
            batch, features = ready
            error: Exception | None = None
            try:
                ready = upcoming()
            except Exception as raised:
                ready, error = None, raised
            yield batch, features.result()
            if error is not None:
                raise error
