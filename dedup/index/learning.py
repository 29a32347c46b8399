"""Learning boilerplate from the articles of an index: what new ones share with others that are like them.

What is learned is stored with the articles whose features it changes: these are pending until they are placed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dedup.index.boilerplate import MOST_HOLDERS, Lesson
from dedup.index.features.sketch import unpack_words
from dedup.index.state import IndexState
from dedup.index.stories.lessons import Strangers, articles_with, find_holders, lesson_held_by, lesson_of, refuted
from dedup.index.stories.placement import Candidate, is_due
from dedup.vectorize.features import HashedWords


def learn(state: IndexState, candidates: Sequence[Candidate]) -> bool:
    """Learn from admitted candidates, or forget what they refute; return whether features have changed.

    Must run inside a transaction.
    """
    wrong = _refuted_by(state, candidates)
    if wrong:
        known = {number for lesson in state.learned.held(wrong).values() for number in lesson.holders}
        state.learned.unlearn(wrong, (*sorted(number for number in known if number in state.table),))
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
    if new:
        learned.learn(new)
    if not wrong and not new:
        return
    _apply(state)
    own, now = state.sketcher.own_words, state.sketcher.background
    changed = articles_with(words, own(words, before) != own(words, now))
    pending = (*state.with_twins(np.array(numbers, np.int64)[changed].tolist()),)
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
    words = HashedWords.joined([*parts, state.words_of(stored)] if stored else parts)
    vectors = [*(one.features.vector for one in candidates), *(state.vectors_of(stored) if stored else [])]
    strangers = Strangers(words, [vector.language for vector in vectors])
    examined = set[int]()
    for place, numbers in near.items():
        others = [place_of[number] for number in numbers]
        if strangers.worth(place, others):
            examined.update((place, *others))
    if not examined:
        return Lesson()
    numbered = [*(one.number or 0 for one in candidates), *stored]
    content = {one.number: one.incoming.content for one in candidates} | state.contents_of(stored)
    places = np.array(sorted(examined, key=lambda place: content[numbered[place]]), np.int64)  # the order of a run
    some = words.take(places)
    outlets = state.outlets_of([numbered[place] for place in places.tolist()])
    lesson = lesson_of(some, outlets, state.backend).without(state.learned.own).without(state.learned.all())
    if not lesson:
        return lesson
    removed = _removed_by(state, lesson)
    holding = places[articles_with(some, removed(some))]
    own = [candidates[place].number or 0 for place in holding[holding < len(candidates)].tolist()]
    given = [vectors[place] for place in places.tolist()]
    pending = state.with_twins(find_holders(lesson, some, given, removed, state.table, state.words_of))
    return replace(lesson, holders=(*sorted({*pending, *own}),), pending=(*pending,))


def _removed_by(state: IndexState, lesson: Lesson) -> Callable[[HashedWords], NDArray[np.bool_]]:
    alone = replace(state.background, passages=lesson.passages, bodies=lesson.bodies)
    return lambda words: ~state.sketcher.own_words(words, alone)


def _refuted_by(state: IndexState, candidates: Sequence[Candidate]) -> Lesson:
    """Record new holders of what was learned; return what is not boilerplate among all that are known."""
    table, packed = state.table, {one.number: one.features.packed for one in candidates if one.twin is None}
    new = {one.number for one in candidates}
    some = [one for one in candidates if one.twin is None and one.features.has_boilerplate]
    if not some:
        return Lesson()
    given, is_open = unpack_words(one.features.packed for one in some), None
    for place, one in enumerate(some):
        if is_open is None:
            is_open = articles_with(given, _removed_by(state, state.learned.open())(given))
        if not is_open[place]:
            continue
        every = given.part(place, place + 1)
        for row, lesson in state.learned.held(lesson_held_by(every, 0)).items():
            number = one.number or 0
            if len(lesson.holders) >= MOST_HOLDERS or number in lesson.holders:
                continue
            count = len(state.learned.add_holder(row, number).holders)
            is_open = is_open if count < MOST_HOLDERS else None
            if not is_due(count):
                continue
            beside = [other for other in lesson.holders if other in packed]
            stored = [other for other in lesson.holders if other in table and other not in new]
            stored = [other for other in stored if not table.is_twin(table.slot(other))]
            words = HashedWords.joined(
                [every, unpack_words(map(packed.__getitem__, beside)), state.stored_words(stored)]
            )
            words = words.kept(state.sketcher.own_words(words, state.background))
            outlets = state.outlets_of([number, *beside, *stored])
            wrong = refuted(lesson, words, outlets, state.backend, clearly=True)
            if wrong:
                return wrong
    return Lesson()
