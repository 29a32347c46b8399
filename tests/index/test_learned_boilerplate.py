"""What an index has learned, in memory and in its store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dict_store import DictStore
from numpy.typing import NDArray

from dedup import Article, Background, StoreError, StoryIndex
from dedup.index.boilerplate import LearnedBoilerplate, Lesson, with_lesson
from dedup.index.stories.lessons import possible_holders
from dedup.vectorize.boilerplate import passages_of_bodies
from dedup.vectorize.features import HashedWords
from dedup.vectorize.labels import segments

BODY = b"0123456789abcdef"


def passages(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(numbers, np.uint64)


def found(learned: LearnedBoilerplate) -> tuple[list[int], set[bytes]]:
    background = learned.background
    return background.passages.tolist(), set(background.bodies)


def opened(store: DictStore, background: Background | None = None) -> LearnedBoilerplate:
    learned = LearnedBoilerplate(store, background or Background.general())
    learned.read()
    return learned


def test_a_lesson_is_read_as_it_was_packed() -> None:
    lesson = Lesson(passages(1, 2**64 - 1), frozenset([BODY, b"f" * 16]), (4, 9), (9,), is_own=True)
    again = Lesson.unpacked(lesson.packed())
    assert again.passages.tolist() == lesson.passages.tolist()
    assert replace(again, passages=lesson.passages).packed() == lesson.packed()
    for broken in (b"", lesson.packed()[:-1], lesson.packed() + b"\0"):
        with pytest.raises(ValueError, match="length"):
            Lesson.unpacked(broken)


def test_what_is_learned_is_added_to_the_background_and_stored() -> None:
    store = DictStore()
    background = replace(Background.general(), passages=passages(5))
    learned = opened(store, background)
    with store.transaction():
        learned.learn(Lesson(passages(3, 7), frozenset([BODY]), (1, 2, 3), (1, 2)))
    assert found(learned) == found(opened(store, background)) == ([3, 5, 7], {BODY})
    assert len(learned) == 3
    assert learned.pending() == [1, 2]
    with store.transaction():
        learned.done([2])
    assert opened(store, background).pending() == [1]
    ((row, lesson),) = learned.held(Lesson(passages(7))).items()
    assert lesson.holders == (1, 2, 3)
    with store.transaction():
        learned.add_holder(row, 8)
    ((_, lesson),) = opened(store).held(Lesson(bodies=frozenset([BODY]))).items()
    assert lesson.holders == (1, 2, 3, 8)
    assert learned.held(Lesson(passages(5))) == {}


def test_what_is_forgotten_is_not_learned_by_a_reader_either() -> None:
    store = DictStore()
    learned = opened(store)
    with store.transaction():
        learned.learn(Lesson(passages(3, 7), frozenset([BODY]), (1, 2)))
    reader = opened(store)
    with store.transaction():
        learned.unlearn(Lesson(passages(7), frozenset([BODY])), (1, 2))
    assert reader.read() >= {1, 2}
    assert reader.read() == set()
    for one in (learned, reader, opened(store)):
        assert found(one) == ([3], set())
        assert one.own.passages.tolist() == [7]
        assert one.pending() == [1, 2]
    with store.transaction():
        learned.learn(Lesson(passages(7), holders=(1, 2, 3)))  # by all articles, once more
    reader.read()
    assert found(learned) == found(reader) == found(opened(store)) == ([3, 7], set())
    assert not len(reader.own.passages)


def test_damaged_lessons_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    with StoryIndex.open(path) as index:
        index.add(Article(id="a", text="A bridge was opened."))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO lesson (data) VALUES (x'00')")
    with StoryIndex.open(path) as index, pytest.raises(StoreError, match="what the index has learned is damaged"):
        index.add(Article(id="b", text="Another bridge was opened."))


def test_holders_of_a_label_are_searched_where_it_stays_in_the_examined_titles() -> None:
    """A label inside of a title is not removed from it, but from titles that end with it."""
    with StoryIndex.open(":memory:") as index:
        index.add({"id": "old", "title": "Harvests of the valley fail again: Quay(M)", "text": "Pears are lost."})
        index.add({"id": "new", "title": "Quay(M) bid to steer clear of the row", "text": "It met on Friday."})
        state = index._session.state()
        old, new = (index._session.stored(id_).number for id_ in ("old", "new"))
        words, vectors = state.words_of([new]), state.vectors_of([new])

        def nothing(some: HashedWords) -> NDArray[np.bool_]:
            return np.zeros(len(some.hashes), bool)

        lesson = Lesson(np.unique(segments(words).hashes))
        assert lesson
        found = possible_holders(lesson, words, vectors, nothing, state.table, state.have_lost_words)
        assert old in found


def test_holders_have_all_rare_words_of_a_passage_or_have_lost_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many articles with its rarest word, those that have only that word are not read."""
    monkeypatch.setattr("dedup.index.stories.lessons.FREQUENT", 2)
    notice = "Quayside marmalade ledgers are kept by Harrowgate."
    with StoryIndex.open(":memory:") as index:
        texts = {"new": f"It met on Friday at noon in the hall.\n{notice}", "whole": f"Pears are lost again.\n{notice}"}
        texts |= {f"x{number}": f"They named {word} and left." for number, word in enumerate(notice[:-1].split())}
        for id_, text in texts.items():
            index.add({"id": id_, "title": f"Of {id_} and so on", "text": text})
        state = index._session.state()
        number = {id_: index._session.stored(id_).number for id_ in texts}
        words, vectors = state.stored_words([number["new"]]), state.vectors_of([number["new"]])
        found = passages_of_bodies(words)
        first = len(words.title(0))
        line = (found.begins == first + 9) & (found.ends == first + 16)
        assert line.sum() == 1
        lesson = Lesson(found.hashes[line])

        def gone(some: HashedWords) -> NDArray[np.bool_]:
            return ~state.sketcher.own_words(some, with_lesson(state.background, lesson))

        asked: list[int] = []

        def lost(slots: NDArray[np.int64]) -> NDArray[np.bool_]:
            assert not state.have_lost_words(slots).any()
            asked.extend(state.table.number[slots].tolist())
            return np.ones(len(slots), np.bool_)

        possible = possible_holders(lesson, words, vectors, gone, state.table, lost)
        assert len(asked) == 1
        assert asked[0] in {number[id_] for id_ in texts if id_.startswith("x")}
        edges = number["x0"], number["x6"]  # its first or last word, which few articles have, may be left of it
        assert possible == {number["new"], number["whole"], *asked, *edges}
