"""Small collections in which words that are not the articles' own make or hide copies, and what must come out.

False ones: unrelated articles that share a wall, a footer, a menu, a form. True ones: articles that share words because
they report one event. Each kind has variants of other words, lengths and numbers of articles.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.site_texts import Writer
from dedup import Article, from_record

TEXTS = Path(__file__).with_name("boilerplate") / "texts.toml"
EXPECTED_FAILURES = TEXTS.with_name("expected_failures.txt")
"""Lines of a case and a door that are known to fail: `wall-alone-16-words run`."""
START = datetime(2025, 3, 3, 8, tzinfo=UTC)
Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A collection and its result.

    Attributes:
        name: kind and variant.
        articles: in the order of publication.
        stories: ids by story; None if it does not matter here.
        copies: ids by copy group; None if it does not matter here.
        shown: ids of which one is shown for the story that has one of them; () if it does not matter.
    """

    name: str
    articles: tuple[Article, ...]
    stories: Groups | None
    copies: Groups | None
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event: a headline, headlines of other outlets, sentences."""

    title: str
    titles: tuple[str, ...]
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)

    def brief(self, sentences: int) -> str:
        return " ".join(self.sentences[:sentences])


@cache
def texts() -> dict[str, Any]:
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


@cache
def events() -> dict[str, Event]:
    """Return events by name, each about something else."""
    return {one["name"]: Event(one["title"], tuple(one["titles"]), tuple(one["sentences"])) for one in texts()["event"]}


def strangers(count: int, variant: int) -> list[Event]:
    """Return unrelated events: of variant 0 written ones, of others made-up ones."""
    if variant == 0:
        return list(events().values())[:count]
    writer, found = Writer(np.random.default_rng(variant)), []
    for _ in range(count):
        title = writer.headline()
        sentences = writer.story(title, 5 + variant).rstrip(".").split(". ")
        found.append(Event(title, (title,), tuple(f"{sentence}." for sentence in sentences)))
    return found


def article(number: int, title: str, text: str, *, hours: float = 6, source: str = "") -> Article:
    """Return an article of a case, published so many hours after the one before."""
    published = START + timedelta(hours=hours * number)
    return Article(id=f"a{number}", title=title, text=text, published=published, source=source)


def apart(name: str, articles: Sequence[Article], *, stories: bool = True) -> Case:
    """Return a case of articles without copies; `stories` is whether each is also a story of its own."""
    return Case(name, tuple(articles), tuple((one.id,) for one in articles) if stories else None, ())


def one_text(name: str, articles: Sequence[Article], *shown: str) -> Case:
    """Return a case of versions of one text, of which one of `shown` is to be shown."""
    group = (tuple(one.id for one in articles),)
    return Case(name, tuple(articles), group, group, shown)


def one_story(name: str, articles: Sequence[Article]) -> Case:
    """Return a case of articles on one event, copies or not."""
    return Case(name, tuple(articles), (tuple(one.id for one in articles),), None)


def first_words(text: str, count: int) -> str:
    return " ".join(text.split()[:count])


def expected_failures() -> set[str]:
    return set(EXPECTED_FAILURES.read_text(encoding="utf-8").splitlines())


def parameters(cases: Sequence[Case], doors: Sequence[str]) -> list[pytest.ParameterSet]:
    """Return each case with each door; what is known to fail is marked."""
    found, known = [], expected_failures()
    for case, door in itertools.product(cases, doors):
        name = f"{case.name} {door}"
        marks = [pytest.mark.xfail(reason="known to fail", strict=True)] if name in known else []
        found.append(pytest.param(case, door, id=name, marks=marks))
    return found


@cache
def all_cases() -> tuple[Case, ...]:
    return tuple(case for kind in (*FALSE, *TRUE) for case in kind())


# Unrelated articles


def walls() -> Iterator[Case]:
    for variant, wall in enumerate(texts()["walls"]):
        length, count, source = wall["words"], wall["articles"], wall["source"]
        text = first_words(wall["text"], length)
        told = strangers(count + 1, variant)
        teasers = [f"{one.brief(1)}\n\n{text}" for one in told[:count]]
        yield apart(
            f"wall-under-teasers-{length}-words",
            [article(n, told[n].title, teaser, source=source) for n, teaser in enumerate(teasers)],
        )
        yield apart(
            f"wall-alone-{length}-words",
            [article(n, one.title, text, source=source) for n, one in enumerate(told)],
        )


def long_walls_alone() -> Iterator[Case]:
    """A wall of fifty words and more: unrelated titles of one outlet show that it is one."""
    for variant, notice in enumerate((*texts()["cookie_notices"][1:], texts()["footers"][0])):
        length, told = len(notice.split()), strangers(4 + 2 * variant, variant)
        found = [article(n, one.title, notice, source="Daily Beacon") for n, one in enumerate(told)]
        yield apart(f"wall-alone-{length}-words", found)


def captions() -> Iterator[Case]:
    for variant, (caption, count) in enumerate(zip(texts()["captions"], (2, 4, 3), strict=True)):
        told = strangers(count, variant)
        yield apart(f"caption-alone-{count}-articles", [article(n, one.title, caption) for n, one in enumerate(told)])


def first_lines() -> Iterator[Case]:
    """A line that is the only text of some, and the first line of others that go on."""
    for variant, line in enumerate(texts()["first_lines"]):
        told = strangers(6, variant)
        bodies = [line if n % 2 else f"{line}\n\n{one.text}" for n, one in enumerate(told)]
        yield apart(
            f"first-line-{variant}",
            [article(n, one.title, bodies[n], hours=1, source="Evening Mail") for n, one in enumerate(told)],
        )


def placeholders() -> Iterator[Case]:
    for number, text in enumerate(texts()["placeholders"]):
        told = strangers(3 + number % 3, number % 3)
        name = text.split()[0].strip("[]").replace("/", "")
        yield apart(f"placeholder-{name}", [article(n, one.title, text) for n, one in enumerate(told)])


def footers() -> Iterator[Case]:
    for variant, (footer, count) in enumerate(zip(texts()["footers"], (3, 5, 4), strict=True)):
        told, length = strangers(count, variant), len(footer.split())
        yield apart(
            f"footer-{length}-words",
            [article(n, one.title, f"{one.text}\n\n{footer}") for n, one in enumerate(told)],
        )
        yield apart(
            f"footer-{length}-words-under-briefs",
            [article(n, one.title, f"{one.brief(2)} {footer}", hours=30) for n, one in enumerate(told)],
        )


def promotions() -> Iterator[Case]:
    """Two holders of one outlet: too few to know, so no copy may be claimed."""
    for variant, text in enumerate(texts()["promotions"]):
        told = strangers(2, variant)
        yield apart(
            f"promotion-of-two-{variant}",
            [article(n, one.title, f"{one.brief(1)} {text}", source="Daily Beacon") for n, one in enumerate(told)],
            stories=False,
        )


def cookie_notices() -> Iterator[Case]:
    for variant, notice in enumerate(texts()["cookie_notices"]):
        told = strangers(4 + variant, variant)
        yield apart(
            f"cookie-notice-{variant}",
            [article(n, one.title, f"{notice}\n{one.brief(3)}") for n, one in enumerate(told)],
        )


def menus_of_one_subject() -> Iterator[Case]:
    for site in texts()["menus"]:
        for where, form in {"before": "{menu}\n{text}", "after": "{text}\n{menu}"}.items():
            yield apart(
                f"menu-{site['name']}-{where}",
                [
                    article(n, title, form.format(menu=site["menu"], text=text), hours=24, source=site["source"])
                    for n, (title, text) in enumerate(site["articles"])
                ],
            )


def author_notes() -> Iterator[Case]:
    for variant, note in enumerate(texts()["author_notes"]):
        told = strangers(3 + variant, variant)
        bodies = [f"{note}\n\n{one.brief(3)}" if variant else f"{one.brief(3)}\n\n{note}" for one in told]
        yield apart(
            f"author-note-{variant}",
            [article(n, one.title, bodies[n], hours=100, source="Mail") for n, one in enumerate(told)],
        )


def interviews() -> Iterator[Case]:
    for series in texts()["interviews"]:
        found = []
        for number, (who, *answers) in enumerate(series["persons"]):
            asked = zip(series["questions"], answers, strict=True)
            text = "\n\n".join(f"{question}\n{answer}" for question, answer in asked)
            found.append(article(number, series["title"].format(who=who), text, hours=24, source="Courier"))
        yield apart(f"interviews-{series['name']}", found, stories=False)


def obituaries() -> Iterator[Case]:
    form, people = texts()["obituaries"]["form"], texts()["obituaries"]["people"]
    notices = [form.format(**person) for person in people]
    titles = [f"Death notice: {person['name']}" for person in people]
    yield apart("obituaries-titled", [article(n, titles[n], text) for n, text in enumerate(notices[:3])])
    yield apart("obituaries-untitled", [article(n, "", text, hours=1) for n, text in enumerate(notices)])
    long = [f"{text} {texts()['obituaries']['undertaker']}" for text in notices]
    yield apart("obituaries-long", [article(n, titles[n], text) for n, text in enumerate(long)])


def weather_of_towns() -> Iterator[Case]:
    weather = texts()["weather"]
    for name, count in (("varied", 7), ("same", 5)):
        found = []
        for n, town in enumerate(weather["towns"][:count]):
            of = n if name == "varied" else 0
            figures = {"high": 9 + of * 3 % 7, "low": 1 + of * 5 % 6, "index": 1 + of % 4}
            text = weather["form"].format(town=town, sky=weather["skies"][of], **figures)
            found.append(article(n, f"Weather in {town}", text, hours=0))
        yield apart(f"weather-{name}", found, stories=False)


def lottery() -> Iterator[Case]:
    form, draws = texts()["lottery"]["form"], texts()["lottery"]["draws"]
    for name in ("numbers", "figures"):
        bodies = [form.format(numbers=draw[name], sum=draw["sum"], won=draw["won"]) for draw in draws]
        yield apart(
            f"lottery-{name}", [article(n, "Sunday lottery numbers", text, hours=168) for n, text in enumerate(bodies)]
        )


def stock_tables() -> Iterator[Case]:
    found = []
    for n in range(4):
        lines = [
            f"{stock} {40 + (n * 13 + k * 29) % 90}.{(n * 37 + k * 11) % 90 + 10} {(n + k) % 5 - 2:+d}.{k}"
            for k, stock in enumerate(texts()["stocks"])
        ]
        text = "\n".join(["Closing prices in Mirstad, in crowns, with the change in percent.", *lines, "No guarantee."])
        found.append(article(n, "Closing prices", text, hours=24))
    yield apart("stock-tables", found, stories=False)


def labels_in_titles() -> Iterator[Case]:
    for number, label in enumerate(texts()["labels"]):
        for variant in (0, (1, 2, 19, 13, 14, 17)[number]):  # made-up headlines that are apart without the label
            titles = [
                label["label"].format(
                    title=first_words(one.title, 6), outlet=label["outlets"][n % len(label["outlets"])], n=n + 1
                )
                for n, one in enumerate(strangers(9, variant))
            ]
            name = f"label-{label['name']}-{'made-up' if variant else 'written'}"
            yield apart(name, [article(n, title, "", hours=1) for n, title in enumerate(titles)])


def aggregator_items() -> Iterator[Case]:
    """The headline and the outlet again as text, as aggregators have it."""
    for variant, outlets in enumerate((("BCN News", "Globe 24"), ("The Weldon Times", "Orsa Herald", "Tann Today"))):
        told = strangers(8, variant)
        names = [outlets[n % len(outlets)] for n in range(len(told))]
        yield apart(
            f"aggregator-items-{variant}",
            [article(n, f"{one.title} - {names[n]}", f"{one.title} {names[n]}", hours=1) for n, one in enumerate(told)],
        )


def shared_background() -> Iterator[Case]:
    """Developments of one matter, each with the agency's background."""
    for variant, matter in enumerate(texts()["backgrounds"]):
        yield apart(
            f"shared-background-{variant}",
            [
                article(n, title, f"{lead} {matter['background']}", hours=26)
                for n, (title, lead) in enumerate(matter["articles"])
            ],
            stories=False,
        )


