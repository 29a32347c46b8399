"""Labels in titles, and what looks like them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import Article, cluster, compare
from dedup.backends import CompiledBackend, PlainBackend
from dedup.settings import Settings
from dedup.text.document import Document
from dedup.vectorize.boilerplate import find_boilerplate, outside_boilerplate
from dedup.vectorize.features import HashedWords
from dedup.vectorize.labels import among, outside_labels

HEADLINES = (
    "Ferry runs aground off Corran",
    "Bakers strike over flour prices",
    "Comet seen above Tarnholm",
    "Striker joins Velden for record fee",
    "Museum returns mask to islanders",
    "Vineyards count cost of frost",
    "Judge frees poacher of Ullswick",
)
RELATED = (
    "Corran bridge closes after crack",
    "Crack closes Corran bridge",
    "Crack in Corran bridge grows",
    "Corran bridge stays closed, crack grows",
)


def left(titles: Sequence[str], bodies: Sequence[str] | None = None) -> list[str]:
    """What remains of titles when the labels that these articles have are removed."""
    documents = [Document.of(*one) for one in zip(titles, bodies or [""] * len(titles), strict=True)]
    words = HashedWords.of(documents)
    found = find_boilerplate(words, PlainBackend(Settings()))
    parts = np.split(outside_boilerplate(words, found), words.offsets[1:-1])[: 2 * len(titles) : 2]
    return [" ".join(document.title.where(part).words) for document, part in zip(documents, parts, strict=True)]


def plain(titles: Sequence[str]) -> list[str]:
    return [" ".join(Document.of(title, "").title.words) for title in titles]


@pytest.mark.parametrize(
    "form",
    [
        "{} - BCN News",
        "{} – The Weldon Times",
        "{} — weldon.example",
        "{} | The Weldon Times",
        "{} · Radio Tann",
        "{} » Orsa Herald",
        "LIVE: {}",
        "Watch: {}",
        "[Photos] {}",
        "{} (video)",
        "The Morning Read: {}",
        "#{n}: {}",
        "Day {n}: {}",
        "{} ({n}/9)",
        "LIVE: {} - latest updates | BCN News",
        "【速報】{}",
        "Im Bild: {}",
    ],
)
@pytest.mark.parametrize("count", [3, 7])
def test_what_unrelated_titles_share_at_an_edge_is_removed(form: str, count: int) -> None:
    titles = [form.format(headline, n=number + 1) for number, headline in enumerate(HEADLINES[:count])]
    assert left(titles) == plain(HEADLINES[:count])


@pytest.mark.parametrize("form", ["Mayor: {}", "{} - Trump", "Corran sound: {}", "{} | BCN News"])
def test_what_related_titles_share_stays(form: str) -> None:
    titles = [form.format(headline) for headline in RELATED]
    assert left(titles) == plain(titles)


def test_two_articles_cannot_tell() -> None:
    titles = [f"Mayor: {headline}" for headline in HEADLINES[:2]]
    assert left(titles) == plain(titles)


def test_two_are_enough_where_most_titles_end_with_labels() -> None:
    many = [f"{headline} - BCN News" for headline in HEADLINES[:5]]
    few = [f"{headline} - Tann Today" for headline in HEADLINES[5:]]
    other = [f"Mayor: {headline}" for headline in ("Choir sings in the rain", "Sewers to be mended")]
    assert left([*many, *few]) == plain(HEADLINES)
    assert left([*many, *few, *other])[5:] == plain([*HEADLINES[5:], *other])
    assert left([*many[:3], *few, *other])[3:] == plain([*few, *other])


def test_words_that_are_often_inside_of_titles_are_no_label() -> None:
    titles = [f"Tarn: {headline}" for headline in HEADLINES[:4]]
    inside = ["Choir of Tarn sings in the rain", "Why the sewers of Tarn smell", "A day out in Tarn"]
    assert left([*titles, *inside[:2]])[:4] == plain(HEADLINES[:4])
    assert left([*titles, *inside]) == plain([*titles, *inside])


def test_what_the_bodies_name_is_a_topic() -> None:
    titles = [f"Orsa dam break: {headline}" for headline in HEADLINES]
    own = [" ".join(f"{headline.split()[0]}x{number}" for number in range(40)) for headline in HEADLINES]
    assert left(titles, own) == plain(HEADLINES)
    assert left(titles, [f"{body} the dam at Orsa" for body in own]) == plain(titles)
    assert left(titles, ["The dam at Orsa"] * len(titles)) == plain(HEADLINES)  # too short to tell


def test_a_title_never_disappears() -> None:
    titles = [f"{headline} | Photos" for headline in HEADLINES]
    alone = ["Photos", "Photos | Photos", "Photos | 12", "Photos | Orsa", "Photos | Orsa dam"]
    assert left([*titles, *alone]) == [*plain(HEADLINES), *plain(alone[:-1]), "orsa dam"]


def test_a_segment_longer_than_the_rest_is_no_label() -> None:
    titles = [f"Crack in Corran bridge grows overnight - {outlet}" for outlet in ("Post", "Echo", "Herald", "Mail")]
    assert left(titles) == plain(titles)


def test_a_label_amid_a_title_stays() -> None:
    titles = [f"{headline} | Photos" for headline in HEADLINES]
    assert left([*titles, "Orsa dam | Photos | Boats counted"])[-1] == "orsa dam photos boats counted"


def test_bodies_are_not_touched() -> None:
    documents = [Document.of(f"{headline} | Photos", f"Photos | {headline}") for headline in HEADLINES]
    words = HashedWords.of(documents)
    keep = outside_labels(words, find_boilerplate(words, PlainBackend(Settings())))
    assert [int(part.sum()) for part in np.split(keep, words.offsets[1:-1])[1::2]] == [
        len(document.body) for document in documents
    ]


segment = st.lists(st.sampled_from(("anna", "bus", "cat", "3", "7", "水火")), min_size=1, max_size=3).map(" ".join)
titles_of = st.lists(st.lists(segment, max_size=4).map(" | ".join), max_size=12)


@given(titles_of)
@settings(deadline=None)
def test_only_whole_segments_at_the_edges_go(titles: list[str]) -> None:
    for title, rest in zip(titles, left(titles), strict=True):
        segments = plain(title.split(" | "))
        assert rest in {
            " ".join(segments[first:last]) for first in range(len(segments)) for last in range(first, len(segments) + 1)
        }
        assert bool(rest) == bool(plain([title])[0])


@given(titles_of)
@settings(deadline=None)
def test_all_forms_agree_and_the_order_of_others_does_not_matter(titles: list[str]) -> None:
    words = HashedWords.of([Document.of(title, "") for title in titles])
    found, compiled = (find_boilerplate(words, form(Settings())) for form in (PlainBackend, CompiledBackend))
    assert np.array_equal(found, compiled)
    one_by_one = [outside_labels(words.part(place, place + 1), found) for place in range(len(words))]
    assert np.array_equal(outside_labels(words, found), np.concatenate([np.empty(0, bool), *one_by_one]))


def test_hashes_among_others() -> None:
    known = np.array([3, 7, 9], np.uint64)
    assert among(np.array([9, 0, 3, 10], np.uint64), known).tolist() == [True, False, True, False]
    assert among(known, known[:0]).tolist() == [False] * 3


# In a whole run


def test_outlets_make_no_stories_and_hide_none() -> None:
    outlets = ("BCN News", "Globe 24", "Tann Today")
    titles = [f"{headline} - {outlets[n % 3]}" for n, headline in enumerate((*HEADLINES, HEADLINES[0], HEADLINES[1]))]
    found = cluster([Article(id=f"{n}", title=title, text="") for n, title in enumerate(titles)])
    stories = {frozenset(story.articles) for story in found}
    assert stories == {frozenset("07"), frozenset("18"), *(frozenset(f"{n}") for n in range(2, 7))}


def test_a_topic_still_joins_two_articles() -> None:
    assert compare("Corran bridge: crack grows", "Corran bridge: crack grows overnight").same_story
