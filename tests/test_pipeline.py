"""The pipeline: from articles in any form to a clustering."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from labelled_data import SEEDS
from storyline_articles import storyline_articles

import dedup
from dedup import Article, Clustering, InputError, Settings, SettingsError, UnknownArticleError
from dedup.vectorize.exact import SCORE_UNIT

FERRY = (
    "The ferry Halcyon Star caught fire off Larkhaven on Sunday evening with 214 passengers on board. Lifeboats from "
    "Dunmere and Larkhaven took all of them ashore within two hours, the coastguard said. Nobody was hurt, and the "
    "operator, Caspian Lines, promised an inquiry into the engine room where the flames were seen first."
)
FERRY_TOLD_ANEW = (
    "All 214 passengers of the Halcyon Star are safe. Flames had spread from the engine room of the Caspian Lines "
    "ferry near Larkhaven on Sunday; the coastguard sent lifeboats from Dunmere. An inquiry is to begin this week."
)
RATES = (
    "The central bank of Valmora kept its main rate at 4.5 per cent on Thursday. Governor Irena Kostka said that "
    "prices for food and rent were still rising too fast, and that the board had not talked about a cut."
)


@pytest.fixture(scope="module")
def seeds() -> Clustering:
    return dedup.cluster(dedup.read_articles([str(SEEDS)]))


def partition(clustering: Clustering) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in clustering}


# What goes in


def as_articles(texts: list[str]) -> Any:
    return [Article(id=str(place), text=text) for place, text in enumerate(texts)]


def as_mappings(texts: list[str]) -> Any:
    return [{"id": place, "body": text} for place, text in enumerate(texts)]


def as_frame(texts: list[str]) -> Any:
    return pd.DataFrame({"id": [str(place) for place in range(len(texts))], "Text": texts}, index=[7] * len(texts))


def as_mixture(texts: list[str]) -> Any:
    return [as_articles(texts)[0], as_mappings(texts)[1], *texts[2:]]


FORMS: list[Callable[[list[str]], Any]] = [list, tuple, iter, as_articles, as_mappings, as_frame, as_mixture, pd.Series]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_gives_the_same(form: Callable[[list[str]], Any]) -> None:
    clustering = dedup.cluster(form([FERRY, RATES, FERRY_TOLD_ANEW]))
    assert [article.id for article in clustering.articles] == ["0", "1", "2"]
    assert partition(clustering) == {frozenset({"0", "2"}), frozenset({"1"})}
    assert clustering.labels == (0, 1, 0)
    assert not clustering.notices


def test_a_generator_is_read_once() -> None:
    texts = (text for text in [FERRY, FERRY_TOLD_ANEW])
    assert len(dedup.cluster(texts)) == 1
    assert next(texts, None) is None


@pytest.mark.parametrize(
    ("articles", "message"),
    [
        (FERRY, "not one str: put it in a list"),
        (FERRY.encode(), "not one bytes: put it in a list"),
        ({"text": FERRY}, "not one dict: put it in a list"),
        (Article(id="a", text=FERRY), "not one Article: put it in a list"),
        (None, "not NoneType"),
        (7, "not int"),
        ([FERRY, 7], "article 1 is a int; it must be an Article, a mapping or a string"),
        ([FERRY.encode()], "article 0 is a bytes"),
    ],
)
def test_what_is_no_article_is_refused(articles: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        dedup.cluster(articles)


def test_a_record_without_words_keeps_its_place_and_its_name() -> None:
    clustering = dedup.cluster([{"text": FERRY}, {"id": "x7", "source": "Echo", "date": "2024-05-01", "text": " "}])
    kept = clustering.articles[1]
    assert (kept.id, kept.source, kept.published, kept.text) == ("x7", "Echo", date(2024, 5, 1), "")
    (notice,) = clustering.notices
    assert str(notice) == "article 1: its text is empty and it has no title; kept as an empty article"
    assert not notice.skipped


def test_what_no_text_can_hold_is_replaced_and_told() -> None:
    clustering = dedup.cluster([Article(id="a", text=f"{FERRY}\0\ud800", title="Ferry")])
    (article,) = clustering.articles
    assert article.text == f"{FERRY}\ufffd\ufffd"
    assert [str(notice) for notice in clustering.notices] == [
        "article 0: its text has 1 null byte; replaced by U+FFFD",
        "article 0: its text has 1 lone surrogate or undecodable byte; replaced by U+FFFD",
    ]


# Few and strange articles


def test_no_articles_make_no_stories() -> None:
    nothings: list[Any] = [[], (), pd.DataFrame({"text": []})]
    for nothing in nothings:
        clustering = dedup.cluster(nothing)
        assert len(clustering) == len(clustering.articles) == len(clustering.labels) == 0
        assert clustering.links == ()
        assert clustering.to_records() == []
        assert list(clustering.to_pandas().columns)[:2] == ["id", "story"]
        assert len(clustering.rethreshold(0.3)) == 0


def test_one_article_is_a_story() -> None:
    clustering = dedup.cluster([FERRY])
    (story,) = clustering
    assert (story.articles, story.canonical, story.copy_groups) == (("0",), "0", ())
    assert story.title.startswith("The ferry Halcyon Star caught fire")
    assert len(story.title) <= 80
    assert (story.start, story.end, story.sources) == (None, None, ())


def test_two_equal_articles_are_copies() -> None:
    clustering = dedup.cluster([FERRY, FERRY])
    assert clustering.labels == clustering.copy_labels == (0, 0)
    (link,) = clustering.links
    assert (link.a, link.b, link.kind, link.score, link.jaccard, link.containment) == ("0", "1", "copy", 1, 1, 1)
    explanation = clustering.explain("0", "1")
    assert explanation.same_text
    assert explanation.reason == "The same text: title and body are equal."


def test_fifty_unrelated_articles_are_fifty_stories() -> None:
    random = np.random.default_rng(1)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    texts = [" ".join("".join(random.choice(letters, 7)) for _ in range(80)) for _ in range(50)]
    clustering = dedup.cluster(texts)
    assert len(clustering) == 50
    assert clustering.links == ()


@pytest.mark.parametrize("empty", ["", "   \n", "\u200b"])
def test_empty_texts_are_alone(empty: str) -> None:
    clustering = dedup.cluster([FERRY, Article(id="a", text=empty), FERRY_TOLD_ANEW, Article(id="b", text=f"{empty} ")])
    assert partition(clustering) == {frozenset({"0", "2"}), frozenset({"a"}), frozenset({"b"})}
    assert clustering.copy_labels == (-1,) * 4


def test_all_empty_texts_are_alone_and_told() -> None:
    clustering = dedup.cluster(["", "", {"text": None}, Article(id="a", text="")])
    assert len(clustering) == 4
    assert clustering.copy_labels == (-1,) * 4
    assert len({story.id for story in clustering}) == 4
    assert len(clustering.notices) == 4
    assert not clustering.links


def test_texts_without_words_are_alone() -> None:
    clustering = dedup.cluster(["!!!", "???", "…"])
    assert len(clustering) == 3


def test_an_article_without_text_is_judged_by_its_title() -> None:
    title = "Halcyon Star ferry fire off Larkhaven: all 214 passengers safe"
    clustering = dedup.cluster([Article(id="a", title=title, text=""), FERRY, RATES])
    assert clustering.labels[0] == clustering.labels[1] != clustering.labels[2]


def test_duplicates_of_everything_change_no_story(seeds: Clustering) -> None:
    again = [*seeds.articles, *seeds.articles[::-1]]
    doubled = dedup.cluster(again)
    assert {frozenset(name.split("#")[0] for name in story) for story in partition(doubled)} == partition(seeds)
    assert {story.id for story in doubled} == {story.id for story in seeds}
    assert min(doubled.copy_labels) >= 0, "everything has a copy now"


def test_shared_ids_are_told_apart_the_same_way_in_any_order() -> None:
    day = date(2024, 5, 1)
    articles = [
        Article(id="a", text=FERRY, source="Echo", published=day),
        Article(id="a", text=FERRY, source="Post", published=day),
        Article(id="a", text=FERRY, source="Post", published=day, url="https://example.org/2"),
        Article(id="a", text=FERRY, source="Post", published=datetime(2024, 5, 1, tzinfo=UTC)),
        Article(id="a", text=RATES),
        Article(id="a#2", text=FERRY_TOLD_ANEW),
    ]
    expected = None
    for turn in range(6):
        clustering = dedup.cluster([*articles[turn:], *articles[:turn]])
        names = {(a.source, a.url, repr(a.published), a.text): a.id for a in clustering.articles}
        assert set(names.values()) == {"a", "a#2", "a#3", "a#4", "a#5", "a#6"}
        assert names["", "", "None", FERRY_TOLD_ANEW] == "a#2"
        assert expected in (None, names)
        expected = names
        assert len(clustering.notices) == 4


@pytest.mark.parametrize(
    ("path", "where", "named"),
    [("feed.jsonl", "feed.jsonl:7", "feed.jsonl:7"), ("feed.jsonl", "", "feed.jsonl"), ("", "", "article 1")],
)
def test_a_notice_names_the_place_where_an_article_was_read(path: str, where: str, named: str) -> None:
    article = Article(id="a", text=FERRY, path=path, where=where)
    (notice,) = dedup.cluster([article, article]).notices
    assert notice.where == named


def test_the_time_zone_is_no_difference_and_none_is_utc() -> None:
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    articles = [
        Article(id="naive", text=FERRY, published=datetime(2024, 5, 1, 12)),  # noqa: DTZ001 - that is the test
        Article(id="abroad", text=FERRY_TOLD_ANEW, published=noon.astimezone(timezone(timedelta(hours=9)))),
    ]
    assert dedup.cluster(articles).explain("naive", "abroad").link.days == 0


def test_the_window_keeps_stories_apart_but_not_copies() -> None:
    def labels(other: str, days: int) -> tuple[int, ...]:
        first = datetime(2024, 5, 1, tzinfo=UTC)
        return dedup.cluster(
            [
                Article(id="a", text=FERRY, published=first),
                Article(id="b", text=other, published=first + timedelta(days=days)),
            ]
        ).labels

    assert labels(FERRY_TOLD_ANEW, 30) == (0, 0)
    assert labels(FERRY_TOLD_ANEW, 31) == (0, 1)
    assert labels(FERRY, 300) == labels(f"Larkhaven. {FERRY}", 300) == (0, 0)


# What comes out


def test_every_article_is_in_exactly_one_story(seeds: Clustering) -> None:
    names = [name for story in seeds for name in story.articles]
    assert sorted(names) == sorted(article.id for article in seeds.articles)
    for place, article in enumerate(seeds.articles):
        assert article.id in seeds.stories[seeds.labels[place]].articles
        assert seeds.story_of(place) is seeds.story_of(article.id) is seeds.stories[seeds.labels[place]]


def test_labels_and_copy_groups_say_the_same(seeds: Clustering) -> None:
    groups = [group for story in seeds for group in story.copy_groups]
    place = {article.id: number for number, article in enumerate(seeds.articles)}
    for number, group in enumerate(groups):
        assert {seeds.copy_labels[place[name]] for name in group.articles} == {number}
        assert group.canonical in group.articles
    assert set(seeds.copy_labels) == {-1, *range(len(groups))}
    assert len({group.id for group in groups}) == len(groups)


def test_stories_are_in_order_and_their_articles_by_date(seeds: Clustering) -> None:
    sizes = [len(story.articles) for story in seeds]
    assert sizes == sorted(sizes, reverse=True)
    for story in seeds:
        assert story.canonical in story.articles
        known = [seeds.articles[seeds.place(name)].published for name in story.articles]
        dates = [when.date() if isinstance(when, datetime) else when for when in known if when is not None]
        assert dates == sorted(dates)
        published = [when for when in known if when is not None]
        assert [story.start, story.end] == ([published[0], published[-1]] if published else [None, None])


def test_repetitions_are_listed_by_date() -> None:
    def article(name: str, text: str, day: int | None) -> Article:
        return Article(id=name, text=text, published=date(2024, 5, day) if day else None)

    clustering = dedup.cluster(
        [article("d", FERRY, 9), article("a", FERRY, 1), article("c", FERRY_TOLD_ANEW, 4), article("b", FERRY, None)]
    )
    (story,) = clustering
    assert story.articles == ("a", "b", "c", "d")
    assert (story.start, story.end) == (date(2024, 5, 1), date(2024, 5, 9))
    assert story.copy_groups[0].articles == ("a", "b", "d")
    assert story.copy_groups[0].canonical == "a"


def test_links_lie_inside_stories_the_strongest_first(seeds: Clustering) -> None:
    assert seeds.links
    order = [(-link.score, -link.cosine, link.a, link.b) for link in seeds.links]
    assert order == sorted(order)
    assert len({(link.a, link.b) for link in seeds.links}) == len(seeds.links)
    for link in seeds.links:
        assert link.a < link.b
        assert seeds.story_of(link.a) is seeds.story_of(link.b)
        assert (link.score / SCORE_UNIT).is_integer()
        assert 0 <= link.cosine <= 1 + 1e-4
        if link.kind == "copy":
            assert link.score == 1
            assert seeds.copy_labels[seeds.place(link.a)] == seeds.copy_labels[seeds.place(link.b)] >= 0


def test_explanations_agree_with_links_and_labels(seeds: Clustering) -> None:
    links = {(link.a, link.b): link for link in seeds.links}
    names = sorted(article.id for article in seeds.articles)
    for a in names:
        for b in names:
            if a > b or (len(a) + len(b)) % 3:  # a third of all pairs: each costs some milliseconds
                continue
            found = seeds.explain(a, b)
            assert (found.a, found.b) == (a, b)
            assert found.same_story == (seeds.story_of(a) is seeds.story_of(b))
            assert found.same_text <= found.same_story
            assert found.reason.endswith(".")
            assert sum(word.weight for word in found.words) == found.link.cosine
            if not found.same_text:
                exact = (
                    found.link.cosine - found.background - found.date_penalty - found.outlet_penalty + found.headline
                )
                assert abs(exact - found.link.score) <= SCORE_UNIT
            if link := links.get((a, b)):
                assert (link.cosine, link.days) == (found.link.cosine, found.link.days)
                if link.kind == "story" and not found.same_text:
                    assert link.score == found.link.score
                if link.kind == "copy":
                    assert (link.jaccard, link.containment) == (found.link.jaccard, found.link.containment)


def test_an_explanation_is_the_same_both_ways(seeds: Clustering) -> None:
    for link in seeds.links[::7]:
        there, back = seeds.explain(link.a, link.b), seeds.explain(link.b, link.a)
        assert (there.same_text, there.same_story, there.joined_at) == (back.same_text, back.same_story, back.joined_at)
        assert (there.link.score, there.shared_shingles) == (back.link.score, back.shared_shingles)
        assert {(word.weight) for word in there.words} == {(word.weight) for word in back.words}


def test_an_article_is_the_same_as_itself() -> None:
    clustering = dedup.cluster([FERRY, RATES])
    assert clustering.explain(0, 0).same_text
    assert clustering.explain("0", 0).same_story


def test_unknown_articles_are_errors(seeds: Clustering) -> None:
    for unknown in ("nobody", -1, len(seeds.articles)):
        with pytest.raises(UnknownArticleError, match="there is no article"):
            seeds.explain(unknown, 0)
        with pytest.raises(KeyError):
            seeds.story_of(unknown)


@pytest.mark.parametrize("granularity", [0, 0.1, 0.25, 0.4, 0.47, 0.5, 0.53, 0.6, 0.75, 0.9, 1])
def test_a_new_granularity_is_a_new_run(seeds: Clustering, granularity: float) -> None:
    cut, run = seeds.rethreshold(granularity), dedup.cluster(seeds.articles, Settings(granularity=granularity))
    assert cut.stories == run.stories
    assert (cut.labels, cut.copy_labels, cut.settings) == (run.labels, run.copy_labels, run.settings)
    assert cut.links == run.links
    assert cut.notices == run.notices
    assert seeds.settings == Settings(), "the old clustering is as it was"


def test_granularities_go_there_and_back(seeds: Clustering) -> None:
    there = seeds.rethreshold(0.2)
    assert len(there) > len(seeds)
    assert there.rethreshold(seeds.settings.granularity).stories == seeds.stories


@pytest.mark.parametrize("granularity", [-0.001, 1.001, float("nan"), "0.2", None])
def test_a_granularity_out_of_range_is_an_error(seeds: Clustering, granularity: Any) -> None:
    with pytest.raises(SettingsError, match="granularity must"):
        seeds.rethreshold(granularity)


# How likely a link is right


def test_a_link_and_its_explanation_give_one_probability(seeds: Clustering) -> None:
    kinds = set()
    for link in seeds.links:
        explained = seeds.explain(link.a, link.b).link
        assert 0 <= link.probability <= 1
        assert link.probability == explained.probability, (link, explained)
        kinds.add(link.kind)
    assert kinds == {"copy", "story"}


def test_a_link_between_languages_is_explained_as_it_was_scored() -> None:
    """By names and numbers only."""
    names = "Irena Kostka, Halcyon Star, Larkhaven, Dunmere, Caspian Lines, 214, 37, 1998"
    english = f"The captain told the court in Larkhaven that the ferry had been late. {names}. " + FERRY
    spanish = (
        "El ferri Halcyon Star se incendió el domingo frente a Larkhaven con 214 pasajeros a bordo, dijo la guardia "
        f"costera de Dunmere. La empresa Caspian Lines prometió una investigación y nadie resultó herido. {names}."
    )
    clustering = dedup.cluster([english, spanish, RATES])
    assert clustering.labels[0] == clustering.labels[1]
    (link,) = clustering.links
    explained = clustering.explain(0, 1)
    assert explained.link.score == link.score
    assert explained.link.cosine == link.cosine
    assert sum(shared.weight for shared in explained.words) == pytest.approx(link.cosine)


def test_a_probability_does_not_depend_on_the_granularity() -> None:
    found = dedup.cluster(storyline_articles())
    usual = {(link.a, link.b): link.probability for link in found.links}
    wide = {(link.a, link.b): link.probability for link in found.rethreshold(1).links}
    assert usual.items() <= wide.items()
    others = [probability for pair, probability in wide.items() if pair not in usual]
    assert others, "nothing is joined at 1 that is not at .5: this would say nothing about it"
    assert max(others) < 0.5 < min(usual.values())


def test_equal_articles_are_certainly_one_text() -> None:
    (link,) = dedup.cluster([FERRY, FERRY]).links
    assert link.probability == 1


def test_the_probability_of_an_article_is_the_mean_of_its_links(seeds: Clustering) -> None:
    records = {record["id"]: record["probability"] for record in seeds.to_records()}
    for story in seeds:
        for name in story.articles:
            own = [link.probability for link in seeds.links if name in (link.a, link.b)]
            assert records[name] == (pytest.approx(sum(own) / len(own), abs=0.0001) if own else None)
            assert (records[name] is None) == (len(story.articles) == 1)


def test_what_is_apart_has_a_probability_too() -> None:
    unlike = dedup.compare(FERRY, RATES).link
    alike = dedup.compare(FERRY, FERRY_TOLD_ANEW).link
    assert unlike.probability < 0.1
    assert alike.probability > 0.9


def test_links_are_counted_once(seeds: Clustering) -> None:
    assert seeds.links is seeds.links
    assert seeds.rethreshold(0.2).links is not seeds.links


def test_records_and_the_data_frame_say_what_the_stories_say(seeds: Clustering) -> None:
    records = seeds.to_records()
    assert [record["id"] for record in records] == [article.id for article in seeds.articles]
    assert [record["story"] for record in records] == [seeds.stories[label].id for label in seeds.labels]
    assert sum(record["canonical"] for record in records) == len(seeds)
    for record, number in zip(records, seeds.copy_labels, strict=True):
        assert (record["copy_group"] is None) == (number == -1)
    frame = seeds.to_pandas()
    assert frame.astype(object).where(frame.notna(), None).to_dict("records") == records


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    dedup.cluster([FERRY, RATES], progress=lambda *call: told.append(call))
    stages = list(dict.fromkeys(stage for stage, _, _ in told if not stage.startswith("compiling")))
    assert stages == [
        "reading the words",
        "looking for boilerplate",
        "counting the words",
        "looking for copies",
        "weighing the words",
        "comparing",
        "grouping",
    ]
    assert told[0] == ("reading the words", 0, 0)
    assert all(0 <= done <= total == 2 for stage, done, total in told[1:] if not stage.startswith("compiling"))


def test_two_articles_can_be_compared() -> None:
    same = dedup.compare(FERRY, FERRY_TOLD_ANEW)
    assert (same.same_story, same.same_text) == (True, False)
    assert {"halcyon", "larkhaven"} <= {word.word for word in same.words[:8]}
    assert not dedup.compare(FERRY, {"text": RATES}).same_story
    assert dedup.compare(Article(id="x", text=FERRY), Article(id="x", text=FERRY)).same_text
    for nothing in (dedup.compare("", ""), dedup.compare("", FERRY)):
        assert (nothing.same_story, nothing.same_text, nothing.words) == (False, False, ())


def test_one_body_under_unrelated_titles_is_judged_by_its_titles() -> None:
    wall = "Subscribe to continue reading this and all our other stories. Cancel whenever you want to."
    titles = ["Mill burns in Brackwell", "Rates held again", "Cup goes to Dunmere", "Larkhaven mayor resigns"]
    clustering = dedup.cluster([Article(id=title, title=title, text=wall) for title in titles])
    assert len(clustering) == 4
    assert clustering.copy_labels == (-1,) * 4
    assert sorted(notice.where for notice in clustering.notices) == sorted(titles)


def near_copies(words: list[str], count: int, random: np.random.Generator) -> Iterable[str]:
    for number in range(count):
        copy = list(words)
        for place in random.integers(len(words), size=4).tolist():
            copy[place] = f"new{number}x{place}"
        yield " ".join(copy)


def test_a_giant_copy_group_is_one() -> None:
    """More copies than a bucket or the neighbours of an article contain."""
    random = np.random.default_rng(3)
    words = [f"w{number}" for number in random.integers(5_000, size=120).tolist()]
    clustering = dedup.cluster([*near_copies(words, 250, random), FERRY, RATES])
    assert sorted(len(story.articles) for story in clustering) == [1, 1, 250]
    assert set(clustering.copy_labels) == {-1, 0}


MILL = [
    "A fire destroyed the old paper mill at Brackwell on Tuesday night, and 40 firefighters from three towns could do "
    "no more than keep the flames from the houses on the Sorrel canal. The roof fell in shortly after midnight, said "
    "fire chief Dorota Hallam. The mill, which had stood empty since its owner Ostrander Paper went bankrupt, was to "
    "become a museum next spring. The police have questioned two teenagers who were seen climbing the fence, and the "
    "mayor asked everybody in Brackwell to keep their windows shut until the smoke has gone.",
    "Nothing is left of Brackwell's paper mill but its chimney. Dorota Hallam, who led the firefighters that fought "
    "the blaze until dawn on Wednesday, called it the worst in the town for decades. Ostrander Paper gave the building "
    "up when it failed; the museum that was planned there by the Sorrel canal will not open now, the mayor said.",
    "Two boys have told police that they were in the Brackwell mill before it burned, according to the mayor. They "
    "say that they had only looked for a way onto the roof. Firefighters suspect that old solvents of Ostrander Paper "
    "caught fire, said their chief, Dorota Hallam, who wants to look at the ruin by the canal today.",
]
"""One event in three outlets."""


@pytest.mark.parametrize("neighbours", [100, 2])
def test_near_copies_drive_no_other_version_out_of_the_story(neighbours: int) -> None:
    """A text with a hundred near-copies scores against other versions as it does alone."""

    def run(count: int) -> Clustering:
        words = MILL[0].split()
        day = date(2024, 5, 1)
        articles = [Article(id=f"mill {number}", text=text, published=day) for number, text in enumerate(MILL)]
        articles += [Article(id="ferry", text=FERRY, published=day), Article(id="rates", text=RATES, published=day)]
        for number in range(count):
            place = 7 * number % len(words)
            changed = " ".join([*words[:place], f"altered{number}", *words[place + 1 :]])
            articles.append(Article(id=f"copy {number}", text=changed, published=date(2024, 5, 2)))
        return dedup.cluster(articles, Settings(neighbours=neighbours))

    alone = run(0)
    originals = frozenset({"mill 0", "mill 1", "mill 2"})
    assert partition(alone) == {originals, frozenset({"ferry"}), frozenset({"rates"})}
    for count in (30, 100):
        clustering, copies = run(count), frozenset(f"copy {number}" for number in range(count))
        assert partition(clustering) == {originals | copies, frozenset({"ferry"}), frozenset({"rates"})}
        (group,) = clustering.stories[0].copy_groups
        assert (frozenset(group.articles), group.canonical) == (copies | {"mill 0"}, "mill 0")
        for a in (0, 1, 2, 3, 4):
            for b in range(a):
                there, here = alone.explain(a, b), clustering.explain(a, b)
                assert (there.link, there.background, there.words) == (here.link, here.background, here.words)
                assert there.joined_at == here.joined_at


def test_bodies_under_unrelated_titles_are_told_alike_and_in_the_order_of_the_input() -> None:
    wall = "To go on reading, please take out a subscription or log in to your account with us."
    titles = [
        "Ferry fire kills nine",
        "Central bank holds rate",
        "Orchard growers fear frost",
        "Museum reopens after flood",
    ]
    clustering = dedup.cluster([Article(id=str(place), title=title, text=wall) for place, title in enumerate(titles)])
    told = [notice for notice in clustering.notices if "unrelated titles" in notice.problem]
    assert [notice.where for notice in told] == ["0", "1", "2", "3"]
    assert len({(notice.problem, notice.action) for notice in told}) == 1


@pytest.mark.parametrize(
    ("title", "text", "shown"),
    [
        ("", "Empty flats\n\nOwners of empty flats in Ostrava will pay.", "Empty flats"),
        ("", "\n  Empty \t flats \r\nOwners will pay.", "Empty flats"),
        ("", "word " * 30, "word " * 15 + "word…"),
        ("", "", ""),
        ("A title\nof two lines", "Text.", "A title of two lines"),
    ],
)
@pytest.mark.parametrize("keep_texts", [True, False])
def test_what_has_no_title_is_called_by_its_first_line_alone(
    title: str, text: str, shown: str, keep_texts: bool
) -> None:
    (story,) = dedup.cluster([Article(id="a", title=title, text=text)], keep_texts=keep_texts)
    assert story.title == shown
