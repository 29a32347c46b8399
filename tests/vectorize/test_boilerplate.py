"""Passages that a site adds to everything it publishes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import Article, cluster
from dedup.backends import PlainBackend
from dedup.settings import Settings
from dedup.text.document import Document
from dedup.vectorize.boilerplate import (
    EDGE,
    HOLDERS,
    LINE,
    PAIRWISE,
    PASSAGE,
    REST,
    find_boilerplate,
    outside_boilerplate,
    related_pairs,
)
from dedup.vectorize.features import HashedWords

TOWNS = ["Larkhaven", "Brackwell", "Dunmere", "Ashford", "Wexcombe", "Orrinport", "Tillsbury", "Quenby", "Pell", "Sel"]


def made(name: str, count: int) -> str:
    """A number of words that occur nowhere else."""
    return " ".join(f"{name}x{number}" for number in range(count))


def articles_of(bodies: Sequence[str], titles: Sequence[str] | None = None) -> list[tuple[str, str]]:
    return list(zip(titles or [f"Mill burns in {town} on {town}day" for town in TOWNS], bodies, strict=False))


def taken(articles: Sequence[tuple[str, str]]) -> list[int]:
    """The number of words removed from each body."""
    documents = [Document.of(title, text) for title, text in articles]
    passages = found(HashedWords.of(documents))
    assert passages.tolist() == sorted({*passages.tolist()})
    return [len(document.body) - len(without(document, passages).body) for document in documents]


def found(words: HashedWords) -> NDArray[np.uint64]:
    return find_boilerplate(words, PlainBackend(Settings()))


def without(document: Document, passages: NDArray[np.uint64]) -> Document:
    """The document without boilerplate."""
    keep = outside_boilerplate(HashedWords.of([document]), passages).tolist()
    return document.where(keep[: len(document.title)], keep[len(document.title) :])


def unrelated(count: int) -> list[str]:
    """Titles without a distinctive word in common."""
    return [f"{town} zz{town}" for town in TOWNS[:count]]


FOOTER = made("footer", 400)


@pytest.mark.parametrize("count", [HOLDERS, HOLDERS + 1, 10])
@pytest.mark.parametrize("place", ["before", "after", "inside"])
def test_what_unrelated_articles_share_is_boilerplate(count: int, place: str) -> None:
    def body(town: str) -> str:
        own = made(town, 100)
        half = made(f"{town}y", 50)
        return {"before": f"{FOOTER} {own}", "after": f"{own} {FOOTER}", "inside": f"{own} {FOOTER} {half}"}[place]

    assert taken(articles_of([body(town) for town in TOWNS[:count]], unrelated(count))) == [400] * count


def test_two_articles_cannot_tell() -> None:
    bodies = [f"{made(town, 100)} {FOOTER}" for town in TOWNS[: HOLDERS - 1]]
    assert not any(taken(articles_of(bodies, unrelated(HOLDERS - 1))))


@pytest.mark.parametrize("form", ["{own} {line}", "{line} {own}"])
@pytest.mark.parametrize(("length", "expected"), [(PASSAGE - 1, PASSAGE - 1), (EDGE, EDGE), (EDGE - 1, 0)])
def test_a_short_beginning_or_end_is_a_passage(length: int, expected: int, form: str) -> None:
    """Shorter ones may be phrases."""
    bodies = [form.format(own=made(town, 100), line=made("line", length)) for town in TOWNS[:5]]
    assert taken(articles_of(bodies, unrelated(5))) == [expected] * 5
    assert not any(taken(articles_of(bodies, ["Mill burns in Brackwell"] * 5)))


@pytest.mark.parametrize("length", [LINE - 1, LINE, PASSAGE - 3])
@pytest.mark.parametrize(
    "form", ["{own}\n{line}\n{half}", "{own}\n{line}", "{line}\n{own}", "{own} Read more: {line}\n{half}"]
)
def test_a_whole_line_is_a_passage_wherever_it_is(length: int, form: str) -> None:
    bodies = [
        form.format(own=made(town, 100), half=made(f"{town}y", 50), line=made("line", length)) for town in TOWNS[:5]
    ]
    assert taken(articles_of(bodies, unrelated(5))) == [length if length >= LINE else 0] * 5
    assert not any(taken(articles_of(bodies[:2], unrelated(2))))


def test_a_sentence_inside_of_a_line_stays() -> None:
    """It may be a phrase, such as who said something and where."""
    bodies = [f"{made(town, 50)}. He told reporters on Monday. {made(f'{town}y', 50)}" for town in TOWNS[:5]]
    assert not any(taken(articles_of(bodies, unrelated(5))))


def test_a_flash_in_several_titles_is_no_boilerplate() -> None:
    titles = ["Explosion at Orlin terminal", "Blast in Orlin", "Orlin: explosion", "Orlin terminal on fire"]
    flash = "Explosion reported at the Orlin terminal; residents were asked to close windows."
    assert not any(taken(articles_of([f"{flash} {made(town, 9)}" for town in TOWNS[:4]], titles)))


def test_a_wire_text_is_no_boilerplate() -> None:
    """Ten outlets ran it, under one headline or their own, complete or with a paragraph of their own."""
    wire = " ".join(f"{town} zz{town}" for town in TOWNS) + " " + made("wire", 200)
    assert not any(taken(articles_of([wire] * 10, ["Ten towns flooded"] * 10)))
    assert not any(taken(articles_of([f"{wire} {made(town, 60)}" for town in TOWNS], unrelated(10))))


def test_a_digest_between_two_versions_of_a_text_does_not_make_strangers_of_them() -> None:
    """Whatever the order of the articles is."""
    wire = f"mayor of Pell resigns {made('wire', 60)}"
    versions = [(f"Mayor of Pell resigns {end}", f"{wire} mayor Pell resigns {made(end, 60)}") for end in ("ax", "bx")]
    digest = "briefing morning", f"{made('d', 40)} {wire} {made('e', 40)}"
    for order in itertools.permutations([*versions, digest]):
        assert taken(order) == [0, 0, 0]


@pytest.mark.parametrize(("size", "pairs"), [(2, 1), (3, 3), (PAIRWISE, 10), (PAIRWISE + 1, 6), (100, 100)])
def test_few_holders_are_related_pair_by_pair_and_many_in_a_ring(size: int, pairs: int) -> None:
    one, other, number = related_pairs(np.array([1, size, 2]))
    assert number.tolist().count(1) == pairs == len({*zip(one[number == 1], other[number == 1], strict=True)})
    assert number.tolist().count(0) == 0
    assert (one[number == 2].tolist(), other[number == 2].tolist()) == ([size + 1], [size + 2])
    assert {*one[number == 1].tolist(), *other[number == 1].tolist()} == {*range(1, size + 1)}


def test_an_untitled_wire_text_is_no_boilerplate() -> None:
    wire = made("wire", 200)
    assert not any(taken(articles_of([f"{wire} {made(town, 60)}" for town in TOWNS], [""] * 10)))


def test_untitled_articles_are_related_by_their_beginning() -> None:
    assert taken(articles_of([f"{made(town, 100)} {FOOTER}" for town in TOWNS], [""] * 10)) == [400] * 10


def test_a_list_of_headlines_speaks_of_everything_and_vouches_for_nothing() -> None:
    """It contains the titles of the articles that have it, so its own words must not count."""
    titles = [f"{town} zz{town} {town}shire" for town in TOWNS]
    posts = " ".join(f"{title} {made(title.split()[0], 25)}" for title in titles)
    bodies = [f"{made(f'{town}own', 100)} {posts}" for town in TOWNS]
    assert taken(articles_of(bodies, titles)) == [len(TOWNS) * 28] * 10


def test_a_menu_of_one_subject_relates_nothing() -> None:
    """It contains a word of each title, but each article tells of its title in its own words."""
    menu = f"{made('menu', 40)} kiln glaze clay {made('menu', 40)}"
    titles = [f"{word} zz{town} yy{town}" for word, town in zip(["kiln", "glaze", "clay"] * 2, TOWNS[:6], strict=True)]
    bodies = [f"zz{town} {made(town, 30)} {menu}" for town in TOWNS[:6]]
    assert taken(articles_of(bodies, titles)) == [83] * 6


def test_a_wire_text_under_own_introductions_is_no_boilerplate() -> None:
    """The introductions tell of the titles too, but they are about one thing."""
    wire = f"{made('wire', 100)} ferry halcyon {made('wire', 100)}"
    titles = [f"ferry halcyon zz{town}" for town in TOWNS[:6]]
    bodies = [f"{made(town, 20)} ferry halcyon zz{town} {wire}" for town in TOWNS[:6]]
    assert not any(taken(articles_of(bodies, titles)))


def test_of_a_body_that_is_all_boilerplate_the_title_is_left() -> None:
    for rest, expected in ((0, 400), (REST - 1, 400 + REST - 1), (REST, 400)):
        bodies = [f"{made(town, rest)} {FOOTER}" for town in TOWNS[:5]]
        assert taken(articles_of(bodies, unrelated(5))) == [expected] * 5
    passages = found(HashedWords.of([Document.of(*article) for article in articles_of(bodies, unrelated(5))]))
    untitled = Document.of("", f"nothing else {FOOTER}")
    assert without(untitled, passages) == untitled


def test_a_sentence_before_a_wall_stays() -> None:
    """It is all that there is of the article but its title."""
    own = "until a buyer is found the owner said"
    bodies = [f"{own} {FOOTER}", *(f"{made(town, 8)} {FOOTER}" for town in TOWNS[1:5])]
    documents = [Document.of(*article) for article in articles_of(bodies, unrelated(5))]
    passages = found(HashedWords.of(documents))
    assert without(documents[0], passages).body.words == own.split()
    assert not without(Document.of("Photo", f"Read more {FOOTER}"), passages).body.words


def test_capitals_stay_with_their_words() -> None:
    own = "The mayor of Larkhaven spoke to a crowd of nine hundred in the market square about the flood and the harbour"
    bodies = [f"{own} {FOOTER}", *(f"{made(town, 100)} {FOOTER}" for town in TOWNS[1:5])]
    documents = [Document.of(*article) for article in articles_of(bodies, unrelated(5))]
    assert without(documents[0], found(HashedWords.of(documents))) == Document.of(unrelated(1)[0], own)


def test_no_articles_have_no_boilerplate() -> None:
    assert not len(found(HashedWords.of([])))
    assert not len(found(HashedWords.of([Document.of("", ""), Document.of("A title", "")])))
    document = Document.of("A title", "A short text.")
    assert without(document, np.empty(0, np.uint64)) == document


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=12))
def test_only_what_enough_articles_hold_is_taken_out(parts: list[list[int]]) -> None:
    """Bodies are made of a few blocks."""
    bodies = [" ".join(made(f"block{part}", PASSAGE + part) for part in body).split() for body in parts]
    documents = [Document.of(f"zz{number} yy{number}", " ".join(body)) for number, body in enumerate(bodies)]
    passages = found(HashedWords.of(documents))
    runs = [{tuple(body[at : at + PASSAGE]) for at in range(len(body) - PASSAGE + 1)} for body in bodies]
    for number, (document, body) in enumerate(zip(documents, bodies, strict=True)):
        left = without(document, passages).body.words
        repeated = [run for run in runs[number] if sum(run in others for others in runs) >= HOLDERS]
        allowed = {word for run in repeated for word in run}
        assert {*body} - {*left} <= allowed
        assert len(left) == 0 or [word for word in body if word in {*left}] == left


# In a whole run


def sites(count: int, per_site: int, seed: int, *, furnished: bool) -> list[Article]:
    """Pairs of articles on one event each, on sites that add a footer and the last headlines to each."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    events = [(f"{town}ville zz{town}fire", [f"{town}{number}" for number in range(60)]) for town in TOWNS]
    told = [
        Article(id=f"{event}-{version}", title=f"{title} zz{event}v{version}", text=" ".join(rng.choices(words, k=100)))
        for event, (title, words) in enumerate(events)
        for version in range(count)
    ]
    rng.shuffle(told)
    if not furnished:
        return told
    found = []
    for start in range(0, len(told), per_site):
        mine = told[start : start + per_site]
        for number, article in enumerate(mine):
            last = [mine[(number - back) % len(mine)] for back in range(1, 5)]
            posts = "\n".join(f"{other.title}\n{' '.join(other.text.split()[:20])}" for other in last)
            text = f"{article.text}\n\n{made(f'site{start}', 120)}\n\nRecent posts\n{posts}"
            found.append(replace(article, text=text))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_boilerplate_neither_links_nor_hides(seed: int) -> None:
    def stories(articles: Sequence[Article]) -> set[frozenset[str]]:
        clustering = cluster(articles)
        assert max(map(len, (group.articles for story in clustering for group in story.copy_groups)), default=0) <= 2
        return {frozenset(story.articles) for story in clustering}

    plain = stories(sites(3, 10, seed, furnished=False))
    assert plain == {frozenset(f"{event}-{version}" for version in range(3)) for event in range(len(TOWNS))}
    assert stories(sites(3, 10, seed, furnished=True)) == plain


