"""The made-up stream is deterministic, has the planted stories, and costs as much as real news."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.corpus import Planted, Shape, stream, write
from dedup import read_articles
from dedup.text.document import Document
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import plain_hashes
from dedup.vectorize.language import detect

SHAPE = Shape(400, per_day=100)


@pytest.fixture(scope="module")
def planted() -> list[Planted]:
    return list(stream(SHAPE))


def words(article: Planted) -> list[str]:
    return Document.of("", article.record["text"]).words


def runs(article: Planted) -> set[tuple[str, ...]]:
    return set(zip(*(words(article)[start:] for start in range(5)), strict=False))


def test_the_same_shape_gives_the_same_articles(planted: list[Planted]) -> None:
    assert list(stream(SHAPE)) == planted


def test_a_longer_stream_begins_with_a_shorter_one(planted: list[Planted]) -> None:
    assert list(islice(stream(replace(SHAPE, articles=900)), 400)) == planted


def test_another_seed_gives_other_articles(planted: list[Planted]) -> None:
    other = list(stream(replace(SHAPE, seed=1)))
    assert not {article.record["text"] for article in other} & {article.record["text"] for article in planted}


def test_articles_per_day_in_the_order_of_dates(planted: list[Planted]) -> None:
    dates = [datetime.fromisoformat(article.record["published"]) for article in planted]
    assert dates == sorted(dates)
    assert set(Counter(date.date() for date in dates).values()) == {100}
    assert len({article.record["id"] for article in planted}) == 400
    assert len({article.record["source"] for article in planted}) > 20


def test_copies_share_their_words_and_versions_do_not(planted: list[Planted]) -> None:
    by_text, by_story = defaultdict(list), defaultdict(list)
    for article in planted:
        by_text[article.text].append(article)
        by_story[article.story].append(article)
    copies = [(group[0], other) for group in by_text.values() for other in group[1:]]
    assert len(copies) > 40
    shares = [len(runs(a) & runs(b)) / min(len(runs(a)), len(runs(b))) for a, b in copies]
    assert min(shares) > 0.4
    assert np.mean(shares) > 0.75
    versions = [(group[0], other) for group in by_story.values() for other in group[1:] if other.text != group[0].text]
    assert len(versions) > 40
    outlets = [(a, b) for a, b in versions if a.record["source"] != b.record["source"]]
    assert max(len(runs(a) & runs(b)) / len(runs(a)) for a, b in outlets) < 0.1
    names = [len({*a.record["text"].split()} & {*b.record["text"].split()}) for a, b in versions]
    strangers = [
        len({*a.record["text"].split()} & {*b.record["text"].split()})
        for a, b in zip(planted[:100], planted[100:], strict=False)
    ]
    assert np.mean(names) > np.mean(strangers)


def test_articles_have_as_many_words_as_real_ones_and_are_taken_for_english(planted: list[Planted]) -> None:
    """69,045 real articles have 338 words and 175 distinct ones on average."""
    given = [words(article) for article in planted]
    assert 250 < np.mean([len(text) for text in given]) < 420
    assert 130 < np.mean([len(set(text)) for text in given]) < 230
    documents = [Document.of(article.record["title"], article.record["text"]) for article in planted]
    spoken = Counter(detect(HashedWords.of(documents, plain_hashes)))
    assert spoken["en"] > 390


@pytest.mark.parametrize("headlines", ["wire", "own"])
def test_one_body_occurs_in_the_given_number_of_articles(headlines: str) -> None:
    found = list(stream(replace(SHAPE, repeated=40, headlines=headlines)))
    ((body, count),) = Counter(article.record["text"] for article in found).most_common(1)
    holders = [article for article in found if article.record["text"] == body]
    assert count == 40
    assert len({article.text for article in holders}) == 1
    assert (len({article.story for article in holders}) == 1) == (headlines == "wire")
    assert len({article.record["published"][:10] for article in holders}) == 4


def test_a_written_stream_is_readable(planted: list[Planted], tmp_path: Path) -> None:
    story, text = write(stream(SHAPE), tmp_path / "a.jsonl")
    assert story.tolist() == [article.story for article in planted]
    assert text.tolist() == [article.text for article in planted]
    read = list(read_articles(tmp_path / "a.jsonl"))
    assert [(article.id, article.title, article.text) for article in read] == [
        (article.record["id"], article.record["title"], article.record["text"]) for article in planted
    ]
    assert [article.published for article in read] == [article.article().published for article in planted]