def company_paragraph() -> Iterator[Case]:
    for variant, company in enumerate(texts()["companies"]):
        yield apart(
            f"company-paragraph-{variant}",
            [
                article(n, title, f"{text}\n\n{company['about']}", hours=90)
                for n, (title, text) in enumerate(company["releases"])
            ],
            stories=False,
        )


def rotating_headlines() -> Iterator[Case]:
    for variant, (label, count) in enumerate((("Most read today", 3), ("Also on our site", 5))):
        told = strangers(7, variant)
        lists = [[told[(n + back) % len(told)].title for back in range(1, count + 1)] for n in range(len(told))]
        bodies = ["\n".join([one.brief(2), label, *listed]) for one, listed in zip(told, lists, strict=True)]
        yield apart(f"rotating-headlines-{variant}", [article(n, one.title, bodies[n]) for n, one in enumerate(told)])


def links_to_one_article() -> Iterator[Case]:
    """One headline of another article under each, which may be all that there is of that article."""
    for variant, link in enumerate(("Read also", "More on this")):
        told = strangers(6, variant)
        bodies = [told[0].text if variant else ""]
        bodies += [f"{one.brief(2)}\n\n{link}:\n{told[0].title}" for one in told[1:]]
        yield apart(f"links-to-one-article-{variant}", [article(n, one.title, bodies[n]) for n, one in enumerate(told)])


