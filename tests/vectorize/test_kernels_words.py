"""The kernels' words against the definition of a token, on strings that were made to part them."""

from __future__ import annotations

import random
import sys
import unicodedata
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kernel_twins import TRAPS, anything, assert_equal_words, extractor, stacked, term_index, texts, trapped

from dedup.text.alphabet import LONGEST_STACK
from dedup.text.document import Document
from dedup.text.tokens import tokenize
from dedup.vectorize.features import SCRIPT_SHIFT, HashedWords
from dedup.vectorize.hashing import plain_hashes, terms_of, word_hash
from dedup.vectorize.kernels import extractor as extractors
from dedup.vectorize.kernels.murmur import hash_words
from dedup.vectorize.kernels.points import FOLDED, KIND, SCRIPT, UNKNOWN, points


@given(st.lists(st.tuples(texts, texts), max_size=6))
@example([("", "")])
@example([("Anna's", "ANNA’S boat's ＇s 's ʼs")])
@example([("x\ud800y", "\ud800\udc00")])
@settings(max_examples=400, deadline=None)
def test_any_text_has_the_words_of_the_definition(articles: list[tuple[str, str]]) -> None:
    assert_equal_words(extractor().words(articles), articles)


@given(trapped, trapped, trapped)
@settings(max_examples=300, deadline=None)
def test_a_title_repeated_at_the_start_is_dropped(title: str, text: str, joint: str) -> None:
    articles = [
        (title, title + joint + text),
        (title, title.upper() + "\n" + text),
        (title, title.lower()),
        (title + " s", title + "’s " + text),
        (title, unicodedata.normalize("NFD", title) + joint + text),
    ]
    assert_equal_words(extractor().words(articles), articles)


@given(trapped, trapped)
@settings(max_examples=300, deadline=None)
def test_a_label_that_the_text_has_without_separator_is_dropped(title: str, label: str) -> None:
    articles = [
        (f"{title} - {label}", f"{title} {label}"),
        (f"{title} one two three - {label}", f"{title} one two three {label}"),
        ("A mill burns down - Herald", "A mill burns down Herald"),
        (f"{title} one two three: {label}", f"{title} one two three\n{label}"),
    ]
    assert_equal_words(extractor().words(articles), articles)


@given(st.lists(st.text(min_size=1).filter(lambda word: not any("\ud800" <= char <= "\udfff" for char in word))))
@settings(deadline=None)
def test_words_are_hashed_as_scikit_learn_does(words: list[str]) -> None:
    assert hash_words(words).tolist() == [word_hash(word.encode()) for word in words]
    assert terms_of(hash_words(words)).tolist() == [term_index(word) for word in words]


@given(st.integers(0, 70), st.integers(0, 70))
@settings(max_examples=60, deadline=None)
def test_words_of_every_length_at_every_place(length: int, place: int) -> None:
    text = "." * place + "Ab9" * length + "é" * (place % 2) + " end"
    assert_equal_words(extractor().words([("", text), (text, "")]), [("", text), (text, "")])


@pytest.mark.parametrize(
    "sign", [" - ", " -- ", " -", "- ", "-", "|", " (", "] ", "{", "\\", ":", "\n", " – ", "·", " · "]
)
def test_separators_at_every_place(sign: str) -> None:
    texts = [f"{'a' * place} bé{sign}Cé {sign} D" for place in range(70)] + [f"{'a' * n}{sign}B" for n in range(70)]
    assert_equal_words(extractor().words([(text, text) for text in texts]), [(text, text) for text in texts])


