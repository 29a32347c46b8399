"""Decisions of editors, and what they make of stories.

What the method finds stays as it is; decisions are laid over it. So a decision that is undone leaves no trace, and
what an editor has joined by hand draws in no other articles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from dedup.errors import InputError

DecisionKind = Literal["together", "apart", "title", "canonical"]
"""Kinds of `Decision`."""
_FIELDS = {"id", "kind", "articles", "apart_from", "title", "by", "at"}
_IGNORED = {"in_force"}


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of an editor.

    Attributes:
        id: its id.
        kind: "together" (`articles` are of one story), "apart" (none of `articles` is in a story with one of
            `apart_from`), "title" (the story of the article has this title) or "canonical" (its story shows it).
        articles: ids of articles; one for a title or a canonical article.
        apart_from: ids of the other articles of "apart".
        title: the title of "title".
        by: who decided, "" if unknown.
        at: when.
        in_force: whether no later decision overrules it.
    """

    id: str
    kind: DecisionKind
    articles: tuple[str, ...]
    apart_from: tuple[str, ...] = ()
    title: str = ""
    by: str = ""
    at: datetime | None = None
    in_force: bool = True

    @property
    def mentioned(self) -> tuple[str, ...]:
        """Ids of all its articles."""
        return *self.articles, *self.apart_from

    def says_as(self, other: Decision) -> bool:
        """Return whether another decision says the same."""
        return self._content() == other._content()

    def _content(self) -> tuple[object, ...]:
        sides = frozenset([frozenset(self.articles), frozenset(self.apart_from)])
        return self.kind, sides, self.title

    def to_record(self) -> dict[str, Any]:
        """Return the decision as a dictionary for JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "articles": [*self.articles],
            "apart_from": [*self.apart_from],
            "title": self.title,
            "by": self.by,
            "at": None if self.at is None else self.at.isoformat(),
            "in_force": self.in_force,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Decision:
        """Read a decision as `to_record` writes it; all but `kind` and `articles` may be left out.

        Raises:
            InputError: a field is missing, unknown or of another type.
        """
        if not isinstance(record, Mapping):
            raise InputError("a decision is a JSON object with 'kind' and 'articles'")
        if unknown := sorted({*map(str, record)} - _FIELDS - _IGNORED):
            raise InputError(f"a decision has no field {unknown[0]!r}: the fields are {', '.join(sorted(_FIELDS))}")
        at = record.get("at")
        try:
            moment = None if at is None else datetime.fromisoformat(at)
        except (TypeError, ValueError):
            raise InputError(
                f"the time of a decision is in ISO 8601, as 2026-05-04T12:00:00+00:00, not {at!r}"
            ) from None
        texts = [record.get(name, "") for name in ("id", "title", "by")]
        if any(not isinstance(text, str) for text in texts):
            raise InputError("'id', 'title' and 'by' of a decision are strings")
        lists = [record.get(name, ()) for name in ("articles", "apart_from")]
        if any(not isinstance(ids, list | tuple) or any(not isinstance(one, str) for one in ids) for ids in lists):
            raise InputError("'articles' and 'apart_from' of a decision are lists of ids")
        kind = record.get("kind")
        decision = cls(texts[0], kind, tuple(lists[0]), tuple(lists[1]), texts[1], texts[2], moment)  # type: ignore[arg-type]
        return decision.checked()

    def checked(self) -> Decision:
        """Return the decision with each article once.

        Raises:
            InputError: it does not have what its kind needs.
        """
        if self.kind not in get_args(DecisionKind):
            raise InputError(
                f"no decision is of the kind {self.kind!r}: it is one of {', '.join(get_args(DecisionKind))}"
            )
        articles, others = tuple(dict.fromkeys(self.articles)), tuple(dict.fromkeys(self.apart_from))
        if self.kind == "together" and len(articles) < 2:
            raise InputError("a decision 'together' needs two articles")
        if self.kind == "apart" and not (articles and others):
            raise InputError("a decision 'apart' needs articles, and others in 'apart_from'")
        if both := {*articles} & {*others}:
            raise InputError(f"article {min(both)!r} cannot be apart from itself")
        if self.kind in ("title", "canonical") and len(articles) != 1:
            raise InputError(f"a decision {self.kind!r} names one article")
        if self.kind == "title" and not self.title.strip():
            raise InputError("a decision 'title' needs a title")
        if self.kind != "apart" and others:
            raise InputError(f"a decision {self.kind!r} has no 'apart_from'")
        if self.kind != "title" and self.title:
            raise InputError(f"a decision {self.kind!r} has no 'title'")
        title = " ".join(self.title.split())
        return Decision(self.id, self.kind, articles, others, title, self.by, self.at, self.in_force)


class _Blocks:
    """Articles that are of one story, as a disjoint-set forest, with the sides of decisions that they are on."""

    def __init__(self) -> None:
        self.parent: dict[int, int] = {}
        self.members: dict[int, list[int]] = {}
        self.sides: dict[int, set[tuple[int, int]]] = {}

    def find(self, node: int) -> int:
        """Return the block of an article, by the number of one of its members."""
        parent = self.parent
        if node not in parent:
            parent[node], self.members[node], self.sides[node] = node, [node], set()
            return node
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def are_apart(self, one: int, other: int) -> bool:
        """Return whether a decision keeps two blocks apart."""
        few, many = sorted((self.sides[one], self.sides[other]), key=len)
        return any((number, 1 - side) in many for number, side in few)

    def join(self, one: int, other: int) -> int:
        """Join two blocks."""
        if len(self.members[one]) < len(self.members[other]):
            one, other = other, one
        self.parent[other] = one
        self.members[one] += self.members.pop(other)
        sides = sorted((self.sides[one], self.sides.pop(other)), key=len)
        sides[1] |= sides[0]
        self.sides[one] = sides[1]
        return one


class Constraints:
    """Decisions without contradictions: of two that contradict each other the later one holds.

    Args:
        decisions: the decisions, the oldest first.
        number_of: number of each article that there is, by id. Two ids may have one number: versions of a page.

    Attributes:
        overruled: ids of the decisions that a later one overrules, in whole or in part.
        titles, canonical: the title and the number of the article to show that were decided last for the story of an
            article, each with the place of the decision, by number.
    """

    def __init__(self, decisions: Sequence[Decision], number_of: Mapping[str, int]) -> None:
        self.overruled: set[str] = set()
        self.titles: dict[int, tuple[int, str]] = {}
        self.canonical: dict[int, tuple[int, int]] = {}
        self._blocks = _Blocks()
        absent: dict[str, int] = {}

        def number(article: str) -> int:
            known = number_of.get(article)
            return absent.setdefault(article, -2 - len(absent)) if known is None else known

        for place, decision in reversed([*enumerate(decisions)]):
            articles, others = ([number(one) for one in ids] for ids in (decision.articles, decision.apart_from))
            if decision.kind == "together":
                holds = self._together(articles)
            elif decision.kind == "apart":
                holds = self._apart(place, articles, others)
            elif decision.kind == "title":
                holds = self.titles.setdefault(articles[0], (place, decision.title))[0] == place
            else:
                holds = self.canonical.setdefault(articles[0], (place, articles[0]))[0] == place
            if not holds:
                self.overruled.add(decision.id)

    def _together(self, articles: Sequence[int]) -> bool:
        blocks, holds = self._blocks, True
        first = blocks.find(articles[0])
        for article in articles[1:]:
            other = blocks.find(article)
            if first == other:
                continue
            if blocks.are_apart(first, other):
                holds = False
            else:
                first = blocks.join(first, other)
        return holds

    def _apart(self, place: int, articles: Sequence[int], others: Sequence[int]) -> bool:
        one, other = ({self._blocks.find(article) for article in side} for side in (articles, others))
        for side, blocks in enumerate((one - other, other - one)):
            for block in blocks:
                self._blocks.sides[block].add((place, side))
        return not one & other

    def marked(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Return decisions with whether they are in force."""
        return [
            one
            if one.in_force == (one.id not in self.overruled)
            else replace(one, in_force=one.id not in self.overruled)
            for one in decisions
        ]

    def decided(self) -> list[int]:
        """Return the articles whose stories are decided; those that there are not have negative numbers."""
        return sorted(self._blocks.parent)

    def decides(self, article: int) -> bool:
        """Return whether a decision says which stories an article is in."""
        return article in self._blocks.parent

    def block(self, article: int) -> int:
        """Return the same number for all articles that are decided to be of one story with a decided article."""
        return self._blocks.find(article)

    def with_(self, article: int) -> list[int]:
        """Return the articles that are decided to be of one story with an article, itself included."""
        return self._blocks.members[self._blocks.find(article)] if self.decides(article) else [article]

    def divide(
        self,
        stories: Mapping[int, Sequence[int]],
        copies_of: Callable[[int], int],
        nearest: Callable[[Sequence[int], Sequence[int]], Sequence[int]],
    ) -> list[list[int]]:
        """Return the stories that decisions make of those of the method.

        Args:
            stories: the articles of each story of the method, by its number; with each, all that are decided to be of
                one story with one of its articles.
            copies_of: returns the first article of the copy group of an article.
            nearest: returns for each of some articles the place of the most similar one among others.

        Returns:
            The articles of each story, ascending.

        All articles of a story of the method stay together, unless decisions keep some apart. Then an article that no
        decision names is where the one is that it is a copy of, or most similar to.
        """
        joined = _Blocks()
        for members in stories.values():
            for article in members:
                if self.decides(article):
                    block = self._blocks.find(article)
                    if block not in joined.parent:
                        joined.find(block)
                        joined.sides[block] = {*self._blocks.sides[block]}
        for _, members in sorted(stories.items()):
            self._join(joined, [article for article in members if self.decides(article)])
        groups: dict[tuple[bool, int], list[int]] = defaultdict(list)
        for story, members in sorted(stories.items()):
            decided = [article for article in sorted(members) if self.decides(article)]
            free = [article for article in sorted(members) if not self.decides(article)]
            place_of = {article: joined.find(self._blocks.find(article)) for article in decided}
            for article, place in place_of.items():
                groups[True, place].append(article)
            if not decided:
                groups[False, story] += free
            elif len({*place_of.values()}) == 1:
                groups[True, place_of[decided[0]]] += free
            else:
                for article, other in zip(free, _nearest(free, decided, copies_of, nearest), strict=True):
                    groups[True, place_of[other]].append(article)
        return sorted(sorted(group) for group in groups.values() if group)

    def _join(self, joined: _Blocks, decided: Sequence[int]) -> None:
        """Join what a story of the method has together, the largest parts first, unless a decision keeps it apart."""
        sizes: dict[int, list[int]] = defaultdict(list)
        for article in decided:
            sizes[self._blocks.find(article)].append(article)
        parts: list[int] = []
        for block in sorted(sizes, key=lambda block: (-len(sizes[block]), min(sizes[block]))):
            own = joined.find(block)
            for part in parts:
                other = joined.find(part)
                if own == other:
                    break
                if not joined.are_apart(own, other):
                    joined.join(own, other)
                    break
            else:
                parts.append(block)

    def title_of(self, articles: Iterable[int]) -> str:
        """Return the title that was decided last for a story of some articles, "" if none was."""
        return max((self.titles[one] for one in articles if one in self.titles), default=(0, ""))[1]

    def shown_of(self, articles: Iterable[int]) -> int | None:
        """Return the article that was decided last to be shown of some articles, None if none was."""
        return max((self.canonical[one] for one in articles if one in self.canonical), default=(0, None))[1]


def _nearest(
    free: Sequence[int],
    decided: Sequence[int],
    copies_of: Callable[[int], int],
    nearest: Callable[[Sequence[int], Sequence[int]], Sequence[int]],
) -> list[int]:
    """Return for each article of a divided story the decided one that it goes with."""
    copies: dict[int, list[int]] = defaultdict(list)
    for article in decided:
        copies[copies_of(article)].append(article)
    among: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for article in free:
        among[tuple(copies.get(copies_of(article), decided))].append(article)
    found: dict[int, int] = {}
    for others, articles in among.items():
        places = nearest(articles, others) if len(others) > 1 else [0] * len(articles)
        found |= {article: others[place] for article, place in zip(articles, places, strict=True)}
    return [found[article] for article in free]