def series_over_a_wall() -> Iterator[Case]:
    for variant, series in enumerate(texts()["series"]):
        titles = [series["title"].format(n + 3) for n in range(5)]
        found = [article(n, title, series["wall"], hours=24, source="Beacon") for n, title in enumerate(titles)]
        yield apart(f"series-over-a-wall-{variant}", found, stories=False)


def wall_in_german() -> Iterator[Case]:
    site = texts()["german"]
    found = [
        article(n, title, f"{text}\n{site['wall']}", source=site["source"])
        for n, (title, text) in enumerate(site["articles"])
    ]
    yield apart("wall-in-german", found)


FALSE: tuple[Callable[[], Iterator[Case]], ...] = (
    *(
        walls,
        long_walls_alone,
        captions,
        first_lines,
        placeholders,
        footers,
        promotions,
        cookie_notices,
        menus_of_one_subject,
    ),
    *(author_notes, interviews, obituaries, weather_of_towns, lottery, stock_tables, labels_in_titles),
    aggregator_items,
    *(shared_background, company_paragraph, rotating_headlines, links_to_one_article, series_over_a_wall),
    wall_in_german,
)

# Articles on one event


def briefs_of_one_agency() -> Iterator[Case]:
    for name, count in (("mine", 3), ("merger", 4), ("water", 4)):
        told = events()[name]
        other = [*told.sentences[: count - 1], told.sentences[count + 1]]
        yield one_story(
            f"two-briefs-{name}",
            [
                article(0, told.title, f"{told.brief(count)} (Northern Wire)"),
                article(1, told.titles[0], f"{' '.join(other)} (Northern Wire)"),
            ],
        )


