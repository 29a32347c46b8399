"""The stories that are shown: those of words, with the joins of an embedding and editors' decisions laid over them.

In memory, in `ArticleTable`, each article is in the story that words put it in, called that of the method, so later
articles are placed as if nothing had been joined or decided. The store has where articles are shown; where that is
another place, the table `automatic` has the placement by the method. A story of the method of which no article is shown
under its number redirects to the story of its first article.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from dedup.group.decisions import Constraints, Decision
from dedup.index.search.table import ArticleTable
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change, StoredArticle
from dedup.index.stories.changes import ChangeLog, Laid
from dedup.index.stories.joined import Joined
from dedup.index.stories.merge import assign

_Nearest: TypeAlias = Callable[[Sequence[int], Sequence[int]], Sequence[int]]
_OWN = {"added", "updated"}


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """The articles of a story that is shown.

    Attributes:
        numbers: their numbers, ascending.
        title: the title that was decided, "" for none.
        pinned: the number of the article that was decided to be shown, None for none.
    """

    numbers: tuple[int, ...]
    title: str
    pinned: int | None


def by_the_method(article: StoredArticle, placed: Mapping[int, tuple[int, int, bool]]) -> StoredArticle:
    """Return a stored article where the method placed it, given `Store.automatic`."""
    if article.number not in placed:
        return article
    story, copies, representative = placed[article.number]
    return article.placed(story, copies, representative=representative)


def stored_decisions(store: Store) -> list[tuple[int, Decision]]:
    """Return the decisions in a store with their numbers, the oldest first."""
    rows = store.decisions()
    return [(number, Decision.from_record({**json.loads(record), "id": f"d{number}"})) for number, record in rows]


def numbers_of(store: Store, ids: Iterable[str]) -> dict[str, int]:
    """Return the numbers of ids that there are; for an earlier version of a page that of the latest."""
    wanted = sorted(ids)
    found = {id_: article.number for id_, article in store.articles_called(wanted).items()}
    absent = [id_ for id_ in wanted if id_ not in found]
    return found | {id_: revision.latest for id_, revision in store.revisions_called(absent).items()}


def _mentioned(decisions: Iterable[Decision]) -> set[str]:
    return {id_ for decision in decisions for id_ in decision.mentioned}


class ShownStories:
    """The decisions of an index, and the stories that are shown because of them.

    Args:
        table: the articles, in the stories of the method.
        store: where all is stored.
        nearest: returns for each of some articles the place of the most similar one among others, by numbers.
        joined: the articles that an embedding adds to stories. One that a decision names stays where words put it.

    Attributes:
        decisions: the decisions, the oldest first, with what each has of `in_force`.
        numbers: number of each decision in the store, by its id.
        overwritten: articles whose placement by the method was written to the store in the open transaction.
    """

    def __init__(self, table: ArticleTable, store: Store, nearest: _Nearest, joined: Joined) -> None:
        self._table, self._store, self._nearest, self._joined = table, store, nearest, joined
        self.decisions: list[Decision] = []
        self.numbers: dict[str, int] = {}
        self._mentioned: set[str] = set()
        self._number_of: dict[str, int] = {}
        self._constraints = Constraints((), {})
        self._placed: dict[int, tuple[int, int]] = {}  # by article: story and copies, where they are not the method's
        self._special: dict[int, set[int]] = {}  # by story: its articles, where they are not the method's
        self._hidden: dict[int, int] = {}  # by story of the method: the story that it redirects to
        self._named: set[int] = set()  # stories with a decided title or article to show
        self.overwritten: set[int] = set()

    def load(self) -> None:
        """Read the decisions and the stories that they made; the articles are in the table, as the method has them."""
        store, table = self._store, self._table
        self._read_decisions()
        by_method = store.automatic()
        self._placed = {
            article.number: (article.story, article.copies) for article in store.articles(sorted(by_method)).values()
        }
        involved = {story for story, _, _ in by_method.values()} | {story for story, _ in self._placed.values()}
        self._special = {story: set() for story in involved}
        for story in involved:
            for number in (int(table.number[slot]) for slot in table.of_story(story)):
                self._special.setdefault(self.story_of(number), set()).add(number)
        for number, (story, _) in self._placed.items():
            self._special[story].add(number)
        rows = store.story_numbered(sorted(involved))
        self._hidden = {
            number: row.into for number, row in rows.items() if row.into is not None and table.of_story(number)
        }
        self._named = {*store.decided_stories()}

    def sync(self, articles: Sequence[StoredArticle], origin: Mapping[int, int]) -> None:
        """Read what another process has written; the table has the articles where its method has them now.

        Args:
            articles: the articles of the stories that have changed, where they are shown.
            origin: the stories of the method that articles were in before, as in `ArticleTable.origin`.
        """
        table = self._table
        self._read_decisions()
        shown = {article.number: (article.story, article.copies) for article in articles}
        by_method = self._store.automatic([*shown])
        numbers = {*shown, *origin}
        involved = {*origin.values()} - {0}
        held: dict[int, set[int]] = defaultdict(set)
        for number in numbers:
            involved.update(self._stories_of(number))
            before = self._placed.pop(number, None)
            if number in by_method and number in table:
                self._placed[number] = shown[number]
                held[shown[number][0]].add(number)
            elif before is not None and number in table and number not in shown:
                self._placed[number] = before
            involved.update(self._stories_of(number))
        for story in involved:
            members = {int(table.number[slot]) for slot in table.of_story(story)}
            before_it = self._special.pop(story, set())
            here = {one for one in members | before_it | held[story] if one in table and self.story_of(one) == story}
            self._hidden.pop(story, None)
            if here != members:
                self._special[story] = here
            if members and not here:
                self._hidden[story] = self.story_of(min(members))

    def _read_decisions(self) -> None:
        stored = stored_decisions(self._store)
        self.numbers = {decision.id: number for number, decision in stored}
        self.decisions = [decision for _, decision in stored]
        self._mentioned = _mentioned(self.decisions)
        self._number_of = numbers_of(self._store, self._mentioned)
        self._constrain()

    def _resolve(self, ids: set[str]) -> bool:
        """Look up the numbers of ids again, and return whether one has changed."""
        found = numbers_of(self._store, ids)
        if found == {id_: number for id_, number in self._number_of.items() if id_ in ids}:
            return False
        self._number_of = {id_: one for id_, one in self._number_of.items() if id_ not in ids} | found
        self._constrain()
        return True

    def _constrain(self) -> None:
        self._constraints = Constraints(self.decisions, self._number_of)
        self._joined.exempt = {*self._constraints.decided()}
        self.decisions = self._constraints.marked(self.decisions)

    def contradicted(self, new: Sequence[Decision]) -> list[Decision]:
        """Return the decisions in force that new ones would overrule."""
        number_of = self._number_of | numbers_of(self._store, _mentioned(new))
        kept = [one for one in self.decisions if one.in_force]
        then = Constraints([*kept, *new], number_of).overruled
        return [one for one in kept if one.id in then and one.kind in ("together", "apart")]

    def story_of(self, number: int) -> int:
        """Return the story that an article is shown in."""
        placed = self._placed.get(number)
        return int(self._table.story[self._table.slot(number)]) if placed is None else placed[0]

    def into(self, story: int) -> int | None:
        """Return the story that a story of the method redirects to, None if it is shown itself."""
        return self._hidden.get(story)

    def slots(self, story: int) -> list[int]:
        """Return the slots of the articles that are shown in a story."""
        table, special = self._table, self._special.get(story)
        return table.of_story(story) if special is None else [table.slot(one) for one in special if one in table]

    def for_newcomer(self, story: int, copies: int | None, near: Sequence[int]) -> int:
        """Return the story in which an article would be shown.

        Args:
            story: the story of the method that it would join.
            copies: number of the first article of its copy group, None if it is no copy.
            near: the numbers of similar articles, the most similar first.
        """
        if story not in self._special:
            return story
        table = self._table
        slots = table.of_story(story)
        same = [slot for slot in slots if copies is not None and table.copies[slot] == copies]
        members = sorted(int(table.number[slot]) for slot in same or slots)
        if not members:
            return story
        return self.story_of(next((one for one in near if one in {*members}), members[0]))

    def instead_of(
        self, stories: Mapping[int, Sequence[int]], copies_of: Callable[[int], int]
    ) -> tuple[set[int], list[ShownGroup]]:
        """Return the stories that decisions are about, of others than those of the index, and what is shown instead.

        Args:
            stories: the numbers of the articles of each story. A story of which one was removed meanwhile stays.
            copies_of: returns the first article of the copy group of an article.
        """
        constraints, table = self._constraints, self._table
        story_of = {number: story for story, numbers in stories.items() for number in numbers}
        named = [*constraints.decided(), *constraints.titles, *constraints.canonical]
        involved = {story_of[number] for number in named if number in story_of}
        involved = {story for story in involved if all(number in table for number in stories[story])}
        groups = constraints.divide({story: stories[story] for story in involved}, copies_of, self._nearest)
        return involved, [
            ShownGroup(tuple(group), constraints.title_of(group), constraints.shown_of(group)) for group in groups
        ]

    # The end of a transaction

    def lay(self, log: ChangeLog, decided: Sequence[Decision] = (), joined: Collection[int] = ()) -> dict[int, Laid]:
        """Lay joins and decisions over the changes of a transaction, before these are written.

        Args:
            log: the changes, in the stories of the method; they are rewritten to those that are shown.
            decided: decisions that were made or undone in the transaction.
            joined: articles that are joined to others than before it.

        Returns:
            By number, where the articles are that a join or a decision may have moved.
        """
        table = self._table
        origin, table.origin = table.origin, {}
        try:
            return self._lay_over(log, decided, joined, origin)
        finally:
            self.overwritten = set()

    def _lay_over(
        self, log: ChangeLog, decided: Sequence[Decision], joined: Collection[int], origin: Mapping[int, int]
    ) -> dict[int, Laid]:
        table = self._table
        seeds: set[int] = {*joined, *(origin.keys() & self._placed.keys())}  # some of these may be gone
        if decided:
            before = {one.id for one in self.decisions if not one.in_force}
            seeds |= {self._number_of[id_] for one in decided for id_ in one.mentioned if id_ in self._number_of}
            self._read_decisions()
            changed = before | {one.id for one in self.decisions if not one.in_force}
            again = [*decided, *(one for one in self.decisions if one.id in changed)]
            seeds |= {self._number_of[id_] for one in again for id_ in one.mentioned if id_ in self._number_of}
        if not (self.decisions or self._placed or self._named or self._joined.to):
            return {}
        if not decided:
            stale = {id_ for id_, number in self._number_of.items() if number not in table} if origin else set()
            named = {change.article for change in log.changes} & self._mentioned
            if stale | named:
                old = dict(self._number_of)
                if self._resolve(stale | named):
                    now = self._number_of
                    ids = {id_ for id_ in stale | named if old.get(id_) != now.get(id_)}
                    every = [one.mentioned for one in self.decisions if ids & {*one.mentioned}]
                    seeds |= {
                        number for some in every for id_ in some for number in (old.get(id_), now.get(id_)) if number
                    }
        stories = [*log.touched, *(story for number in seeds for story in self._stories_of(number))]
        connected = self._closure(stories)
        return self._lay(log, connected, origin) if connected else {}

    def _stories_of(self, number: int) -> list[int]:
        """Return the story of the method and the one that is shown, of an article that may be gone."""
        found = [self._placed[number][0]] if number in self._placed else []
        return [int(self._table.story[self._table.slot(number)]), *found] if number in self._table else found

    def _closure(self, stories: Sequence[int]) -> set[int]:
        """Return the stories that decisions connect with some, and these as far as decisions are about them."""
        table, constraints, found = self._table, self._constraints, set[int]()
        queue, seen = [*stories], {*stories}
        while queue:
            story = queue.pop()
            numbers = [int(table.number[slot]) for slot in table.of_story(story)]
            special = self._special.get(story)
            if special is not None:
                numbers += special
            decided = [one for one in numbers if constraints.decides(one)]
            pinned = any(one in constraints.titles or one in constraints.canonical for one in numbers)
            elsewhere, beside = any(one in self._placed for one in numbers), self._joined.beside(story)
            if not (decided or pinned or elsewhere or beside or special is not None or story in self._named):
                continue
            found.add(story)
            blocks = {constraints.block(one): one for one in decided}
            more = [one for each in blocks.values() for one in constraints.with_(each)]
            more += numbers if special is not None or elsewhere else ()
            following = [other for one in more for other in self._stories_of(one)]
            for other in [*beside, *following, *([self._hidden[story]] if story in self._hidden else ())]:
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        return found

    def _lay(self, log: ChangeLog, stories: set[int], origin: Mapping[int, int]) -> dict[int, Laid]:
        """Set where the articles of some stories, which decisions connect with no others, are shown."""
        table, constraints = self._table, self._constraints
        members = {
            story: sorted(int(table.number[slot]) for slot in table.of_story(story)) for story in sorted(stories)
        }
        members = {story: numbers for story, numbers in members.items() if numbers}
        home = {number: story for story, numbers in members.items() for number in numbers}
        united: dict[int, list[int]] = defaultdict(list)
        for story, numbers in members.items():
            united[self._joined.root(story)] += numbers
        groups = constraints.divide(united, self._goes_with, self._nearest)
        before = {number: self._before(number, origin) for number in home}
        chosen, redirected = self._choose(log, groups, before, members)
        story_of = {number: story for group, story in zip(groups, chosen, strict=True) for number in group}
        was_shown = {*before.values(), *(story for story in stories if self._special.get(story))} - {0}
        touched = {*log.touched}
        log.preload(sorted({*was_shown, *stories, *chosen}))
        for group, story in zip(groups, chosen, strict=True):
            if touched & {home[one] for one in group} or any(before[one] != story for one in group):
                log.touch(story)
            log.name(story, constraints.title_of(group), constraints.shown_of(group))
        for number, story in story_of.items():
            if before[number] not in (0, story):
                log.touch(before[number])
        for story in stories:
            gone = [number for number in self._special.get(story, ()) if number not in table]
            for number in gone:
                log.touch(story)
                self._placed.pop(number, None)
        self._place(groups, chosen, home)
        ended: dict[int, int | None] = {}
        for story in sorted((was_shown | stories) - {*chosen}):
            if story in members:
                ended[story] = story_of[members[story][0]]
            elif story in redirected:
                ended[story] = chosen[redirected[story]]
            elif not table.of_story(story):
                ended[story] = log.story(story).into
        self._remember(log, groups, chosen, members, stories | was_shown, ended)
        self._tell(log, stories | was_shown, before, story_of, {one: ended[one] for one in ended if one in was_shown})
        names = {story: log.story(story).id for story in {*before.values(), *chosen} - {0}} | {0: ""}
        return {
            number: Laid(names[story], names[before[number]], self._copies_of(number))
            for number, story in story_of.items()
        }

    def _goes_with(self, number: int) -> int:
        """Return the first article of the copy group of an article, or of the article that it is joined to."""
        other = self._joined.other(number)
        return int(self._table.copies[self._table.slot(number if other is None else other)])

    def _before(self, number: int, origin: Mapping[int, int]) -> int:
        """Return the story in which an article was shown before the transaction, 0 for none."""
        if number in self._placed:
            return self._placed[number][0]
        story = origin.get(number)
        return int(self._table.story[self._table.slot(number)]) if story is None else story

    def _copies_of(self, number: int) -> int:
        placed = self._placed.get(number)
        return int(self._table.copies[self._table.slot(number)]) if placed is None else placed[1]

    def _choose(
        self,
        log: ChangeLog,
        groups: Sequence[Sequence[int]],
        before: Mapping[int, int],
        members: Mapping[int, Sequence[int]],
    ) -> tuple[list[int], dict[int, int]]:
        """Choose the numbers of the stories that are shown, and the place of the one that each ended story is in now.

        A story that no decision is about is that of the method. Otherwise the oldest id survives, as where the method
        merges stories.
        """
        table, constraints = self._table, self._constraints
        home = {number: story for story, numbers in members.items() for number in numbers}
        own: dict[int, int] = {}
        for place, group in enumerate(groups):
            story = home[group[0]]
            if [*group] == [*members[story]] and not any(constraints.decides(one) for one in group):
                own[place] = story
        kept = {story: place for place, story in own.items()}
        claims = {
            number: before[number]
            for place, group in enumerate(groups)
            for number in group
            if before[number]
            and kept.get(before[number], place) == place
            and (before[number] in members or not table.of_story(before[number]))
        }
        roots = {self._joined.root(story) for story in members}
        whole = {story for story in claims.values() if len(members.get(story, ())) > 1 and story in roots}
        found, redirected = assign(
            groups, claims, log.settled({*claims.values()}) | (whole if self._joined.to else set())
        )
        for place, story in own.items():
            other, found[place] = found[place], story
            redirected.pop(story, None)
            if other not in (None, story):
                redirected[other] = place
        used = {*found}
        chosen: list[int] = []
        for group, best in zip(groups, found, strict=True):
            free = {home[one] for one in group} - used
            if best is not None:
                story = best
            elif free:
                story = min(free & roots or free)
            else:
                story = log.new_story(self._store.articles([group[0]])[group[0]].content)
            redirected.pop(story, None)
            used.add(story)
            chosen.append(story)
        return chosen, redirected

    def _place(self, groups: Sequence[Sequence[int]], chosen: Sequence[int], home: Mapping[int, int]) -> None:
        """Write where articles are shown. A copy group in two stories is one in each."""
        table, written, by_method, same = self._table, [], [], []
        for group, story in zip(groups, chosen, strict=True):
            first: dict[int, int] = {}
            inside = {*group}
            for number in sorted(group):
                slot = table.slot(number)
                root, representative = int(table.copies[slot]), bool(table.representative[slot])
                copies = root if root in inside else first.setdefault(root, number)
                old, new = self._placed.pop(number, None), (story, copies)
                if new != (home[number], root):
                    self._placed[number] = new
                    if new != old or number in self.overwritten:
                        by_method.append((number, home[number], root, representative))
                        written.append((number, *new, representative))
                elif old is not None:
                    same.append(number)
                    written.append((number, *new, representative))
        self._store.put_automatic(by_method)
        self._store.delete_automatic(same)
        self._store.place_articles(written)

    def _remember(
        self,
        log: ChangeLog,
        groups: Sequence[Sequence[int]],
        chosen: Sequence[int],
        members: Mapping[int, Sequence[int]],
        stories: Iterable[int],
        ended: Mapping[int, int | None],
    ) -> None:
        """Remember the articles that are shown in each story, and where ended stories redirect to."""
        redirected = {story: into for story in stories if (into := self._hidden.pop(story, None)) is not None}
        for story in stories:
            self._special.pop(story, None)
        for group, story in zip(groups, chosen, strict=True):
            if story in redirected or log.story(story).into is not None:
                log.set_into(story, None)
            if [*group] != [*members.get(story, ())]:
                self._special[story] = {*group}
            is_named = log.story(story).title or log.story(story).pinned is not None
            (self._named.add if is_named else self._named.discard)(story)
        for story, into in ended.items():
            log.name(story, "", None)
            self._named.discard(story)
            if story in members and into is not None:
                self._special[story] = set()
                self._hidden[story] = into
            if into is None or redirected.get(story) != into:
                log.set_into(story, into)

    def _tell(
        self,
        log: ChangeLog,
        stories: set[int],
        before: Mapping[int, int],
        story_of: Mapping[int, int],
        ended: Mapping[int, int | None],
    ) -> None:
        """Rewrite the changes of a transaction to the stories that are shown."""
        names = {story: log.story(story).id for story in {*stories, *before.values(), *story_of.values()} - {0}} | {
            0: ""
        }
        theirs, hidden = {names[story] for story in stories}, {names[story] for story in self._hidden if story in names}
        number_of = {
            id_: article.number
            for id_, article in self._store.articles_called(sorted({one.article for one in log.changes})).items()
        }
        own: set[int] = set()
        kept: list[Change] = []
        for change in log.changes:
            number = number_of.get(change.article)
            if number is not None and number in story_of:
                if change.kind == "moved":
                    continue
                now, was = names[story_of[number]], names[before[number]]
                if change.kind in _OWN:
                    own.add(number)
                    kept.append(replace(change, story=now, before=was))
                else:
                    kept.append(replace(change, story=now, before=now if change.before else ""))
            elif not (
                (change.kind == "merged" and (change.before in theirs or change.story in theirs))
                or (change.kind == "storyline" and change.story in hidden)
            ):
                kept.append(change)
        log.rewrite(kept)
        moved = [one for one in sorted(story_of) if before[one] != story_of[one] and one not in own]
        ids = self._store.ids(moved)
        for number in moved:
            log.record("moved", ids[number], names[story_of[number]], names[before[number]])
        for story, into in ended.items():
            if into is not None:
                log.record("merged", "", log.story(into).id, names[story])