def test_every_code_point() -> None:
    """Alone, after a letter, before one, as the s of a possessive, as the apostrophe, as a capital, and twice."""
    known = [point for point in range(sys.maxunicode + 1) if not points().normal[point] & UNKNOWN]
    assert len(known) > 270_000
    last = 0xF0000  # from here on there is nothing but signs for private use
    every = "x {0} b{0}C{0}. {0}a d{0}s e'{0} {0}{0}水{0} "
    shown = [(every if point < last else "x{0}").format(chr(point)) for point in known]
    articles = [("", "".join(shown[place : place + 64])) for place in range(0, len(shown), 64)]
    for start in range(0, len(articles), 512):
        block = articles[start : start + 512]
        assert_equal_words(extractor().words(block), block)


def test_code_points_that_may_be_unknown_go_to_the_plain_form() -> None:
    """Those this Python does not know, and those it does but that no normalised text has."""
    normal = points().normal
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        if unicodedata.category(char) == "Cn" or not unicodedata.is_normalized("NFC", char):
            assert normal[point] & UNKNOWN, f"U+{point:04X}"


def test_everything_that_composes() -> None:
    pairs = [(int(pair) >> 32, int(pair) & 0x1FFFFF) for pair in points().pairs]
    assert len(pairs) > 900
    hangul = [(0x1100, 0x1161), (0x1112, 0x1175), (0xAC00, 0x11A8), (0xD788, 0x11C2)]
    articles: list[tuple[str, str]] = []
    for first, second in pairs + hangul:
        assert unicodedata.normalize("NFC", chr(first) + chr(second)) != chr(first) + chr(second)
        signs = ("", "\u0316", "\u0327", "\u00ad", "\u0301")
        articles.extend(("", f"a{chr(first)}{between}{chr(second)}b") for between in signs)
    assert_equal_words(extractor().words(articles), articles)


def test_marks_in_every_order() -> None:
    seed = 7
    chance = random.Random(seed)  # noqa: S311
    normal = points().normal
    signature_bytes = [
        chr(point) for point in np.flatnonzero(normal) if not normal[point] & UNKNOWN and not 0xAC00 <= point < 0xD7A4
    ]
    letters = [char for char in TRAPS if tokenize(char).words] + list("aeiouAEIOUâêôǎṣạåळனকেো")
    articles = [
        (
            "",
            chance.choice(letters)
            + "".join(chance.choices(signature_bytes, k=chance.randint(1, 4)))
            + chance.choice(letters),
        )
        for _ in range(20_000)
    ]
    assert_equal_words(extractor().words(articles), articles)


@pytest.mark.parametrize("mark", ["\u0301", "\u00ad", "\u0e38", "\u0e34", "\ufe0f", "\u3099"])
@pytest.mark.parametrize("count", [LONGEST_STACK - 1, LONGEST_STACK, LONGEST_STACK + 1, 3 * LONGEST_STACK])
def test_stacks_of_marks_are_cut(mark: str, count: int) -> None:
    for before in ("", "x", "ก", "."):
        articles = [("", before + mark * count + "y"), (before + mark * count, "z")]
        assert_equal_words(extractor().words(articles), articles)


def script_of(word: str) -> str:
    """The language whose own script a token is written in, "" where the script has several."""
    if "\u3040" <= word[0] <= "\u30ff":
        return "ja"
    if "\uac00" <= word[0] <= "\ud7a3":
        return "ko"
    return "zh" if "\u3400" <= word[0] <= "\u9fff" else ""


@given(stacked, anything)
@settings(deadline=None)
def test_flags_tell_the_script(title: str, text: str) -> None:
    names = {"": 0, "ja": 1, "ko": 2, "zh": 3}
    document = Document.of(title, text)
    scripts = [names[script_of(word)] for word in document.title.words + document.body.words]
    assert (extractor().words([(title, text)]).flags >> SCRIPT_SHIFT & 3).tolist() == scripts


def test_the_table_tells_the_script_of_every_code_point() -> None:
    names = {"": 0, "ja": 1, "ko": 2, "zh": 3}
    table = points().table
    for point in np.flatnonzero(table >> KIND & 7).tolist():
        folded = chr(int(table[point]) & FOLDED)
        assert table[point] >> SCRIPT & 3 == names[script_of(folded)]
        assert table[point] >> SCRIPT & 3 == table[ord(folded)] >> SCRIPT & 3