def quoted_statement() -> Iterator[Case]:
    for quoted in texts()["quotes"]:
        told, quote = events()[quoted["event"]], quoted["quote"]
        bodies = [f"{told.sentences[0]} {quote} {told.sentences[n]}" for n in (2, 3, 4)]
        titles = [told.title, *told.titles]
        found = [article(n, titles[n], text, hours=1, source=f"Paper {n}") for n, text in enumerate(bodies)]
        yield one_story(f"quoted-statement-{quoted['event']}", found)


def breaking_flash() -> Iterator[Case]:
    for variant, flash in enumerate(texts()["flashes"]):
        yield one_story(
            f"breaking-flash-{variant}",
            [
                article(n, title, flash["text"], hours=0.1, source=f"Paper {n}")
                for n, title in enumerate(flash["titles"])
            ],
        )


def identical_bodies() -> Iterator[Case]:
    for kind in texts()["identical"]:
        text = events()[kind["event"]].text
        found = [article(n, title, text, source=f"Paper {n}") for n, title in enumerate(kind["titles"])]
        yield one_text(f"identical-bodies-{kind['name']}", found)


def earlier_headline_in_the_text() -> Iterator[Case]:
    """A text under a new headline, with the old one as its first line."""
    for name in ("tram", "dam"):
        told = events()[name]
        bodies = (told.text, f"{told.title}\n\n{told.text}", f"{told.title}\n\n{told.text}")
        titles = (told.title, told.titles[0], told.titles[1])
        found = [article(n, titles[n], text, source=f"Paper {n}") for n, text in enumerate(bodies)]
        yield one_text(f"earlier-headline-{name}", found)


