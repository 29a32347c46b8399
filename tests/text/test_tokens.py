"""The tokenizer, by examples."""

from __future__ import annotations

import pytest

from dedup.text.tokens import SEGMENT, SENTENCE, shingles, tokenize


def words(text: str) -> list[str]:
    return tokenize(text).words


def capitalised(text: str) -> list[str]:
    tokens = tokenize(text)
    return [word for word, capital in zip(tokens.words, tokens.capitals, strict=True) if capital]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n…—!", []),
        ("The mill burned down.", ["the", "mill", "burned", "down"]),
        ("a,b;c/d-e_f", ["a", "b", "c", "d", "e", "f"]),
        ("3.5 per cent of $1,200", ["3", "5", "per", "cent", "of", "1", "200"]),
        ("F-16s and Covid19", ["f", "16s", "and", "covid19"]),
        ("co-operate", ["co", "operate"]),
        ("x\0y", ["x", "y"]),
        ("x\ud800y", ["x", "y"]),
    ],
)
def test_everything_but_letters_digits_and_marks_separates(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "sentences", "segments"),
    [
        ("", [], []),
        ("The mill burned down. Nobody was hurt", ["the", "nobody"], ["the"]),
        ("Mill burns | Weldon Times", ["mill"], ["mill", "weldon"]),
        ("Mill burns - BCN News", ["mill"], ["mill", "bcn"]),
        ("Mill burns -- BCN News", ["mill"], ["mill", "bcn"]),
        ("Mill burns – BCN — now", ["mill"], ["mill", "bcn", "now"]),
        ("LIVE: Mill burns (video)", ["live", "mill"], ["live", "mill", "video"]),
        ("[Photos] Mill\nburns » day", ["photos", "burns", "day"], ["photos", "mill", "burns", "day"]),
        ("Co-op 2019–20 col·lecció a -b c- d—e", ["co"], ["co"]),
        ("【速報】水火木", ["速報"], ["速報", "水火"]),
        ("Anna: 's Anna", ["anna", "s"], ["anna", "s"]),
    ],
)
def test_what_begins_a_sentence_or_a_segment(text: str, sentences: list[str], segments: list[str]) -> None:
    tokens = tokenize(text)
    begun = list(zip(tokens.words, tokens.begins, strict=True))
    assert [word for word, begins in begun if begins & SENTENCE] == sentences
    assert [word for word, begins in begun if begins & SEGMENT] == segments


