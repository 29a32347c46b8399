"""Words that share a hash, by chance or made by an attacker: they join nothing, and none is named."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from dedup import (
    Article,
    MinHashVectorizer,
    StoryIndex,
    StoryTfidfVectorizer,
    UnknownArticleError,
    cluster,
    learn_background,
)
from dedup.backends import CompiledBackend, NumpyBackend, PlainBackend
from dedup.background import Background
from dedup.report.html.top_words import top_words
from dedup.results.evidence import StoredEvidence
from dedup.settings import Settings
from dedup.vectorize import background
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import hashes_of, terms_of, wide_hashes_of
from dedup.vectorize.language import english_words
from dedup.vectorize.vocabulary import (
    NO_WORDS,
    Vocabulary,
    substitute_tokens,
    substituted,
    with_substitutes,
    words_by_term,
)

BACKENDS = [PlainBackend, NumpyBackend, CompiledBackend]
FORMS = ["plain", "numpy", "compiled"]


FOOTER = " ".join(["minister", "government", *(f"{start}subscribe{end}" for start in "abcdef" for end in "uvwxyz")])


@cache
def colliding() -> list[tuple[str, str]]:
    """Pairs of words with one term."""
    words = np.array([f"{start}{number}" for number in range(150_000) for start in ("qu", "vor")])
    terms = terms_of(hashes_of(words.tolist()))
    order = np.argsort(terms, kind="stable")
    same = np.flatnonzero(np.diff(terms[order]) == 0)
    found = [(str(words[order[place]]), str(words[order[place + 1]])) for place in same.tolist()]
    assert len(found) >= 8
    return found


def texts_of(side: int) -> str:
    return " ".join(pair[side] for pair in colliding())


def forged_words() -> list[str]:
    """Words that have the terms of words in a footer, and lesser wide hashes."""
    pairs = [sorted(pair, key=lambda word: int(wide_hashes_of([word])[0])) for pair in colliding()]
    return ["xibyagxk", "totzpmxq", *(pair[0] for pair in pairs)]


def hashed(backend: PlainBackend, texts: list[str]) -> HashedWords:
    return backend.read([("", text) for text in texts])


def test_wide_hashes_are_those_of_python() -> None:
    words = ["a", "seven77", "eight888", "nine99999", "x" * 255, "y" * 256, "z" * 1000, "水", "水火水火水火"]
    code = f"print([hash(word.encode()) % 2**64 for word in {words!r}])"
    found = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    if sys.hash_info.algorithm != "siphash13":
        pytest.skip("this Python hashes by another function")
    assert wide_hashes_of(words).tolist() == [int(number) for number in found.stdout.strip("[]\n").split(",")]


@pytest.mark.parametrize("backend", BACKENDS, ids=FORMS)
def test_words_of_one_term_become_two_whatever_the_order(backend: type[PlainBackend]) -> None:
    texts = [texts_of(0), texts_of(1), "an ordinary text", f"{texts_of(0)} and {texts_of(1)}"]
    found: dict[int, set[tuple[int, ...]]] = {}
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]):
        words = hashed(backend(Settings()), [texts[place] for place in order])
        for place, number in enumerate(order):
            found.setdefault(number, set()).add(tuple(words.body(place).tolist()))
    assert all(len(forms) == 1 for forms in found.values()), "the order of the articles matters"
    one, other, usual, both = (next(iter(found[number])) for number in range(4))
    assert not {*terms_of(np.array(one, np.uint32)).tolist()} & {*terms_of(np.array(other, np.uint32)).tolist()}
    assert both == (*one, hashes_of(["and"])[0], *other)
    assert usual == tuple(hashes_of(["an", "ordinary", "text"]).tolist())


def test_all_forms_agree() -> None:
    texts = [texts_of(0), f"Naïve {texts_of(1)} ﬁne", texts_of(0)[::-1], f"{texts_of(1)} 水火 {texts_of(0)}"]
    plain, *others = (hashed(backend(Settings()), texts) for backend in BACKENDS)
    for words in others:
        assert np.array_equal(words.hashes, plain.hashes)
    backend = PlainBackend(Settings())
    words = backend.read([("", text) for text in texts])
    keep, order = np.ones(len(words.hashes), np.bool_), np.arange(len(texts))
    features = backend.features(words, keep, order)
    for other in (NumpyBackend, CompiledBackend):
        found = other(Settings()).features(words, keep, order)
        for name in ("signatures", "indptr", "terms", "every", "capitals"):
            assert np.array_equal(getattr(found, name), getattr(features, name)), name


@pytest.mark.parametrize("backend", BACKENDS, ids=FORMS)
def test_a_word_of_the_shipped_tables_keeps_its_hash(backend: type[PlainBackend]) -> None:
    common, forged = "minister", "xibyagxk"
    assert len(set(terms_of(hashes_of([common, forged])).tolist())) == 1
    assert wide_hashes_of([forged]) < wide_hashes_of([common])  # else it would be the one that is displaced
    for text in (f"{common} {forged}", forged, f"{forged} {common}"):
        words = dict(zip(text.split(), hashed(backend(Settings()), [text]).hashes.tolist(), strict=True))
        assert words.get(common, hashes_of([common])[0]) == hashes_of([common])[0]
        assert words[forged] != hashes_of([forged])[0]


def test_the_shipped_hashes_are_those_of_the_shipped_words() -> None:
    terms, wides = background.hashed_words()
    words = dict.fromkeys(word for language in background.languages() for word in background.shares(language))
    assert (np.diff(terms) > 0).all()
    assert set(terms.tolist()) == set(terms_of(hashes_of(words)).tolist())
    assert set(wides.tolist()) <= set(wide_hashes_of(words).tolist())
    common = [*background.languages_by_word()]
    assert np.isin(wide_hashes_of(common), wides).all()


def test_the_shipped_shares_by_hash_are_those_of_the_tables() -> None:
    for language in background.languages():
        hashes, shares = background.hashed_shares(language)
        assert hashes.tolist() == hashes_of(background.shares(language)).tolist()
        assert shares.tolist() == [*background.shares(language).values()]
    assert [len(column) for column in background.hashed_shares("xx")] == [0, 0]
    assert background.english_hashes().tolist() == hashes_of(english_words()).tolist()


@pytest.mark.parametrize("kernels", ["off", "on"])
@pytest.mark.parametrize("store_text", [True, False])
def test_a_forged_article_hides_nothing_that_the_background_knows(
    kernels: str, store_text: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEDUP_KERNELS", kernels)
    words = [f"{start}{number}" for number in range(700) for start in ("gra", "pel", "ost")]
    randoms = np.random.default_rng(5)

    def article(name: str) -> Article:
        sentences = (" ".join(randoms.choice(words, 9)) for _ in range(4))
        return Article(id=name, text=f"{'. '.join(sentences)}. {texts_of(0)} {texts_of(1)} {FOOTER}")

    learned = learn_background([article(f"before {number}") for number in range(30)])
    assert len(learned.passages)
    assert learned.words
    forged = Article(id="a forged one", text=" ".join(forged_words()))
    later = [article(str(number)) for number in range(12)]
    given = Background.from_bytes(learned.to_bytes())
    assert given.fingerprint == learned.fingerprint
    clean, attacked = (cluster(articles, background=given) for articles in (later, [forged, *later]))
    assert (len(clean.stories), len(attacked.stories)) == (12, 13)
    path = tmp_path / "index.db"
    with StoryIndex.open(path, background=given, store_text=store_text) as index:
        index.add(forged)
        index.add_many(later[:6])
        index.vacuum()
        index.add_many(later[6:])
        assert len([*index.stories()]) == 13
        if store_text:
            assert index.explain("1", "2").link.cosine == clean.explain("1", "2").link.cosine
    with StoryIndex.open(path) as index:
        index.reconcile()
        assert len([*index.stories()]) == 13
        index.rebuild(learn=True)
        assert len([*index.stories()]) == 13
    if store_text:  # a forged article that comes before the background
        with StoryIndex.open(tmp_path / "other.db") as index:
            index.add(forged)
            index.add_many(later)
            with StoryIndex.open(tmp_path / "other.db", read_only=True) as reader:
                index.rebuild(background=given)
                assert len([*index.stories()]) == len([*reader.stories()]) == 13
                shown = index.match(later[0]).links
                assert reader.match(later[0]).links == shown
            index.add(Article(id="late", text=" ".join(words[:50])))
        with StoryIndex.open(tmp_path / "other.db") as index:
            assert len([*index.stories()]) == 14
            assert index.check() == []


@pytest.mark.parametrize("kernels", ["off", "on"])
def test_a_forged_text_joins_nothing_and_no_word_is_named(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEDUP_KERNELS", kernels)
    target = f"{texts_of(0)} harbour"
    articles = [
        Article(id="target", text=target),
        Article(id="forged", text=f"{texts_of(1)} meadow"),
        Article(id="mate", text=f"{texts_of(0)} lighthouse"),
        Article(id="both", text=" ".join(f"{one} {other}" for one, other in colliding())),
        *(
            Article(id=f"other {number}", text=f"Quite another thing happened in place {number}.")
            for number in range(9)
        ),
    ]
    apart = cluster([article for article in articles if article.id != "both"])
    assert {"target", "mate"} in [set(story.articles) for story in apart.stories]
    assert not apart.explain("target", "forged").same_text
    assert not apart.explain("target", "forged").same_story
    found = cluster(articles[::-1])
    assert not found.explain("target", "forged").words
    for id_, side in (("target", 0), ("mate", 0), ("forged", 1)):
        named = {word.word for word in found.explain(id_, "both").words}
        assert named == set(texts_of(side).split()), "words that the other text has in their place are named"
    evidence = found._evidence
    assert isinstance(evidence, StoredEvidence)
    distinct = [evidence.distinct[found.place(id_)] for id_ in ("target", "mate", "both", "forged")]
    pairs = np.array([(distinct[0], distinct[2]), (distinct[1], distinct[2]), (distinct[2], distinct[3])])
    names, places, _ = top_words(evidence, pairs[:, 0], pairs[:, 1], 50)
    for row, side in zip(places.tolist(), (0, 0, 1), strict=True):
        assert {names[place] for place in row if place >= 0} == set(texts_of(side).split())


def test_a_hundred_thousand_articles_of_one_word_are_as_many_stories() -> None:
    articles = [Article(id=str(number), text=f"q{number}z0") for number in range(100_000)]
    assert len(cluster(articles, keep_texts=False).stories) == len(articles)


@pytest.mark.parametrize("batch", [1, 2, 9])
@pytest.mark.parametrize("kernels", ["off", "on"])
def test_an_index_knows_the_words_of_before(
    kernels: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEDUP_KERNELS", kernels)
    articles = [
        Article(id="target", text=f"{texts_of(0)} harbour"),
        Article(id="usual", text="Quite another thing happened elsewhere."),
        Article(id="forged", text=f"{texts_of(1)} meadow"),
        Article(id="mate", text=f"{texts_of(0)} lighthouse"),
        Article(id="forged mate", text=f"{texts_of(1)} pasture"),
    ]
    path = tmp_path / "stories.db"
    with StoryIndex.open(path) as index:
        for start in range(0, 3, batch):
            list(index.add_many(articles[start : min(3, start + batch)]))
        assert not index.match(Article(id="new", text=f"{texts_of(1)} prairie")).new_story
    with StoryIndex.open(path) as index:  # the words are read again
        for article in articles[3:]:
            index.add(article)
        assert index.check() == []
        wanted = [{"target", "mate"}, {"forged", "forged mate"}, {"usual"}]
        for _ in range(2):
            stories = [set(story.articles) for story in index.stories()]
            assert len(stories) == 3
            assert all(story in stories for story in wanted)
            index.reconcile()


def test_what_is_stored_is_loaded() -> None:
    for backend in (NumpyBackend(Settings()), CompiledBackend(Settings())):
        known, again = backend.new_vocabulary(in_order=True), backend.new_vocabulary(in_order=True)
        packed = []
        for text in (texts_of(0), texts_of(1), "usualword7", texts_of(1)):
            known.resolve(backend.blocks([("", text)]))
            packed.append(known.unsaved())
        assert packed[3] == b""
        known.roll_back()
        assert len(known.unsaved()) > len(packed[0])
        known.commit()
        known.roll_back()
        assert known.unsaved() == b""
        for part in packed[:3]:
            again.load(part)
        assert again.substitutes == known.substitutes
        for text in (texts_of(1), texts_of(0)):
            one, other = (vocabulary.resolve(backend.blocks([("", text)]))[0].hashes for vocabulary in (known, again))
            assert np.array_equal(one, other)
        for broken in (b"", packed[0][:-1], packed[0] + b"\0"):
            with pytest.raises(ValueError, match="length"):
                again.load(broken)


def test_words_that_are_only_looked_up_are_not_kept() -> None:
    backend = NumpyBackend(Settings())
    known = backend.new_vocabulary(in_order=True)
    one, other = colliding()[0]
    known.resolve(backend.blocks([("", one)]), insert=False)
    (words,) = known.resolve(backend.blocks([("", other)]))
    assert words.hashes.tolist() == hashes_of([other]).tolist()
    (words,) = known.resolve(backend.blocks([("", one)]), insert=False)
    assert words.hashes.tolist() != hashes_of([one]).tolist()
    assert not known.substitutes


def test_names_of_substitutes() -> None:
    one, other = colliding()[0]
    vocabulary = NumpyBackend(Settings()).new_vocabulary()
    (block,) = NumpyBackend(Settings()).blocks([("", f"{one} {other} end")])
    (words,) = vocabulary.resolve([block])
    named = words_by_term([one, other, "end"], vocabulary.substitutes)
    assert [named[term] for term in terms_of(words.hashes).tolist()] == [one, other, "end"]
    assert np.array_equal(substituted(block, vocabulary.substitutes).hashes, words.hashes)
    (token,) = with_substitutes([one, other, "end"], vocabulary.substitutes).values()
    (wide,) = vocabulary.substitutes
    assert token == next(iter(substitute_tokens(wide)))
    assert isinstance(vocabulary, Vocabulary)


def test_vectors_of_an_article_do_not_depend_on_the_others() -> None:
    for vectorizer in (MinHashVectorizer(), StoryTfidfVectorizer()):
        alone, together = (
            [Article(id="a", text=texts_of(0)), *others] for others in ([], [Article(id="b", text=texts_of(1))])
        )
        one, other = (cast(Any, vectorizer.fit(alone)).transform(articles)[:1] for articles in (alone, together))
        assert abs(one - other).sum() == 0


def test_a_damaged_article_is_repaired_with_the_words_of_the_index(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    with StoryIndex.open(path) as index:
        index.add(Article(id="a", text=texts_of(0)))
        index.add(Article(id="b", text=texts_of(1)))
        sketch = index._store.sketches([2])[2]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE sketch SET words = x'00' WHERE number = 2")
        connection.commit()
    with StoryIndex.open(path) as index:
        assert len(index.check()) == 1
        assert len(index.check(repair=True)) == 1
        assert index._store.sketches([2])[2] == sketch
        assert index.match(Article(id="c", text=f"{texts_of(1)} meadow")).copy_of == "b"
        assert index.check() == []
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE word SET words = x'00' WHERE number = 1")
        connection.commit()
    with StoryIndex.open(path, read_only=True) as index:
        assert "words of the index are damaged" in index.check()[0]


def test_a_reader_knows_new_words_at_once(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    asked = Article(id="c", text=f"{texts_of(1)} meadow")
    with StoryIndex.open(path) as index, StoryIndex.open(path, read_only=True) as reader:
        index.add(Article(id="a", text=texts_of(0)))
        assert reader.match(asked).new_story
        index.add(Article(id="b", text=texts_of(1)))
        assert reader.match(asked).copy_of == "b"


def test_an_index_with_substitutes_explains_and_is_vacuumed(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    mates = [Article(id=f"b{number}", text=f"{texts_of(1)} word{number}") for number in range(3)]
    with StoryIndex.open(path) as index:
        for article in (Article(id="a", text=texts_of(0)), *mates[:2]):
            index.add(article)
        named = index.clustering().explain("b0", "b1").words
        assert {word.word for word in named} == set(texts_of(1).split())
        stored = len(index._store.words(0))
        index.remove("a")
        index.vacuum()
        assert stored > len(index._store.words(0)) == 1
        assert index.add(mates[2]).copy_of == "b0"
        assert index.check() == []
        index.add(Article(id="a", text=texts_of(0)))
    with StoryIndex.open(path) as index:
        assert index.match(Article(id="d", text=f"{texts_of(0)} meadow")).copy_of == "a"
        assert index.match(Article(id="d", text=f"{texts_of(1)} meadow")).copy_of == "b0"
        index.remove("a", "b0", "b1", "b2")
        index.vacuum()
        assert [packed for _, packed in index._store.words(0)] == [NO_WORDS]


def test_a_refused_update_keeps_no_words() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add(Article(id="usual", text="An ordinary text."))
        with pytest.raises(UnknownArticleError):
            index.update(Article(id="forged", text=texts_of(1)))
        index.add(Article(id="a", text=texts_of(0)))
        assert not index._session.state().vocabulary.words.substitutes


def test_articles_of_a_batch_keep_their_order() -> None:
    one, other = colliding()[0]
    articles = [Article(id="odd", text=f"{one} cafe\u0301"), Article(id="usual", text=other)]
    sketches = []
    for kernels in ("off", "on"):
        with pytest.MonkeyPatch.context() as patch, StoryIndex.open(":memory:") as index:
            patch.setenv("DEDUP_KERNELS", kernels)
            list(index.add_many(articles))
            sketches.append(index._store.sketches([1, 2]))
    assert sketches[0] == sketches[1]


def test_a_reader_has_the_words_that_are_stored_after_a_vacuum(tmp_path: Path) -> None:
    path, (one, other) = tmp_path / "stories.db", colliding()[0]
    with StoryIndex.open(path) as index:
        for number in range(9):
            index.add(Article(id=f"old {number}", text=f"oldword{number} and more"))
        with StoryIndex.open(path, read_only=True) as reader:
            assert reader.match({"text": "anything"}).story == ""
            index.remove(*(f"old {number}" for number in range(9)))
            index.vacuum()
            index.add(Article(id="a", text=f"{one} {other} first"))
            assert reader.match({"text": "anything"}).story == ""
            known = reader._session.state().vocabulary.words.substitutes
            assert known == index._session.state().vocabulary.words.substitutes
            assert known