def house_style() -> Iterator[Case]:
    for style in texts()["house_styles"]:
        told = events()[style["event"]]
        text = told.text
        for old, new in style["changes"]:
            text = text.replace(old, new)
        pair = [article(0, told.title, told.text, source="Post"), article(2, told.title, text, hours=24, source="Echo")]
        yield one_text(f"house-style-{style['event']}", pair)


def pages_and_print_view() -> Iterator[Case]:
    for name, cut in (("mine", 4), ("exam", 3)):
        told = events()[name]
        pages = (told.brief(cut), " ".join(told.sentences[cut:]), told.text)
        found = [article(n, told.title, text, hours=0, source="Post") for n, text in enumerate(pages)]
        yield Case(f"pages-{name}", tuple(found), (("a0", "a1", "a2"),), None, ("a2",))


def releases() -> Iterator[Case]:
    titles, text = texts()["release_titles"], events()["merger"].text
    found = [article(n, title, text, hours=1, source=f"Paper {n}") for n, title in enumerate(titles)]
    yield one_text("release-in-12-papers", found)
    yield one_text("release-without-source", [article(n, titles[n], text, hours=5) for n in range(5)])


def wire_briefs() -> Iterator[Case]:
    for name, own_titles in (("tram", False), ("hospital", True)):
        told = events()[name]
        titles = [told.title, *told.titles] if own_titles else [told.title]
        text = first_words(told.text, 60)
        found = [article(n, titles[n % len(titles)], text, hours=0.5, source=f"Paper {n}") for n in range(8)]
        yield one_text(f"wire-brief-{name}", found)


def copies_over_footers() -> Iterator[Case]:
    """One wire text in three papers, each with its footer under everything."""
    for variant in range(2):
        told, groups = strangers(10, variant), list[str]()
        found: list[Article] = []
        for paper, footer in enumerate(texts()["footers"]):
            for one in (told[0], *told[1 + paper * 3 : 4 + paper * 3]):
                new = article(len(found), one.title, f"{one.text}\n\n{footer}", hours=1, source=f"Paper {paper}")
                groups += [new.id] if one is told[0] else []
                found.append(new)
        alone = tuple((one.id,) for one in found if one.id not in groups)
        yield Case(f"copies-over-footers-{variant}", tuple(found), (tuple(groups), *alone), (tuple(groups),))


def copies_among_walls() -> Iterator[Case]:
    """Teasers over one wall, two of which are the same."""
    for variant, wall in enumerate(texts()["walls"]):
        text = first_words(wall["text"], wall["words"])
        told = strangers(4, variant)
        found = [article(n, one.title, f"{one.brief(1)}\n\n{text}") for n, one in enumerate((*told, told[1]))]
        yield Case(
            f"copies-among-walls-{wall['words']}-words",
            tuple(found),
            (("a0",), ("a1", "a4"), ("a2",), ("a3",)),
            (("a1", "a4"),),
        )