@pytest.mark.parametrize("apostrophe", ["'", "’", "ʼ", "＇"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna's boat", ["anna", "boat"]),
        ("ANNA'S BOAT", ["anna", "boat"]),
        ("the crews' boats", ["the", "crews", "boats"]),
        ("they don't", ["they", "don", "t"]),
        ("l'eau d'Orsay", ["l", "eau", "d", "orsay"]),
        ("dell'arte", ["dell", "arte"]),
        ("qu's il", ["qu", "il"]),
        ("Anna' s", ["anna", "s"]),
        ("'s morgens", ["s", "morgens"]),
        ("Anna''s", ["anna", "s"]),
        ("Anna's's", ["anna"]),
        ("Anna'st", ["anna", "st"]),
    ],
)
def test_apostrophes_separate_and_a_possessive_s_is_dropped(text: str, apostrophe: str, expected: list[str]) -> None:
    assert words(text.replace("'", apostrophe)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("北京天气", ["北京", "京天", "天气"]),  # Han
        ("ひらがな", ["ひら", "らが", "がな"]),  # Hiragana
        ("カタカナー", ["カタ", "タカ", "カナ", "ナー"]),  # Katakana
        ("東京タワーの夜", ["東京", "京タ", "タワ", "ワー", "ーの", "の夜"]),
        ("안녕하세요", ["안녕", "녕하", "하세", "세요"]),  # Hangul
        ("กขค", ["กข", "ขค"]),  # Thai
        ("ກຂຄ", ["ກຂ", "ຂຄ"]),  # Lao
        ("កខគ", ["កខ", "ខគ"]),  # Khmer
        ("ကခဂ", ["ကခ", "ခဂ"]),  # Burmese
        ("\U00020000\U00020001\U00020002", ["\U00020000\U00020001", "\U00020001\U00020002"]),  # Han, second plane
        ("水", ["水"]),
        ("二〇二四", ["二〇", "〇二", "二四"]),
        ("水 火", ["水", "火"]),
        ("水，火", ["水", "火"]),
        ("佐々木", ["佐々", "々木"]),
        ("iPhone發布", ["iphone", "發布"]),
        ("第3章", ["第", "3", "章"]),
    ],
)
def test_scripts_without_spaces_become_pairs_of_characters(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "digits",
    ["٣٠٧", "۳۰۷", "३०७", "৩০৭", "๓๐๗", "３０７", "၃၀၇", "៣០៧", "𝟛𝟘𝟟", "𞥓𞥐𞥗"],
    ids=["Arabic", "Persian", "Hindi", "Bengali", "Thai", "wide", "Burmese", "Khmer", "doubled", "Adlam"],
)
def test_digits_of_all_scripts_are_one(digits: str) -> None:
    assert words(digits) == ["307"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ÉCOLE", "école"),
        ("Straße", "straße"),
        ("STRAẞE", "straße"),
        ("ΟΔΟΣ", "οδοσ"),
        ("οδος", "οδοσ"),
        ("İzmir", "izmir"),
        ("Irmak", "irmak"),
        ("ılık", "ılık"),
        ("ЁЛКА", "елка"),
        ("ёлка", "елка"),
        ("ＡＢＣ", "abc"),
        ("ǅ", "ǆ"),
        ("Ꭰ", "\uab70"),  # Cherokee
        ("ᲐᲑ", "აბ"),  # Georgian
        ("𐐀", "𐐨"),  # Deseret: beyond the first plane
        ("أحمد", "احمد"),
        ("إدارة", "اداره"),
        ("آسيا", "اسيا"),
        ("مستشفى", "مستشفي"),
        ("ایران", "ايران"),
        ("کتاب", "كتاب"),
        ("\u212b", "å"),  # the sign for an ångström is a letter in form C
    ],
)
def test_spellings_fold_to_one(text: str, expected: str) -> None:
    assert words(text) == [expected]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("re\u00adpub\u00adlic", "republic"),  # soft hyphen
        ("re\u200bpublic", "republic"),  # zero-width space
        ("مُحَمَّد", "محمد"),  # Arabic vowels
        ("الـــعربية", "العربية"),  # the stretch sign
        ("هٰذا", "هذا"),
        ("שָׁלוֹם", "שלום"),  # Hebrew points
        ("می\u200cخواهم", "میخواهم"),  # zero-width non-joiner
        ("क्\u200dष", "क्ष"),  # zero-width joiner
        ("水\ufe00火", "水火"),  # variation selector
        ("Ｖ\ufe0fia", "via"),
    ],
)
def test_invisible_signs_vanish(written: str, plain: str) -> None:
    assert words(written) == words(plain)
    assert len(words(written)) == 1


def test_vowel_signs_stay_in_their_words() -> None:
    assert words("हिन्दी में") == ["हिन्दी", "में"]
    assert words("தமிழ் மொழி") == ["தமிழ்", "மொழி"]


def test_forms_c_and_d_are_one() -> None:
    assert words("cafe\u0301") == words("café") == ["café"]
    assert words("\u1112\u1161\u11ab\u1100\u1173\u11af") == words("한글") == ["한글"]
    assert words("か\u3099") == words("が") == ["が"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ferry sinks off Larkhaven", ["larkhaven"]),
        ("the Ferry", ["ferry"]),
        ("Ends. Begins. ends Mid", ["mid"]),
        ("He said: Never to Anna", ["anna"]),
        ("he said “Never” to Anna", ["anna"]),
        ("line\nLine", []),
        ("line\u2028Line", []),
        ("a (Big) boat", ["big"]),
        ("a, Big boat", ["big"]),
        ("a 'Big' boat", ["big"]),
        ("then. 5 Boats", ["boats"]),
        ("Anna's Boat", ["boat"]),
        ("of d'Orsay", ["orsay"]),
        ("the UN and the iPhone", ["un"]),
        ("в Москве", ["москве"]),
        ("у Ёлки", ["елки"]),
        ("in ＡＢＣ", ["abc"]),
        ("x ǅ", ["ǆ"]),
        ("在 Paris", ["paris"]),
        ("¿Qué? ¡No! dijo Ana", ["ana"]),
        ("• One • Two Three", ["three"]),
    ],
)
def test_capitals_count_inside_sentences_only(text: str, expected: list[str]) -> None:
    assert capitalised(text) == expected


def test_a_long_pile_of_marks_is_cut() -> None:
    assert words("a" + "\u0301\u0316" * 40) == words("a" + "\u0301\u0316" * 15)


def test_words_after_others_keep_their_capitals() -> None:
    rest = tokenize("one Two three Four").after(2)
    assert rest.words == ["three", "four"]
    assert list(rest.capitals) == [0, 1]


def test_shingles_are_runs_of_words() -> None:
    assert shingles(["a", "b", "c", "d"], 3) == [b"a b c", b"b c d"]
    assert shingles(["a", "b"], 2) == [b"a b"]
    assert shingles(["é", "b"], 3) == ["é b".encode()]
    assert shingles([], 3) == []
