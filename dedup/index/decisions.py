"""Decisions of editors: made, undone and kept. What they make of stories is in `stories.shown`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from dedup.errors import ConflictError, InputError, UnknownArticleError
from dedup.group.decisions import Constraints, Decision, DecisionKind
from dedup.index.inputs import checked_ids, checked_text
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change, Revision, StoredArticle, moment
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.shown import ShownStories, numbers_of, stored_decisions

VERSION = "decisions"
"""Metadata: how often decisions were made or undone."""
Request = Literal["together", "apart", "title", "canonical", "move", "split"]
"""What an editor can ask for: a kind of `Decision`, or "move" and "split", which make several."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided or undone, and what came of it.

    Attributes:
        decisions: the decisions that were made, or the one that was undone.
        version: version of all decisions after it.
        stories: the story in which each article named is now, by id: there, too, go later articles that the method
            puts beside it.
        changes: the changes that it caused.
    """

    decisions: tuple[Decision, ...]
    version: int
    stories: Mapping[str, str]
    changes: tuple[Change, ...]

    def to_record(self) -> dict[str, Any]:
        """Return it as a dictionary for JSON."""
        return {
            "decisions": [decision.to_record() for decision in self.decisions],
            "version": self.version,
            "stories": dict(self.stories),
            "changes": [change.to_record() for change in self.changes],
        }


def decisions_of(store: Store) -> tuple[list[Decision], int]:
    """Return the decisions, the oldest first, and their version."""
    with store.reading():
        decisions = [decision for _, decision in stored_decisions(store)]
        number_of = numbers_of(store, {id_ for decision in decisions for id_ in decision.mentioned})
        return Constraints(decisions, number_of).marked(decisions), version_of(store)


def decision_on(decisions: Iterable[Decision], a: str, b: str) -> Decision | None:
    """Return the decision in force that two articles are together or apart, None if there is none."""
    for one in decisions:
        together = one.kind == "together" and {a, b} <= {*one.articles}
        apart = one.kind == "apart" and (
            (a in one.articles and b in one.apart_from) or (b in one.articles and a in one.apart_from)
        )
        if one.in_force and (together or apart):
            return one
    return None


def version_of(store: Store) -> int:
    """Return the version of all decisions: how often one was made or undone."""
    return int(store.metadata().get(VERSION, "0"))


def requested(
    kind: str,
    articles: Sequence[str],
    apart_from: Sequence[str],
    title: str,
    into: str | None,
    by: str,
    find: Callable[[str], tuple[StoredArticle, Revision | None]],
    store: Store,
) -> list[Decision]:
    """Return the decisions that an editor asks for.

    Args:
        kind: a `Request`.
        articles, apart_from, title, by: see `Decision`.
        into: article of the story to move to.
        find: returns the stored article of an id; for an earlier version of a page the latest, and the version.
        store: where the articles are.

    Raises:
        InputError: something is missing or does not fit.
        UnknownArticleError: there is no such article.
    """
    if kind not in get_args(Request):
        raise InputError(f"nothing can be decided by {kind!r}: it is one of {', '.join(get_args(Request))}")
    ids, others = checked_ids(articles), checked_ids(apart_from)
    by = checked_text(by, "by")
    title = checked_text(title, "title")
    if (into is None) == (kind == "move"):
        raise InputError("'into' names an article of the story to move to, and only a move has it")
    known = {id_: find(id_) for id_ in dict.fromkeys([*ids, *others, *([] if into is None else [into])])}
    own = {id_: stored.id if revision is None else revision.article.id for id_, (stored, revision) in known.items()}
    if kind in get_args(DecisionKind):
        given = tuple(own[id_] for id_ in ids), tuple(own[id_] for id_ in others)
        return [Decision("", kind, *given, title, by).checked()]  # type: ignore[arg-type]
    if others or title or not ids:
        raise InputError(f"{kind!r} needs articles, and has no 'apart_from' and no 'title'")
    found = {known[id_][0].number: known[id_][0] for id_ in ids}
    names = tuple(own[id_] for id_ in ids)
    stories = {article.story for article in found.values()}
    target = None if into is None else known[into][0]
    if target is not None and target.story in stories:
        raise InputError(f"article {into!r} is in the same story: there is nothing to move")
    if target is None and len(stories) > 1:
        raise InputError("the articles to split off are of several stories: name those of one")
    rest = [one.id for story in sorted(stories) for one in store.of_story(story) if one.number not in found]
    if target is None and not rest:
        raise InputError("all articles of the story are named: nothing would be left of it")
    made = [Decision("", "apart", names, tuple(rest), "", by).checked()] if rest else []
    if target is not None:
        made.append(Decision("", "together", (own[str(into)], *names), (), "", by).checked())
    elif len(ids) > 1:
        made.append(Decision("", "together", names, (), "", by).checked())
    return made


def decide(
    store: Store,
    log: ChangeLog,
    shown: ShownStories,
    decisions: Sequence[Decision],
    version: int | None,
    *,
    supersede: bool,
) -> list[Decision]:
    """Store decisions, and return them with their ids; one that is in force already is returned as it is.

    Raises:
        ConflictError: one contradicts an earlier decision and `supersede` is False; or the version is another one.
    """
    now = _advance(store, version)
    known = {
        place: one
        for place, new in enumerate(decisions)
        for one in shown.decisions
        if one.in_force and one.says_as(new)
    }
    new = [one for place, one in enumerate(decisions) if place not in known]
    contradicted = shown.contradicted(new)
    if contradicted and not supersede:
        first = contradicted[0]
        who = f" by {first.by}" if first.by else ""
        when = "" if first.at is None else f" on {first.at:%Y-%m-%d at %H:%M} UTC"
        what = f"this contradicts the decision {first.id} ({first.kind}{who}{when})"
        raise ConflictError(f"{what}: undo it, or supersede it", [one.id for one in contradicted])
    made = []
    for place, decision in enumerate(decisions):
        one = known.get(place)
        if one is None:
            one = replace(decision, at=moment(log.now))
            one = replace(one, id=f"d{store.put_decision(json.dumps(_stored(one), ensure_ascii=False))}")
            log.decided.append(one)
            log.record("decided", one.articles[0], _story(store, log, shown, one.articles[0]))
        made.append(one)
    if new:
        store.put_metadata({VERSION: str(now)})
    return made


def undo(store: Store, log: ChangeLog, shown: ShownStories, decision: str, version: int | None) -> Decision:
    """Delete a decision, and return it.

    Raises:
        UnknownArticleError: there is none of this id.
        ConflictError: the version is another one.
    """
    now = _advance(store, version)
    one = next((one for one in shown.decisions if one.id == decision), None)
    if one is None:
        raise UnknownArticleError(f"there is no decision {decision!r} in this index")
    store.delete_decision(shown.numbers[one.id])
    log.decided.append(one)
    log.record("undone", one.articles[0], _story(store, log, shown, one.articles[0]))
    store.put_metadata({VERSION: str(now)})
    return one


def forget_articles(store: Store, log: ChangeLog, shown: ShownStories, ids: Iterable[str]) -> None:
    """Take erased articles out of decisions; those that say nothing without them are deleted."""
    gone = {*ids}
    for one in shown.decisions:
        if not gone & {*one.mentioned}:
            continue
        log.decided.append(one)
        left = replace(
            one,
            articles=tuple(id_ for id_ in one.articles if id_ not in gone),
            apart_from=tuple(id_ for id_ in one.apart_from if id_ not in gone),
        )
        try:
            left.checked()
        except InputError:
            store.delete_decision(shown.numbers[one.id])
        else:
            store.replace_decision(shown.numbers[one.id], json.dumps(_stored(left), ensure_ascii=False))


def _advance(store: Store, version: int | None) -> int:
    """Return the next version; the present one is required if it is given."""
    now = version_of(store)
    if version is not None and version != now:
        raise ConflictError(f"others have decided meanwhile: this is for version {version}, the decisions have {now}")
    return now + 1


def _stored(decision: Decision) -> dict[str, Any]:
    record = decision.to_record()
    return {name: value for name, value in record.items() if value and name not in ("id", "in_force")}


def _story(store: Store, log: ChangeLog, shown: ShownStories, article: str) -> str:
    """Return the id of the story that an article is shown in, "" if it is in none."""
    found = store.articles_called([article]).get(article)
    return "" if found is None else log.story(shown.story_of(found.number)).id