def notice_in_papers() -> Iterator[Case]:
    papers = [article(n, "Sunday lottery numbers", texts()["notice"], hours=1, source=f"Paper {n}") for n in range(4)]
    yield one_text("notice-in-4-papers", papers)


def complete_versions() -> Iterator[Case]:
    """The complete text is shown, though cut ones came first."""
    for name in ("comet", "dam"):
        told = events()[name]
        bodies = (told.brief(3), told.text, f"{told.brief(4)} Read more")
        yield one_text(f"complete-{name}", [article(n, told.title, text) for n, text in enumerate(bodies)], "a1")


def briefings() -> Iterator[Case]:
    """A briefing of the day is none of its parts, and is not shown for them."""
    for variant, title in enumerate(("Morning briefing", "The day in five minutes: what you need to know")):
        told = strangers(5, variant)
        parts = "\n\n".join(f"{one.title}\n{one.brief(2)}" for one in told)
        own = [article(n, one.title, one.text, hours=1, source="Post") for n, one in enumerate(told)]
        other = [article(n + 5, one.titles[0], " ".join(one.sentences[:4]), hours=1) for n, one in enumerate(told[:1])]
        found = (*own, *other, article(6, title, parts, hours=1, source="Post"))
        yield Case(f"briefing-{variant}", found, None, (("a0", "a5"),), ("a0", "a5"))


def live_blogs() -> Iterator[Case]:
    """An article is shown, where a live blog has its sentences too."""
    for name, word in (("tram", "Live"), ("hospital", "Live blog")):
        told = events()[name]
        entries = [f"{8 + n}.{n}5 {sentence}" for n, sentence in enumerate(told.sentences)][::-1]
        blog = "\n\n".join([*entries, "7.05 Good morning, we begin our coverage here. Send us what you see."])
        found = [
            article(0, f"{word}: {told.title}", blog, hours=1),
            article(1, told.titles[0], told.text, hours=1),
            article(2, told.titles[1], told.brief(4), hours=1),
        ]
        yield Case(f"live-blog-{name}", tuple(found), (("a0", "a1", "a2"),), None, ("a1",))


def bodies_with_markup() -> Iterator[Case]:
    """A record with markup beside one without."""
    for name, form in {
        "tags": '<div class="body"><p>{text}</p><p><a href="https://a.example/1?utm_source=feed">Continue</a></p></div>',
        "entities": "{text}&nbsp;&#8211;&nbsp;&copy; Post&nbsp;&amp;&nbsp;Echo &lt;br/&gt; &lt;br/&gt; &hellip;",
    }.items():
        told = events()["violin"]
        plain = [
            article(n, told.title, text, hours=0) for n, text in enumerate((form.format(text=told.text), told.text))
        ]
        read = [from_record(asdict(one), where=one.id, default_id=one.id)[0] for one in plain]
        yield one_text(f"markup-{name}", [one for one in read if one is not None])


def doubled_bodies() -> Iterator[Case]:
    for name, between in (("cheese", "\n"), ("hospital", "\n\nPrint this page\n\n")):
        told = events()[name]
        bodies = (f"{told.text}{between}{told.text}", told.text)
        yield one_text(
            f"doubled-{name}", [article(n, told.title, text, hours=0) for n, text in enumerate(bodies)], "a1"
        )


TRUE: tuple[Callable[[], Iterator[Case]], ...] = (
    *(briefs_of_one_agency, quoted_statement, breaking_flash, identical_bodies, earlier_headline_in_the_text),
    *(house_style, pages_and_print_view),
    *(releases, wire_briefs, copies_over_footers, copies_among_walls, notice_in_papers, doubled_bodies),
    *(complete_versions, briefings, live_blogs, bodies_with_markup),
)
