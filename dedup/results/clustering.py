"""The results of a run: stories, the copies inside them, and the scored links that joined them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, Protocol

from dedup.article import Article, Notice
from dedup.comparison import Mentions, Part, Passage
from dedup.errors import InputError, MissingDependencyError, UnknownArticleError
from dedup.inputs.values import is_web_address
from dedup.kinds import FoundKind
from dedup.results.origins import NO_ORIGINS, Origins

if TYPE_CHECKING:
    import networkx as nx
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from dedup.settings import Settings

COLUMNS = (
    *("id", "story", "copy_group", "canonical", "title", "source", "published", "dated", "dated_by", "path"),
    *("probability", "storyline", "url", "author", "section", "revision_of", "revised_by"),
    "lang",
)
"""Columns of a result, in order: one row per article."""

NO_TEXTS = "this clustering was made without keeping the texts: cluster with keep_texts=True"
"""Message of the error raised where texts are needed but were not kept."""
NO_EVIDENCE = "this clustering was made without evidence: cluster the articles"
"""Beginning of the message of the error raised where evidence is needed but was not kept."""
_TABLE_ROWS = 20
"""Maximum rows of a table in a notebook."""


@dataclass(frozen=True, slots=True)
class Link:
    """A scored pair of articles of one story.

    Attributes:
        a, b: the ids of the two articles.
        kind: "copy" where the texts are the same text, else "story".
        score: the score of the story decision; in a batch, 1 for a copy.
        cosine: cosine of the two TF-IDF vectors.
        jaccard: Jaccard similarity of the two sets of shingles, in [0, 1]; None in a story link of a clustering, which
            does not keep it (`explain` computes it).
        containment: share of the shorter text's shingles that the longer one also has; None like `jaccard`.
        days: days between the two; None where a date is unknown.
        probability: probability that the link is correct: for a copy, that the two are one text; for a story link, that
            they report one event. It refers to granularity 0.5, whatever the granularity of the clustering.
    """

    a: str
    b: str
    kind: Literal["copy", "story"]
    score: float
    cosine: float
    jaccard: float | None
    containment: float | None
    days: float | None
    probability: float


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """Articles with the same text.

    Attributes:
        id: derived from the content of the group's first article.
        articles: ids, in order of publication.
        canonical: id of the article to show.
    """

    id: str
    articles: tuple[str, ...]
    canonical: str


@dataclass(frozen=True, slots=True)
class Story:
    """Articles that report one event.

    Attributes:
        id: derived from the content of the story's first article, hence independent of input order.
        articles: ids, in order of publication.
        canonical: the id of the article to show.
        title: the canonical article's title, or the first line of its text.
        copy_groups: the groups of copies in the story; an article without a copy is in none.
        start, end: the first and the last known publication date, None where no article has a date; of reposts, copies
            thirty days or more after the first, none is the last.
        sources: the outlets, sorted.
        storyline: id of the storyline that it belongs to, derived from the content of the storyline's first article.
        origins: how many distinct tellings its articles can come from.
        revisions: for each page of the story of which there are several versions their ids, the oldest first. The last
            is in `articles`; the others count nowhere.
    """

    id: str
    articles: tuple[str, ...]
    canonical: str
    title: str
    copy_groups: tuple[CopyGroup, ...]
    start: date | datetime | None
    end: date | datetime | None
    sources: tuple[str, ...]
    storyline: str = ""
    origins: Origins = NO_ORIGINS
    revisions: tuple[tuple[str, ...], ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return the story as a mapping ready for JSON, with dates in ISO 8601 and its number of articles as `size`."""
        return {
            "id": self.id,
            "title": self.title,
            "size": len(self.articles),
            "articles": list(self.articles),
            "canonical": self.canonical,
            "copy_groups": [
                {"id": group.id, "articles": list(group.articles), "canonical": group.canonical}
                for group in self.copy_groups
            ],
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "sources": list(self.sources),
            "storyline": self.storyline,
            "origins": self.origins.to_record(),
            "revisions": [list(versions) for versions in self.revisions],
        }

    def _repr_html_(self) -> str:
        """Return the story as an HTML table, for notebooks."""
        group = {name: number for number, copies in enumerate(self.copy_groups, 1) for name in copies.articles}
        rows = [
            (name, f"copy group {group[name]}" if name in group else "", "shown" if name == self.canonical else "")
            for name in self.articles[:_TABLE_ROWS]
        ]
        rest = f", {len(self.articles) - _TABLE_ROWS:,} more" if len(self.articles) > _TABLE_ROWS else ""
        count = f"{self.title}: {len(self.articles):,} articles {_day_range(self.start, self.end)}{rest}"
        return _html_table(("Article", "Copies", ""), rows, count)


