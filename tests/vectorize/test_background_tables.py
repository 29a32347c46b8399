"""The shipped tables of how common words are."""

from __future__ import annotations

import gzip
import hashlib
import math
from importlib.resources import files

import numpy as np
import pytest
from kernel_twins import term_index

from dedup.text.tokens import tokenize
from dedup.vectorize import background
from dedup.vectorize.background.build import PLACE_SHARE, from_frequencies
from dedup.vectorize.tfidf import idf, table_shares

TABLES = files("dedup.vectorize.background")


@pytest.mark.parametrize("language", background.languages())
def test_a_table_is_sorted_and_sane(language: str) -> None:
    shares = background.shares(language)
    values = list(shares.values())
    assert 100 < len(shares) < 40_000
    assert values == sorted(values, reverse=True)
    assert all(0 < value <= 1 for value in values)
    rows = gzip.decompress(TABLES.joinpath(f"{language}.tsv.gz").read_bytes()).decode().splitlines()
    assert len(rows) == len(shares), "a word is listed twice"


@pytest.mark.parametrize("language", background.languages())
def test_every_word_of_a_table_is_a_token(language: str) -> None:
    """A word that is not a token would never match."""
    strange = [word for word in background.shares(language) if tokenize(word).words != [word]]
    assert not strange


def test_languages_are_sorted_codes() -> None:
    languages = background.languages()
    assert list(languages) == sorted(languages)
    assert {"en", "de", "ru", "zh", "ar", "hi"} <= set(languages)
    assert all(code.isascii() and code.islower() and 2 <= len(code) <= 3 for code in languages)


def test_the_tables_are_those_of_their_version() -> None:
    """A change of a table is a new BACKGROUND_VERSION, and changes every pinned result."""
    digest = hashlib.sha256()
    for language in background.languages():
        digest.update(language.encode() + gzip.decompress(TABLES.joinpath(f"{language}.tsv.gz").read_bytes()))
    assert (background.BACKGROUND_VERSION, digest.hexdigest()[:16]) == (3, "e87a92f8708e3958")


@pytest.mark.parametrize(
    ("language", "names"),
    [("en", "ukraine tuvalu japanese russians thais"), ("de", "frankreich polnisch"), ("ru", "чили французский")],
)
def test_countries_and_their_languages_are_common_words(language: str, names: str) -> None:
    """A table is older than the news: which country is in it today must not make a topic into a story."""
    shares = background.shares(language)
    assert all(shares[name] >= PLACE_SHARE for name in names.split())


def test_names_of_countries_do_not_tell_languages() -> None:
    assert not {"tuvalu", "kiribati", "azerbaijan"} & background.languages_by_word().keys()


def test_their_sources_and_licences_are_named() -> None:
    licence = TABLES.joinpath("LICENSE").read_text(encoding="utf-8")
    assert "wordfreq" in licence
    assert "BY-SA" in licence
    assert "CLDR" in licence


@pytest.mark.parametrize(("common", "rare"), [("the", "said"), ("said", "ferry"), ("president", "halibut")])
def test_english_shares_order_words_as_anyone_would(common: str, rare: str) -> None:
    shares = background.shares("en")
    assert shares[common] > shares.get(rare, 0.0)


def test_shares_are_found_by_hashed_term() -> None:
    words = ["the", "ferry", "qqqzzz"]
    terms = np.unique([term_index(word) for word in words])
    found = dict(zip(terms.tolist(), table_shares("en", terms).tolist(), strict=True))
    shares = background.shares("en")
    assert found[term_index("the")] == shares["the"]
    assert found[term_index("ferry")] == shares["ferry"]
    assert found[term_index("qqqzzz")] == 0
    assert table_shares("en", np.empty(0, np.int64)).tolist() == []


def test_the_share_of_a_word_follows_from_its_frequency() -> None:
    shares = from_frequencies({"l'eau": 0.001, "eau": 0.002, "l'or": 0.001, "24": 0.5})
    assert shares.keys() == {"l", "eau", "or"}
    assert math.isclose(shares["eau"], 1 - math.exp(-0.9))
    assert math.isclose(shares["l"], 1 - math.exp(-0.6))


def test_idf_in_a_language_beside_others() -> None:
    """The lower of the idf in all articles and in those of the language, on one scale."""
    common, share = np.array([8, 3]), np.array([0.02, 0.0])
    for own_articles, weight in ((50, 50), (1, 0), (100, 7)):
        own_common = np.array([min(8, own_articles), 0])
        found = idf(common, 1000, own_common, own_articles, share, "de", weight)
        general = np.log((1000 + weight + 1) / (common + weight * share + 1))
        own = np.log((own_articles + weight + 1) / (own_common + weight * share + 1))
        scale = math.log(1000 + weight + 1) / math.log(own_articles + weight + 1)
        assert own[0] * scale < general[0], "the first is decided by its own language"
        assert found == pytest.approx(np.minimum(general, own * scale))
        assert idf(common, 1000, own_common, own_articles, share, "en", weight) == pytest.approx(general)


def test_idf_in_a_language_without_articles() -> None:
    found = idf(np.array([8]), 1000, np.array([0]), 0, np.array([0.0]), "de", 0)
    assert found == pytest.approx(math.log(1001 / 9))
