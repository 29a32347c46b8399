"""Withdrawn articles: by call or by a wire's own notice. Their copies are told by changes."""

from __future__ import annotations

from collections.abc import Sequence

from dedup.index.pages import copies_of
from dedup.index.state import IndexState
from dedup.index.store.records import Kind
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.placement import Candidate
from dedup.text.kill_notices import names_title


def withdraw(state: IndexState, log: ChangeLog, numbers: Sequence[int], told: Sequence[int] = ()) -> None:
    """Withdraw stored articles that are not, and tell their copies, and those in `told`."""
    known = state.store.withdrawn(numbers)
    new = [number for number in dict.fromkeys(numbers) if number not in known]
    state.store.put_withdrawn(new)
    copies = dict.fromkeys([*told, *(copy for number in new for copy in copies_of(state, number))])
    names = {number: one.id for number, one in state.stored_articles([*new, *copies]).items()}
    for number in [*new, *(copy for copy in copies if copy not in new and copy in names)]:
        story = int(state.table.story[state.table.slot(number)])
        log.touch(story)
        kind: Kind = "withdrawn" if number in new else "copy_withdrawn"
        log.record(kind, names[number], log.story(story).id, log.story(story).id)


def obey(state: IndexState, log: ChangeLog, candidate: Candidate) -> None:
    """Withdraw what a placed notice withdraws; tell a placed article that it is a copy of what was withdrawn."""
    article, table, number = candidate.incoming.article, state.table, candidate.number or 0
    if candidate.incoming.told.withdraws:
        near = candidate.neighbours.slots.tolist() if candidate.neighbours is not None else []
        slots = dict.fromkeys([*near, *table.of_story(int(table.story[table.slot(number)]))])
        own = table.outlet[table.slot(number)]
        alike = [int(table.number[slot]) for slot in slots if table.number[slot] >= 0 and table.outlet[slot] == own]
        named = [
            one.number
            for one in state.stored_articles(alike).values()
            if names_title(article.title, article.text, one.article("").title)
        ]
        withdraw(state, log, [number, *named], candidate.page_copies)
    elif (copies := copies_of(state, number)) and state.store.withdrawn(copies):
        story = log.story(int(table.story[table.slot(number)])).id
        log.record("copy_withdrawn", candidate.id, story, story)
