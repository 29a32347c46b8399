"""An open index: what is done inside the transactions over its store."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from dedup.background import Background
from dedup.embedding import Embedding
from dedup.errors import SettingsError
from dedup.group.decisions import Decision
from dedup.index.decisions import decide, forget_articles, undo
from dedup.index.features.sketch import Features
from dedup.index.inputs import Incoming, Placement
from dedup.index.learning import learn, learn_from_all, record_holders
from dedup.index.open_store import OpenStore
from dedup.index.pages import find_pages, match_page, settle_pages
from dedup.index.state import IndexState
from dedup.index.store.metadata import write_metadata
from dedup.index.store.records import Kind, Revision, StoredArticle
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.merge import around_settled
from dedup.index.stories.placement import Candidate
from dedup.index.stories.recluster import FullClustering, recluster
from dedup.index.stories.shown import ShownStories
from dedup.index.withdrawals import obey, withdraw
from dedup.inputs.addresses import page_keys
from dedup.inputs.collection import hash_alone
from dedup.inputs.preferences import Preferences
from dedup.results.clustering import Link
from dedup.settings import METHOD_VERSION, Settings

_MOST_LESSONS = 4
"""Most times that a batch is examined for boilerplate: each time there is less."""
_PLACED_AGAIN = 400
"""Most articles that are placed again in one transaction, where boilerplate was learned."""


class IndexSession(OpenStore):
    """What `StoryIndex` does with an open store: most of it inside a transaction, whose log receives the changes."""

    def features(self, batch: Sequence[Incoming]) -> list[Features]:
        """Compute the features of articles.

        Raises:
            EmbeddingError: the embedding of the index is missing, failed or took too long.
            InputError: an article brings a vector that cannot be used.
        """
        self.embedder.model(self.metadata)
        state = self.state()
        return self.embedder.embedded(self.metadata, state, batch, state.features(self._texts(batch)))

    def _texts(self, batch: Sequence[Incoming]) -> list[tuple[str, str]]:
        """Return titles and texts, empty ones of articles that are never grouped."""
        alone = Preferences(self.metadata.settings).is_ungrouped
        return [("", "") if alone(one.article) else (one.article.title, one.article.text) for one in batch]

    def _own(self, batch: Sequence[Incoming]) -> list[Incoming]:
        """Return articles, of which those that are never grouped equal no other."""
        alone = Preferences(self.metadata.settings).is_ungrouped
        return [replace(one, content=hash_alone(one.article)) if alone(one.article) else one for one in batch]

    def contents(self, batch: Sequence[Incoming]) -> list[bytes]:
        """Return what articles are compared by for equality, see `StoredArticle.content`."""
        return [one.content for one in self._own(batch)]

    def add(self, log: ChangeLog, batch: Sequence[Incoming], features: Sequence[Features]) -> list[Candidate]:
        """Add or update articles. Runs of new articles are searched for together, then placed one after the other."""
        candidates = list(map(Candidate, self._own(batch), features))
        with self.memory_lock:
            known, earlier = self._known([one.id for one in candidates])
        run: dict[str, Candidate] = {}
        addresses: set[bytes] = set()
        for one in candidates:
            own = {key.digest for key in page_keys(one.incoming.article)}
            if one.id in run or (run and (one.id in known or one.id in earlier)) or own & addresses:
                self._add_run(log, run)
                addresses.clear()
                known, earlier = self._known([other.id for other in candidates])
            stored, revision = known.get(one.id), earlier.get(one.id)
            if revision is not None:
                self._add_revised(log, one, revision)
                known, earlier = self._known([other.id for other in candidates])
            elif stored is None:
                log.last_article += 1
                one.number = log.last_article
                run[one.id] = one
                addresses |= own
            elif one.incoming.equals(stored):
                story = log.story(stored.story).id
                one.placement = Placement(one.id, "unchanged", story, False, self.copy_of(stored), before=story)
            else:
                with self.memory_lock:
                    state, one.number = self.state(), stored.number
                    one.before = int(state.table.story[state.table.slot(stored.number)])
                    freed = self.store.revisions_of([stored.number])
                    state.remove(log, stored)
                    self.store.delete_addresses([stored.number])
                    self._add_run(log, {one.id: one}, freed, {stored.number: one.before})
                known, earlier = self._known([other.id for other in candidates])
        self._add_run(log, run)
        return candidates

    def _known(self, ids: Sequence[str]) -> tuple[dict[str, StoredArticle], dict[str, Revision]]:
        """Return the stored articles and the earlier versions of pages of some ids."""
        return self.store.articles_called(ids), self.store.revisions_called(ids)

    def _add_revised(self, log: ChangeLog, candidate: Candidate, revision: Revision) -> None:
        """Add an article whose id is that of an earlier version of a page."""
        latest = self.store.articles([revision.latest])[revision.latest]
        if candidate.incoming.equals(revision.article):
            story = log.story(latest.story).id
            candidate.latest = latest.number
            candidate.placement = Placement(candidate.id, "unchanged", story, False, None)
            return
        with self.memory_lock:
            self.state().write()
            candidate.number, candidate.known = revision.number, True
            self.store.delete_revisions([revision.number])
            self.store.delete_addresses([revision.number])
            freed = self.store.revisions_of([latest.number])
            home = int(self.state().table.story[self.state().table.slot(latest.number)])
            self._add_run(log, {candidate.id: candidate}, freed, {latest.number: home})

    def remove(self, log: ChangeLog, ids: Sequence[str]) -> None:
        """Remove articles by id. The version before the latest of a page is the latest then.

        Raises:
            UnknownArticleError: one of them does not exist; nothing is removed.
        """
        found = [self.find(id_) or self.find_revision(id_) or self.stored(id_) for id_ in ids]
        with self.memory_lock:
            state = self.state()
            stored = [one for one in found if isinstance(one, StoredArticle)]
            revisions = [one for one in found if isinstance(one, Revision)]
            numbers = [one.number for one in found]
            latest = {*(one.latest for one in revisions), *(one.number for one in stored)}
            stories = {one.number: int(state.table.story[state.table.slot(one.number)]) for one in stored}
            for revision in revisions:
                log.record("removed", revision.article.id, "")
            self.store.delete_revisions(numbers)
            state.joined.forget(numbers)
            state.delete(log, stored, "removed")
            self.store.delete_addresses(numbers)
            freed = self.store.revisions_of([*latest])
        if freed:
            self._add_run(log, {}, freed, stories)

    def withdraw(self, log: ChangeLog, ids: Sequence[str]) -> None:
        """Withdraw articles by id, and tell their copies; see `StoryIndex.withdraw`.

        Raises:
            UnknownArticleError: one of them does not exist; nothing is withdrawn.
        """
        found = [self.latest(id_) for id_ in ids]
        with self.memory_lock:
            earlier = {revision.number: revision.article.id for _, revision in found if revision}
            for number in {*earlier} - self.store.withdrawn([*earlier]):
                log.record("withdrawn", earlier[number], "")
            self.store.put_withdrawn([*earlier])
            withdraw(self.state(), log, [stored.number for stored, revision in found if not revision])

    def erase(self, log: ChangeLog, ids: Sequence[str]) -> None:
        """Erase articles by id; see `StoryIndex.erase`.

        Raises:
            UnknownArticleError: one of them does not exist; nothing is erased.
        """
        found = {stored.number: stored.id for stored, _ in map(self.latest, ids)}
        earlier = [revision.article.id for revision in self.store.revisions_of([*found])]
        forget_articles(self.store, log, self.state().shown, {*found.values(), *earlier})
        self.store.anonymize([*found.values(), *earlier])
        self.remove(log, [*earlier, *found.values()])

    def _add_run(
        self,
        log: ChangeLog,
        run: dict[str, Candidate],
        freed: Sequence[Revision] = (),
        stories: Mapping[int, int] | None = None,
    ) -> None:
        """Add articles that are not in the index, and empty the run.

        Args:
            log: receives the changes.
            run: the articles, by id.
            freed: earlier versions of pages whose latest version was removed or updated: they are compared again.
            stories: for the removed latest versions, by number, the number of their story.
        """
        came = [*run.values()]
        run.clear()
        if not came and not freed:
            return
        with self.memory_lock:
            state = self.state()
            state.write()
            for one in came:
                state.joined.keep(one.number or 0, one.features.embedded)
            pages = find_pages(state, came, freed)
            keep_text = self.metadata.store_text
            latest = [*settle_pages(state, log, pages, stories or {}, keep_text=keep_text)]
            returned = [one for one in latest if one.returns is not None]
            self._place_run(log, [*(one for one in came if one.latest is None), *returned])
            earlier = [one for one in came if one.latest is not None]
            for one in earlier:
                story = int(state.table.story[state.table.slot(one.latest or 0)])
                status: Literal["updated", "added"] = "updated" if one.known or one.before else "added"
                one.placement = Placement(one.id, status, log.story(story).id, False, None)

    def _place_run(self, log: ChangeLog, candidates: Sequence[Candidate]) -> None:
        """Place articles that are not in the index, the latest of their pages."""
        if not candidates:
            return
        first = len(log.changes)
        with self.memory_lock:
            state = self.state()
            log.reserve_ids([one.incoming.content for one in candidates])
            state.refresh(candidates)
            state.admit(candidates)
            for _ in range(_MOST_LESSONS):
                if not learn(state, candidates):
                    break
                state.withdraw(candidates)
                self._place_pending(log, state)
                state.refresh(candidates)
                state.admit(candidates)
            state.placer.find_overlaps(candidates)
            if len(candidates) > 1:
                log.preload(state.placer.likely_stories(candidates))
        for one in candidates:
            with self.memory_lock:
                self._place(log, state, one, first)
                first = len(log.changes)
        with self.memory_lock:
            state.compare(candidates)
            state.search_first_twins(log, candidates)
            state.write()

    def learn_from_all(self) -> None:
        """Learn boilerplate from all articles; must run inside a transaction."""
        with self.memory_lock:
            learn_from_all(self.state())

    def place_pending(self, log: ChangeLog) -> None:
        """Place some of the articles again in which the index has learned boilerplate."""
        with self.memory_lock:
            self._place_pending(log, self.state())

    def has_pending(self) -> bool:
        """Whether there are such articles."""
        return bool(self.state().learned.pending())

    def _place_pending(self, log: ChangeLog, state: IndexState) -> None:
        """Place the articles again in which the index has learned boilerplate, also those of settled stories."""
        state.write()
        numbers = state.learned.pending()[:_PLACED_AGAIN]
        stored = sorted(self.store.articles(numbers).values(), key=lambda one: one.number)
        texts, sketches = self.store.texts(numbers), self.store.sketches(numbers)
        every = state.features_of([sketches[article.number] for article in stored])
        candidates = []
        for article, features in zip(stored, every, strict=True):
            incoming = Incoming(
                article.article(texts.get(article.number, "")),
                article.content,
                article.seconds,
                article.dateline,
                article.told,
            )
            story = int(state.table.story[state.table.slot(article.number)])
            candidates.append(Candidate(incoming, features, article, article.number, before=story))
        state.learned.done(numbers)
        deque(record_holders(state, candidates), maxlen=0)
        for article in stored:
            state.remove(log, article)
        if not candidates:
            return
        state.admit(candidates)
        state.placer.find_overlaps(candidates)
        for one in candidates:
            self._place_again(log, state, one)
        state.compare(candidates)
        state.search_first_twins(log, candidates)
        state.write()

    def _place_again(self, log: ChangeLog, state: IndexState, candidate: Candidate) -> None:
        """Place a stored article whose features have changed."""
        table, before, stored = state.table, candidate.before, candidate.stored
        if stored is None:
            raise ValueError("the candidate is not stored")
        decision = state.placer.decide(candidate)
        story = decision.story
        if story is None:
            story = before if log.is_unused(before) else log.new_story(stored.content)
        if story != before:
            log.record("moved", stored.id, log.story(story).id, log.story(before).id)
        text = candidate.incoming.article.text if self.metadata.store_text else ""
        state.insert(log, candidate, decision, replace(stored, story=story), text or None)
        if before != story and table.of_story(before):
            state.regroup(log, [before])

    def _place(self, log: ChangeLog, state: IndexState, candidate: Candidate, first_change: int) -> None:
        """Place an admitted article, and set its answer; `first_change` is the first that it caused."""
        table, before, newest, first = state.table, candidate.before, log.last_story, len(log.changes)
        home = candidate.page_story or before
        while home and (into := log.story(home).into) is not None:
            home = into
        decision = state.placer.decide(candidate)
        if candidate.page_story and candidate.keeps_story and decision.copies is None and decision.representative:
            decision = replace(decision, story=home, regroup=())
        story, begun = decision.story, False
        if story is None:
            was_alone = bool(home) and log.is_unused(home)
            story, begun = (home, False) if was_alone else (log.new_story(candidate.incoming.content), True)
        article, text = candidate.incoming.to_store(
            candidate.number or 0, story, log.now, keep_text=self.metadata.store_text
        )
        if candidate.returns is not None:
            article = replace(article, added=candidate.returns.added)
        old = log.story(before).id if before else ""
        status: Literal["updated", "added"] = "updated" if before or candidate.known else "added"
        kind: Kind = "moved" if candidate.returns is not None else status
        own = log.record(kind, article.id, log.story(story).id, old)
        state.insert(log, candidate, decision, article, text)
        if home and home != story and table.of_story(home):
            state.regroup(log, [home])
        slot = table.slot(article.number)
        now = int(table.story[slot])
        if now != story:  # regrouping moved it at once: report it as added there
            log.changes[first:] = [
                replace(change, story=log.story(now).id) if change is own else change
                for change in log.changes[first:]
                if not (change.kind == "moved" and change.article == article.id and change.cursor > own.cursor)
            ]
            if begun and not table.of_story(story):
                log.undo_story(story)
            log.renumber(first)
        obey(state, log, candidate)
        others = *candidate.revised, *(change for change in log.changes[first_change:] if change.article != article.id)
        is_new = now > newest and len(table.of_story(now)) == 1
        candidate.placement = Placement(article.id, status, log.story(now).id, is_new, None, changed=others, before=old)
        candidate.decision, candidate.story, candidate.copies = decision, now, int(table.copies[slot])

    def match(self, batch: Sequence[Incoming]) -> list[Candidate]:
        """Find where each article would be placed, independently of the others. Nothing is stored."""
        batch = self._own(batch)
        texts, state = self._texts(batch), self.state()
        words, background = state.vocabulary.last, state.sketcher.background
        features = state.features(texts, to_store=False)  # outside the lock
        features = self.embedder.embedded(self.metadata, state, batch, features)
        with self.memory_lock, self._snapshot():
            current = self.current_state()
            is_same = current.sketcher.background is background  # of the same boilerplate
            if current is not state or current.vocabulary.last != words or not is_same:
                again = current.features(texts, to_store=False)
                features = [replace(new, embedded=old.embedded) for new, old in zip(again, features, strict=True)]
            candidates, placer = list(map(Candidate, batch, features)), current.placer
            first = self.store.first_alike([one.content for one in batch])
            for one in candidates:
                twin = first.get(one.incoming.content, 0)
                one.twin = twin if twin in current.table else None
            compared = [one for one in candidates if one.twin is None]
            placer.find_neighbours(compared)
            placer.find_overlaps(compared)
            for one in candidates:
                one.decision = placer.decide(one)
                one.story, one.copies = current.story_for(one, one.decision), one.decision.copies
                match_page(current, one)
                if one.story is None:
                    one.story = current.joined_story(one, one.decision)
                if one.story is not None:
                    near = current.placer.most_similar(one)
                    one.story = current.shown.for_newcomer(one.story, one.copies, near)
            known = self.store.story_numbered(sorted({one.story for one in candidates if one.story is not None}))
        for one in candidates:
            found = None if one.story is None else known.get(one.story)
            story, line = ("", "") if found is None else (found.id, found.storyline)
            one.placement = Placement(one.id, "matched", story, not story, None, storyline=line)
        return candidates

    def meaning(self, a: int, b: int) -> tuple[float | None, bool]:
        """Return what the embedding tells about two stored articles.

        Returns:
            The chance of one story, None without an embedding; and whether words have them in two stories.
        """
        if not self.metadata.embedding:
            return None, False
        with self.memory_lock, self._snapshot():
            state = self.current_state()
            stories = {int(state.table.story[state.table.slot(one)]) for one in (a, b) if one in state.table}
            return (None if a == b else state.joined.chance(a, b)), len(stories) > 1

    def laid(self, log: ChangeLog, candidate: Candidate, placement: Placement) -> Placement:
        """Return the placement of an added article after the decisions of editors."""
        number = candidate.number if candidate.latest is None else candidate.latest
        laid = log.laid.get(number or 0)
        if laid is None:
            return placement
        if candidate.latest is not None:
            return replace(placement, story=laid.story)
        first = None if laid.copies == candidate.number else self.store.ids([laid.copies]).get(laid.copies)
        before = laid.before if placement.before else ""
        is_new = placement.new_story and laid.story == placement.story
        return replace(placement, story=laid.story, before=before, new_story=is_new, copy_of=first)

    def decide(
        self, log: ChangeLog, decisions: Sequence[Decision], version: int | None, *, supersede: bool
    ) -> list[Decision]:
        """Store decisions; see `StoryIndex.decide`. Returns them with their ids."""
        with self.memory_lock:
            return decide(self.store, log, self.state().shown, decisions, version, supersede=supersede)

    def undo(self, log: ChangeLog, decision: str, version: int | None) -> Decision:
        """Delete a decision; see `StoryIndex.undo`."""
        with self.memory_lock:
            return undo(self.store, log, self.state().shown, decision, version)

    @contextmanager
    def shown(self) -> Iterator[ShownStories]:
        """Give the stories that are shown, while no other thread uses the state in memory."""
        with self.memory_lock:
            yield self.current_state().shown

    def placements(self, candidates: Sequence[Candidate]) -> list[Placement]:
        """Return the placements of candidates, with links, notices and the ids of what they are copies of."""
        answers = [(one, one.placement) for one in candidates if one.placement is not None]
        raw = [(one, link) for one in candidates if one.decision is not None for link in one.decision.links]
        wanted = {link.number for _, link in raw} | {one.copies for one in candidates if one.copies is not None}
        wanted |= {one.suspected for one in candidates if one.suspected is not None}
        versions = {number for one in candidates for number in (one.revision_of, one.latest) if number is not None}
        ids = self.store.ids(sorted(wanted | versions))
        ids |= {number: one.article.id for number, one in self.store.revisions(sorted(versions)).items()}
        # An article that is matched under its own id is not linked to itself.
        raw = [(one, link) for one, link in raw if ids.get(link.number, one.id) != one.id]
        certain = self.state().placer.probabilities([(link, link.story == one.story) for one, link in raw])
        links: dict[int, list[Link]] = defaultdict(list)
        for (one, link), probability in zip(raw, certain, strict=True):
            links[id(one)].append(link.link(one.id, ids[link.number], probability))
        placements = []
        for one, answer in answers:
            first = None if one.copies is None else ids.get(one.copies)
            copy_of = answer.copy_of if first in (None, one.id) else first
            notices = one.incoming.notices
            suspected = ids.get(one.suspected) if one.suspected is not None and copy_of is None else None
            found = tuple(links[id(one)])
            before, latest = (None if number is None else ids.get(number) for number in (one.revision_of, one.latest))
            placements.append(
                Placement(
                    answer.article, answer.status, answer.story, answer.new_story, copy_of, found, answer.changed,
                    answer.before, notices, suspected, answer.storyline, before, latest,
                )
            )  # fmt: skip
        return placements

    def recluster(self, settings: Settings, background: Background | None, *, learn: bool = False) -> FullClustering:
        """Cluster all articles; see `recluster`."""
        has_texts = self.metadata.store_text
        return recluster(
            self.store,
            settings,
            background,
            has_texts=has_texts,
            embedding=self.metadata.embedding,
            progress=self._progress,
            learn=learn,
        )

    def reconcile(self, log: ChangeLog) -> None:
        """Update all placements to the clustering of all articles; settled stories are kept."""
        state, table = self.state(), self.state().table
        found = self.recluster(self.metadata.settings, state.learned.background)
        settled = log.settled(table.stories())
        story_of = {number: int(table.story[table.slot(number)]) for number in found.numbers}
        groups = around_settled(found.groups(), story_of, settled)
        state.move(log, groups, found.copies(groups), settled)
        for first, shown in found.shown().items():
            log.set_shown(int(table.story[table.slot(first)]), shown)
        if self.metadata.embedding:
            state.joined.arrange(log, found.joined(), found.scale([*map(table.language_name, found.numbers)]))
        state.storylines.arrange(
            log, found.lines({number: int(table.story[table.slot(number)]) for number in found.numbers})
        )

    def rebuild(
        self,
        log: ChangeLog,
        settings: Settings,
        background: Background,
        *,
        replaced: bool,
        embedding: Embedding | str | None = None,
    ) -> None:
        """Compute all vectors and placements anew.

        Args:
            log: receives the changes.
            settings, background: new ones, or those that it has.
            replaced: whether the background is a new one.
            embedding: the new embedding; "" to take it away, None to keep the one that it has.
        """
        if settings.ungrouped != self.metadata.settings.ungrouped:
            raise SettingsError(["ungrouped stays as it is in an index: make it anew to change it"])
        version = self.metadata.version + replaced
        model = embedding if isinstance(embedding, Embedding) else None
        name = self.metadata.embedding if embedding is None else model.name if model else ""
        metadata = replace(self.metadata, settings=settings, method=METHOD_VERSION, embedding=name)
        metadata = metadata.with_background(background, version)
        write_metadata(self.store, replace(metadata, now=self._clock.now))
        has_texts = self.metadata.store_text
        anew = has_texts and self.metadata.method != METHOD_VERSION  # words of older methods are not in the vocabulary
        if replaced:
            self._vocabulary = None
        state = self._new_state(settings, background, stale=False, embedding=name)
        if replaced:
            anew |= state.vocabulary.adopt(background, has_texts=has_texts)
        state.read_words()
        if anew:
            state.recompute_features()
        else:
            state.recompute_vectors()
        before: dict[int, int] = {}
        if name != self.metadata.embedding:
            has_texts = self.metadata.store_text
            rows = self.embedder.embed_all(model, state, has_texts=has_texts, progress=self._progress) if model else {}
            before = self.store.joined()
            self.store.clear_embedded()
            self.store.put_embedded([*rows.items()])
        state.load()
        state.joined.show_anew(before)
        self.metadata, self._state = replace(metadata, background=b""), state
        log.table, log.shown = state.table, state.shown
        log.record("refreshed", "", "")
        self.reconcile(log)
