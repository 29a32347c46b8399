"""Learning boilerplate from the articles of an index: what new ones share with others that are like them.

What is learned is stored with the articles whose features it changes: these are pending until they are placed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.index.boilerplate import MOST_HOLDERS, Lesson, with_lesson
from dedup.index.features.sketch import unpack_words
from dedup.index.state import IndexState
from dedup.index.stories.lessons import Strangers, articles_with, lesson_of, possible_holders, refuted, repeating
from dedup.index.stories.placement import Candidate, is_due
from dedup.vectorize.features import HashedWords
from dedup.vectorize.labels import among
from dedup.vectorize.misplaced_body import body_digests

if TYPE_CHECKING:
    from dedup.background import Background

_AT_ONCE = 256


def learn(state: IndexState, candidates: Sequence[Candidate]) -> bool:
    """Learn from admitted candidates, or forget what they refute; return whether features have changed.

    Must run inside a transaction.
    """
    wrong = _refuted_by(state, candidates)
    if wrong:
        known = {number for lesson in state.learned.held(wrong).values() for number in lesson.holders}
        state.learned.unlearn(wrong, (*state.with_twins([number for number in known if number in state.table]),))
        _apply(state)
        return True
    lesson = _new_lesson(state, candidates)
    if lesson:
        state.learned.learn(lesson)
        _apply(state)
    return bool(lesson)


def learn_from_all(state: IndexState) -> None:
    """Learn from all articles of the store, and forget what they refute; must run inside a transaction."""
    learned, frozen = state.learned, state.background
    numbers = state.distinct()
    if not numbers:
        return
    words, outlets = state.stored_words(numbers), state.outlets_of(numbers)
    before = state.sketcher.background
    words_of_run = words.kept(state.sketcher.own_words(words, frozen))
    found = lesson_of(words_of_run, outlets, state.backend)
    wrong = refuted(learned.all(), words_of_run, outlets, state.backend)
    new = found.without(learned.all())
    if wrong:
        learned.unlearn(wrong, ())
    forgotten = learned.background
    new = new if learned.has_room(new) else Lesson()
    if new:
        learned.learn(new)
    _apply(state)
    after = state.sketcher.background
    changed = _stale(state, numbers, state.sketcher.judged(words))
    if wrong or new:
        changed |= _changed(state, words, before, after) | _changed(state, words, forgotten, after)
    _place_later(state, np.array(numbers, np.int64)[changed].tolist())


def _stale(state: IndexState, numbers: Sequence[int], judged: HashedWords) -> NDArray[np.bool_]:
    """Return which articles have features of more or fewer words than are compared now."""
    slots = [state.table.slot(number) for number in numbers]
    found: NDArray[np.bool_] = state.table.length[slots] != judged.lengths()
    return found


def _place_later(state: IndexState, numbers: Sequence[int]) -> None:
    """Have articles placed again, with all of the same text."""
    if numbers:
        pending = (*state.with_twins(numbers),)
        state.learned.postpone(pending)
        state.forget(pending)


def _apply(state: IndexState) -> None:
    state.sketcher.background = state.learned.background
    state.forget(state.learned.pending())


def _new_lesson(state: IndexState, candidates: Sequence[Candidate]) -> Lesson:
    """Return what is boilerplate among candidates and the articles that are like them."""
    near = {place: state.placer.sharing(one) for place, one in enumerate(candidates)}
    near = {place: others for place, others in near.items() if others}
    if not near:
        return Lesson()
    place_of = {one.number: place for place, one in enumerate(candidates)}
    stored = sorted({number for others in near.values() for number in others if number not in place_of})
    place_of |= {number: len(candidates) + place for place, number in enumerate(stored)}
    parts = [one.features.words for one in candidates]
    if stored:
        parts.append(state.words_of(stored))
        _place_later(state, np.array(stored)[_stale(state, stored, parts[-1])].tolist())
    words = HashedWords.joined(parts)
    vectors = [*(one.features.vector for one in candidates), *(state.vectors_of(stored) if stored else [])]
    beside = {place: [place_of[number] for number in numbers] for place, numbers in near.items()}
    strangers = Strangers(words, [vector.language for vector in vectors])
    if len(beside) == 1:  # then its titles are compared sooner than its passages
        beside = {place: others for place, others in beside.items() if strangers.worth(place, others)}
    may_repeat = repeating(words, state.backend) if beside else np.empty(0, np.bool_)
    examined = set[int]()
    for place, others in beside.items():
        if may_repeat[place] and (len(near) == 1 or strangers.worth(place, others)):
            examined.update((place, *others))
    if not examined:
        return Lesson()
    numbered = [*(one.number or 0 for one in candidates), *stored]
    content = {one.number: one.incoming.content for one in candidates} | state.contents_of(stored)
    places = np.array(sorted(examined, key=lambda place: content[numbered[place]]), np.int64)  # the order of a run
    some = words.take(places)
    outlets = state.outlets_of([numbered[place] for place in places.tolist()])
    lesson = lesson_of(some, outlets, state.backend).without(state.learned.own).without(state.learned.all())
    if not lesson or not state.learned.has_room(lesson):
        return Lesson()
    alone = replace(state.background, passages=lesson.passages, bodies=lesson.bodies)
    before, own_words = state.sketcher.background, state.sketcher.own_words
    after = with_lesson(before, lesson)
    given = [vectors[place] for place in places.tolist()]
    possible = possible_holders(
        lesson, some, given, lambda words: ~own_words(words, alone), state.table, state.have_lost_words
    )
    every = unpack_words(one.features.packed for one in candidates)
    holding = np.flatnonzero(_changed(state, every, before, after)).tolist()
    pending, own = set[int](), {candidates[place].number or 0 for place in holding}
    done: set[int | None] = {one.number for one in candidates}
    while left := sorted(possible - done):
        done |= possible
        for start in range(0, len(left), _AT_ONCE):
            some_left = left[start : start + _AT_ONCE]
            changed = _changed(state, state.stored_words(some_left), before, after)
            pending.update(state.with_twins(np.array(some_left, np.int64)[changed].tolist()))
        # Holders of what overlaps with other boilerplate may have lost its rarest words.
        possible = {number for number in state.learned.beside(pending | own) if number in state.table}
    return replace(lesson, holders=(*sorted(pending | own),), pending=(*sorted(pending),))


def _changed(state: IndexState, words: HashedWords, before: Background, after: Background) -> NDArray[np.bool_]:
    """Return which articles have other words outside of boilerplate under one background than under another.

    Also those that hold what only one of them has, but are kept because they have no title and few other words.
    """
    own_words = state.sketcher.own_words
    digests = [*body_digests(words)] if before.bodies or after.bodies else []  # once for both
    changed = articles_with(words, own_words(words, before, digests) != own_words(words, after, digests))
    untitled = np.flatnonzero(~changed & (np.diff(words.offsets)[::2] == 0)).tolist()
    different = np.setxor1d(before.passages, after.passages) if untitled else np.empty(0, np.uint64)
    for place in untitled:
        held = state.lesson_held_by(words.part(place, place + 1))
        changed[place] = among(held.passages, different).any()
    return changed


def record_holders(state: IndexState, candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, Lesson]]:
    """Record which candidates hold what was learned, and yield each new holder with the lesson.

    Must run inside a transaction whenever the features of articles are stored: what is forgotten must be found again.
    """
    some = [one for one in candidates if one.features.has_boilerplate or not len(one.features.words.title(0))]
    if not some:
        return
    words = unpack_words(one.features.packed for one in some)
    closed = held = None
    for place, one in enumerate(some):
        if held is None or closed is not state.learned.closed():
            closed = state.learned.closed()
            held = _changed(state, words, state.sketcher.background, closed)
        if held[place]:
            number, lessons = one.number or 0, state.learned.held(state.lesson_held_by(words.part(place, place + 1)))
            for row, lesson in lessons.items():
                if len(lesson.holders) < MOST_HOLDERS and number not in lesson.holders:
                    yield one, state.learned.add_holder(row, number)


def _refuted_by(state: IndexState, candidates: Sequence[Candidate]) -> Lesson:
    """Record new holders of what was learned; return what is not boilerplate among all that are known."""
    table, new = state.table, {one.number: one for one in candidates}
    for one, lesson in record_holders(state, candidates):
        if one.twin is not None or not is_due(len(lesson.holders)):
            continue
        beside = [new[other] for other in lesson.holders if other in new and new[other].twin is None]
        stored = [other for other in lesson.holders if other in table and other not in new]
        stored = [other for other in stored if not table.is_twin(table.slot(other))]
        given = unpack_words(other.features.packed for other in beside)
        words = HashedWords.joined([given, state.stored_words(stored)])
        words = words.kept(state.sketcher.own_words(words, state.background))
        outlets = state.outlets_of([*(other.number or 0 for other in beside), *stored])
        wrong = refuted(lesson, words, outlets, state.backend, clearly=True)
        if wrong:
            return wrong
    return Lesson()