@dataclass(frozen=True, slots=True)
class Storyline:
    """Stories that belong together, such as a deal and the reactions to it: what a reader follows.

    Attributes:
        id: derived from the content of the first article.
        title: the title of the largest story.
        stories: ids of the stories, the largest first.
        size: number of articles.
        start, end: the first and the last known publication date, None where no article has a date.
        sources: the outlets, sorted.
    """

    id: str
    title: str
    stories: tuple[str, ...]
    size: int
    start: date | datetime | None
    end: date | datetime | None
    sources: tuple[str, ...]

    @classmethod
    def of(cls, stories: Sequence[Story]) -> Storyline:
        """Return the storyline of some stories, the largest first; all have its id."""
        from dedup.inputs.collection import published_seconds

        return cls(
            id=stories[0].storyline,
            title=stories[0].title,
            stories=tuple(story.id for story in stories),
            size=sum(len(story.articles) for story in stories),
            start=min(
                (story.start for story in stories if story.start is not None), key=published_seconds, default=None
            ),
            end=max((story.end for story in stories if story.end is not None), key=published_seconds, default=None),
            sources=tuple(sorted({source for story in stories for source in story.sources})),
        )

    def to_record(self) -> dict[str, Any]:
        """Return the storyline as a mapping ready for JSON, with dates in ISO 8601."""
        return {
            "id": self.id,
            "title": self.title,
            "stories": list(self.stories),
            "size": self.size,
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "sources": list(self.sources),
        }


def copies_in(story: Story) -> int:
    """Return how many articles of a story repeat the text of another: two in a group of three copies."""
    return sum(len(group.articles) - 1 for group in story.copy_groups)


@dataclass(frozen=True, slots=True)
class SharedWord:
    """A word, number or character pair that two articles share, with its contribution to their cosine."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Scores and reasons for joining two articles, or not.

    Attributes:
        a, b: the ids.
        same_text: whether they are copies of one text.
        same_story: whether they are in one story.
        link: the scores; `link.score` is cosine less `background`, `date_penalty` and `outlet_penalty`, and
            `headline` and `second_opinion`.
        background: mean similarity of the two to the other articles, which the score subtracts.
        date_penalty: subtracted for the days between them; in a crowded collection negative for articles of one day.
        outlet_penalty: subtracted because both come from one outlet.
        headline: added because one of them is a headline alone, which has few words to share with a text.
        second_opinion: added to the score by a second opinion, may be negative; 0 where there was none.
        threshold: score that two single articles have to reach at the granularity of the settings.
        joined_at: height at which the groups of the two were merged; None where they are not in one story. Groups are
            merged by average linkage, so two articles can be joined although their own score is below the threshold.
        words: the shared words that make up their cosine, largest contribution first.
        shared_shingles, shingles_a, shingles_b: numbers of distinct shingles in both, in `a` and in `b`.
        overlap: share of a text's words inside shared shingles, averaged over the two texts.
        reason: one sentence that explains the decision.
        passages: passages that both texts share, in the order of the first text.
        names, numbers, dates: mentions in both texts, and in one alone.
        missing: what would have to differ for the two to be one story, or one text; one sentence each.
        joins_from: lowest granularity, to two decimals, at which the two are in one story; None where there is none.
        embedding: chance that the two are of one story, as an embedding tells it (see `dedup.match.meaning`); None
            without one, or where one of the two takes no part. It is no part of the score.
        credit_a, credit_b: the agency or other outlet whose telling each prints, "" for its own.
        removed_a, removed_b: parts of title and text that were not compared, as boilerplate.
    """

    a: str
    b: str
    same_text: bool
    same_story: bool
    link: Link
    background: float
    date_penalty: float
    outlet_penalty: float
    headline: float
    second_opinion: float
    threshold: float
    joined_at: float | None
    words: tuple[SharedWord, ...]
    shared_shingles: int
    shingles_a: int
    shingles_b: int
    overlap: float
    reason: str
    passages: tuple[Passage, ...] = ()
    names: Mentions = field(default_factory=Mentions)
    numbers: Mentions = field(default_factory=Mentions)
    dates: Mentions = field(default_factory=Mentions)
    missing: tuple[str, ...] = ()
    joins_from: float | None = None
    removed_a: tuple[str, ...] = ()
    removed_b: tuple[str, ...] = ()
    credit_a: str = ""
    credit_b: str = ""
    embedding: float | None = None

    def waterfall(self) -> tuple[Part, ...]:
        """Return the parts of the score with their running total, without parts that are zero."""
        parts = (
            ("cosine", self.link.cosine),
            ("background", -self.background),
            ("dates", -self.date_penalty),
            ("outlet", -self.outlet_penalty),
            ("headline", self.headline),
            ("second opinion", self.second_opinion),
        )
        total, steps = 0.0, []
        for name, value in parts:
            total += value
            if value or name == "cosine":
                steps.append(Part(name, value, total))
        return tuple(steps)