@pytest.mark.parametrize(
    "text",
    [
        "The mayor’s “plan” – said café owner Zoë Müller — costs £5m…",
        "Tàu rời cảng lúc giữa trưa, và đến tối mọi người đã về nhà.",
        "वह लड़का सड़क पर खड़ा था।",
        "সে বাড়ি থেকে বাজারে গেল।",
        "அவர்கள் கப்பலில் வந்தார்கள்.",
        "غادرت السفينة الميناء، وقال أحدهم إنّه آمن.",
        "המעבורת יצאה מן הנמל בצהריים",
        "เรือออกจากท่าตอนเที่ยงวัน",
        "船は正午に港を出た。ガラスの窓",
        "배는 정오에 항구를 떠났다.",
        "പൊതുജനങ്ങൾക്കു വേണ്ടി",
    ],
)
def test_texts_of_every_script_are_read_by_the_kernel(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In normalisation form C, as they are published, they need not go to the plain form."""

    def never(*_: object) -> HashedWords:
        pytest.fail("read the plain way")

    text = unicodedata.normalize("NFC", text)
    monkeypatch.setattr(extractors, "_with_plain", never)
    assert_equal_words(extractor().words([(text, text + " " + text)]), [(text, text + " " + text)])


def test_a_title_of_words_with_equal_hashes_is_not_taken_for_repeated() -> None:
    words = [f"w{number}" for number in range(300_000)]
    hashes = hash_words(words)
    order = np.argsort(hashes, kind="stable")
    twins = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
    assert len(twins) >= 3
    ones, others = [words[order[place]] for place in twins[:3]], [words[order[place + 1]] for place in twins[:3]]
    articles = [(" ".join(ones), " ".join(others) + " x"), (" ".join(ones), " ".join(ones).upper() + " x")]
    found = extractor().words(articles)
    assert np.diff(found.offsets).tolist() == [3, 4, 3, 1]
    assert_equal_words(found, articles)


def test_a_text_too_long_for_places_of_32_bits_is_read_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [("A mill", "burned down"), ("The boat", "sank " * 30), ("", "")]
    monkeypatch.setattr(extractors, "LONGEST_TEXT", 100)
    assert_equal_words(extractor().words(articles), articles)


def test_more_text_than_places_have_bits_for_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [(f"title {number}", "text " * number) for number in range(9)]
    monkeypatch.setattr(extractors, "LONGEST_BLOCK", 40)
    assert_equal_words(extractor().words(articles), articles)


def test_folding_at_most_doubles_a_text() -> None:
    """The kernel's room for a folded word relies on it."""
    table = points().table
    for point in np.flatnonzero(table >> KIND & 7).tolist():
        folded = chr(int(table[point]) & FOLDED)
        assert len(folded.encode()) <= 2 * len(chr(point).encode())


def test_words_can_be_taken_and_joined() -> None:
    articles = [("One title", "Its body"), ("", "Only a body here"), ("Only a title", ""), ("", "")]
    words = extractor().words(articles)
    assert_equal_words(words.take([3, 1, 1, 0, 2]), [articles[place] for place in (3, 1, 1, 0, 2)])
    assert_equal_words(words.take([0, 1], bodies=False), [("One title", ""), ("", "")])
    assert_equal_words(HashedWords.joined([words, words.take([]), words]), articles * 2)
    documents = [Document.of(*article) for article in articles]
    assert_equal_words(HashedWords.of(documents, plain_hashes), articles)
    spans = words.spans()
    for article, (begin, end) in enumerate(spans.tolist()):
        assert words.hashes[begin:end].tolist() == [word_hash(word.encode()) for word in documents[article].words]
    for one, other in combinations(range(len(articles)), 2):
        assert len(words.take([one, other])) == 2