def test_the_order_of_furnished_articles_does_not_matter() -> None:
    articles = sites(3, 10, 7, furnished=True)
    expected = [(story.id, story.articles) for story in cluster(articles)]
    for seed in range(3):
        random.Random(seed).shuffle(articles)  # noqa: S311 - no secret
        assert [(story.id, story.articles) for story in cluster(articles)] == expected, f"seed {seed}"


def test_a_footer_under_short_bodies_makes_no_copies() -> None:
    articles = [
        Article(id=str(number), title=f"{town} zz{town}", text=f"{made(town, 100)} {FOOTER}")
        for number, town in enumerate(TOWNS)
    ]
    clustering = cluster(articles)
    assert set(clustering.copy_labels) == {-1}
    assert len(set(clustering.labels)) == len(articles)
    assert clustering.explain(0, 1).shared_shingles == 0


def test_copies_under_different_boilerplate_are_copies() -> None:
    """One text on ten sites, each of which has other articles with the same footer."""
    wire = made("wire", 120)
    articles = []
    for number, town in enumerate(TOWNS):
        footer = made(f"{town}footer", 300)
        articles.append(Article(id=f"wire{number}", title="Ferry on fire off Larkhaven", text=f"{wire} {footer}"))
        articles += [
            Article(
                id=f"{number}-{other}",
                title=f"zz{town}{other} yy{other}",
                text=f"{made(f'{town}{other}', 90)} {footer}",
            )
            for other in range(3)
        ]
    clustering = cluster(articles)
    groups = [group.articles for story in clustering for group in story.copy_groups]
    assert sorted(map(sorted, groups)) == [sorted(f"wire{number}" for number in range(10))]


def test_a_line_that_is_the_title_of_an_unrelated_article_is_a_headline() -> None:
    """One article with the line is enough, but not one that is about the same, nor the article itself."""
    titles = ["Mill burns down at Brackwell", "Ferry strands off Larkhaven harbour", "Blaze at Brackwell mill put out"]
    bodies = [
        made("own", 30),
        f"{made('other', 30)}\n{titles[0]}\n{made('more', 3)}",
        f"{titles[2]}\n{made('third', 30)}",
    ]
    assert taken(articles_of(bodies, titles)) == [0, 5, 0]
    assert taken(articles_of(bodies[1:], titles[1:])) == [0, 0]
    related = f"{made('third', 30)} the mill at Brackwell burns\n{titles[0]}"
    assert taken(articles_of([bodies[0], related], titles[::2])) == [0, 0]