class Evidence(Protocol):
    """Data kept by a run, from which a clustering lists links, explains pairs and is cut again."""

    def links(self, clustering: Clustering) -> tuple[Link, ...]: ...

    def link_probabilities(
        self, clustering: Clustering
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]: ...

    def explain(self, clustering: Clustering, a: int, b: int) -> Explanation: ...

    def rethreshold(self, clustering: Clustering, granularity: float) -> Clustering: ...


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """The stories of a collection; iterating gives the stories, the largest first.

    Attributes:
        articles: all articles, in input order.
        stories: the largest first; each article is in exactly one, possibly alone, but for the earlier versions of a
            page: see `Story.revisions`.
        settings: the settings of the run.
        labels: for each article the index of its story in `stories`; for an earlier version that of the latest.
        copy_labels: for each article the number of its copy group, -1 for an article without a copy.
        notices: problems of the input, and how each was handled.
        kinds: the kind of each article; empty for the stories of a `Client`.
        datelines: by position, the dateline of an article without a publication date.
        has_texts: whether `articles` still have their texts, which `explain` needs.
        integer_ids: whether an id was given as an integer: integers are ids then, and positions otherwise.
        index: the index of the pandas data frame or series that was clustered, None for any other input.
        embedding: the name of the embedding that added articles to stories, "" without one.
    """

    articles: tuple[Article, ...]
    stories: tuple[Story, ...]
    settings: Settings
    labels: tuple[int, ...]
    copy_labels: tuple[int, ...]
    notices: tuple[Notice, ...] = ()
    kinds: tuple[FoundKind, ...] = field(default=(), repr=False)
    datelines: Mapping[int, date] = field(default_factory=dict, repr=False)
    has_texts: bool = field(default=True, repr=False)
    integer_ids: bool = field(default=False, repr=False, compare=False)
    index: Any = field(default=None, repr=False, compare=False)
    embedding: str = field(default="", repr=False)
    _evidence: Evidence | None = field(default=None, repr=False)
    _places: Mapping[str, int] = field(init=False, repr=False)
    _links: tuple[Link, ...] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {article.id: place for place, article in enumerate(self.articles)})

    def __len__(self) -> int:
        return len(self.stories)

    def __iter__(self) -> Iterator[Story]:
        return iter(self.stories)

    def _repr_html_(self) -> str:
        """Return the largest stories as an HTML table, for notebooks."""
        shared = [story for story in self.stories if len(story.articles) > 1]
        rows = [
            (
                story.title or "(no title)",
                len(story.articles),
                copies_in(story) or "",
                ", ".join(story.sources[:4]),
                _day_range(story.start, story.end),
            )
            for story in shared[:_TABLE_ROWS]
        ]
        rest = f", {len(shared) - _TABLE_ROWS:,} more like these" if len(shared) > _TABLE_ROWS else ""
        total, alone = len(self.stories), len(self.stories) - len(shared)
        count = f"{len(self.articles):,} articles in {total:,} stories{rest}; {alone:,} with a single article"
        return _html_table(("Story", "Articles", "Copies", "Outlets", "Dates"), rows, count)

    def __repr__(self) -> str:
        return f"<Clustering of {len(self.articles)} articles: {len(self.stories)} stories>"

    @property
    def evidence(self) -> Evidence | None:
        """Data of the run, used to explain pairs and to cut the merge tree again; None where it was not kept."""
        return self._evidence

    @property
    def links(self) -> tuple[Link, ...]:
        """Scored pairs inside the stories, strongest first, ties by id; computed on first access."""
        if self._links is None:
            object.__setattr__(self, "_links", self._evidence.links(self) if self._evidence else ())
        return self._links or ()

    @property
    def storylines(self) -> tuple[Storyline, ...]:
        """The storylines, the largest first, then those whose largest story comes first; each story is in one."""
        together: dict[str, list[Story]] = {}
        for story in self.stories:
            together.setdefault(story.storyline, []).append(story)
        return tuple(sorted(map(Storyline.of, together.values()), key=lambda storyline: -storyline.size))

    def place(self, article: str | int) -> int:
        """Return the position of an article in `articles`, given its id or its position.

        An integer is an id if an article was given with an integer as its id, else a position.

        Raises:
            UnknownArticleError: there is none.
        """
        if isinstance(article, str):
            if article not in self._places:
                raise UnknownArticleError(f"there is no article with the id {article!r} in this clustering")
            return self._places[article]
        try:
            place = operator.index(article)  # accepts NumPy integers
        except TypeError:
            raise UnknownArticleError(f"{article!r} is not an article: give its id or its position") from None
        if self.integer_ids:
            return self.place(str(place))
        if not 0 <= place < len(self.articles):
            raise UnknownArticleError(f"there is no article {place}: this clustering has {len(self.articles)}")
        return place

    def story_of(self, article: str | int) -> Story:
        """Return the story of an article, given its id or its position."""
        return self.stories[self.labels[self.place(article)]]

    def explain(self, a: str | int, b: str | int) -> Explanation:
        """Explain why two articles, given by id or by position, were joined or not.

        Raises:
            UnknownArticleError: one of them is not in this clustering.
            InputError: it was made without evidence, or without keeping the texts.
        """
        if self._evidence is None:
            raise InputError(f"{NO_EVIDENCE} to have explanations")
        return self._evidence.explain(self, self.place(a), self.place(b))

    def rethreshold(self, granularity: float) -> Clustering:
        """Return the clustering at another granularity, equal to that of a new run, without one.

        The stories at one granularity are unions of the stories at any lower one.

        Raises:
            SettingsError: the granularity is not in [0, 1].
            InputError: it was made without evidence.
        """
        if self._evidence is None:
            raise InputError(f"{NO_EVIDENCE} with another granularity")
        return self._evidence.rethreshold(self, granularity)

    def to_records(self) -> list[dict[str, Any]]:
        """Return one mapping per article, in input order, ready for JSON.

        Keys: `id`, `story` (id of its story), `copy_group` (None without a copy), `canonical` (True for the one article
        to show of each story), `title`, `source`, `published` (ISO 8601 or None), `dated` (the date used for
        comparison, ISO 8601 or None), `dated_by` (origin of that date: `published`, `text`, `seen` or None), `path`,
        `probability` (mean probability that its links inside the story are correct; None without links), `storyline`
        (id of the storyline of its story), `url` ("" unless it is an address of http or https), `author`, `section`,
        `revision_of` (id of the version before it of the same page) and `revised_by` (id of the latest version, which
        alone counts), None where there is none, `lang`.
        """
        columns = columns_of_articles(self)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def versions(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return by id the version before an article, and the latest version of an earlier one."""
        pages = [versions for story in self.stories for versions in story.revisions]
        before = {new: old for versions in pages for old, new in pairwise(versions)}
        return before, {old: versions[-1] for versions in pages for old in versions[:-1]}

    def dated(self, article_or_place: str | int) -> tuple[date | None, str | None]:
        """Return the date used to compare an article, and its origin: `published`, `text` or `seen`.

        Raises:
            UnknownArticleError: there is no such article.
        """
        return self._dated(self.place(article_or_place))

    def _dated(self, place: int) -> tuple[date | None, str | None]:
        article = self.articles[place]
        dates = ((article.published, "published"), (self.datelines.get(place), "text"), (article.seen, "seen"))
        return next(((day, name) for day, name in dates if day), (None, None))

    def to_networkx(self) -> nx.Graph:
        """Return a graph of articles (with the keys of `to_records`) and links (with the fields of `Link`).

        Raises:
            MissingDependencyError: networkx is not installed.
        """
        try:
            import networkx as nx
        except ImportError as error:
            raise MissingDependencyError("Clustering.to_networkx", "networkx", extra="networkx") from error
        graph = nx.Graph()
        graph.add_nodes_from((record.pop("id"), record) for record in self.to_records())
        for link in self.links:
            edge = asdict(link)
            graph.add_edge(edge.pop("a"), edge.pop("b"), **edge)
        return graph

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with one row per article and the columns of `to_records`.

        Its index is that of the data frame or series that was clustered.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependencyError("Clustering.to_pandas", "pandas", extra="pandas") from error
        return pd.DataFrame(self.to_records(), columns=list(COLUMNS), index=self.index)


def columns_of_articles(clustering: Clustering) -> dict[str, list[Any]]:
    """Return the columns of `Clustering.to_records`, in the order of `COLUMNS`; each of a value per article."""
    articles, stories = clustering.articles, [clustering.stories[label] for label in clustering.labels]
    groups = {name: group.id for story in clustering.stories for group in story.copy_groups for name in group.articles}
    before, latest = clustering.versions()
    ids = [article.id for article in articles]
    published = [_iso(article.published) for article in articles]
    dated = [
        (day, "published") if day else _found_date(article, clustering.datelines.get(place))
        for place, (article, day) in enumerate(zip(articles, published, strict=True))
    ]
    columns = (
        ids,
        [story.id for story in stories],
        [*map(groups.get, ids)],
        [story.canonical == name for story, name in zip(stories, ids, strict=True)],
        [article.title for article in articles],
        [article.source for article in articles],
        published,
        [day for day, _ in dated],
        [name for _, name in dated],
        [article.path for article in articles],
        _certainty(clustering),
        [story.storyline for story in stories],
        [article.url if is_web_address(article.url) else "" for article in articles],
        [article.author for article in articles],
        [article.section for article in articles],
        [*map(before.get, ids)],
        [*map(latest.get, ids)],
        [article.lang for article in articles],
    )
    return dict(zip(COLUMNS, columns, strict=True))


def _found_date(article: Article, dateline: date | None) -> tuple[str | None, str | None]:
    """Return the date of an article without one of publication, and its origin."""
    if dateline:
        return dateline.isoformat(), "text"
    return (article.seen.isoformat(), "seen") if article.seen else (None, None)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _certainty(clustering: Clustering) -> list[float | None]:
    """Return for each article the mean probability of its links, to four digits and summed as integers; else None."""
    import numpy as np

    certainty: list[float | None] = [None] * len(clustering.articles)
    if clustering.evidence is None:
        return certainty
    one, other, probability = clustering.evidence.link_probabilities(clustering)
    places, units = np.concatenate([one, other]), np.rint(np.concatenate([probability, probability]) * 10_000)
    count = np.bincount(places, minlength=len(certainty))
    total, known = np.bincount(places, units, len(certainty)), np.flatnonzero(count)
    means = np.rint(total[known] / count[known]) / 10_000
    for place, mean in zip(known.tolist(), means.tolist(), strict=True):
        certainty[place] = mean
    return certainty


def _html_table(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    """Return an HTML table for a notebook; every cell is converted to text and escaped."""
    heading = "".join(f"<th scope='col' style='text-align:left'>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td dir='auto' style='text-align:left'>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    title = f"<caption dir='auto' style='text-align:left'>{escape(caption)}</caption>"
    return f"<table>{title}<thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>"


def _day_range(start: date | None, end: date | None) -> str:
    """Return the first and last day, a single day if they are equal, "" if either is unknown."""
    if start is None or end is None:
        return ""
    first, last = start.isoformat()[:10], end.isoformat()[:10]
    return first if first == last else f"{first} – {last}"
