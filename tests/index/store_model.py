"""Random operations on one store, and a dictionary of what must be in it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from index_process import Answer, IndexProcess, Seen
from made_articles import START, stream

from dedup import Article
from dedup.inputs.collection import without_text

DAY = 86_400.0
SLACK = 2.1 * DAY
"""By how much the time by which articles expire may be ahead of the true one."""
_T = TypeVar("_T")


class Known(NamedTuple):
    """An article that was acknowledged, with the true time at which it was."""

    article: Article
    added: float


State = dict[str, Known]


class ViolationError(Exception):
    """Raised when the index did what it must not; `kind` is what is counted."""

    def __init__(self, kind: str, problem: str, number: int = 1) -> None:
        super().__init__(f"{kind}: {problem}")
        self.kind, self.number = kind, number


@dataclass
class Counts:
    """What a run has done so far."""

    operations: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    verified: int = 0
    episodes: int = 0

    def lines(self) -> str:
        def listed(counter: Counter[str]) -> str:
            return f"{sum(counter.values()):,} ({', '.join(f'{name} {n:,}' for name, n in sorted(counter.items()))})"

        found = ", ".join(f"{kind} {self.found[kind]}" for kind in ("lost", "inconsistent", "undocumented", "hanging"))
        return (
            f"episodes {self.episodes:,}\noperations {listed(self.operations)}\nfaults {listed(self.faults)}\n"
            f"acknowledged {self.acknowledged:,} articles, verified {self.verified:,} times\n{found}"
        )


@dataclass
class Operation:
    """A call, and the states that it leads to: one after each batch that it stores."""

    name: str
    arguments: tuple[Any, ...]
    states: list[State]
    options: dict[str, Any] = field(default_factory=dict)


class Episode:
    """One store with its writer, readers and follower, and what must be in it.

    Attributes:
        state: what was acknowledged.
        maybe: what may be there instead, because an operation failed before it was acknowledged.
        saved: the last backup and what is in it.
        horizon: the latest time before which articles were told to expire.
    """

    def __init__(self, seed: int, number: int, folder: Path, counts: Counts, broken: str = "") -> None:
        self.rng = np.random.default_rng([seed, number])
        self.folder, self.path, self.counts, self.broken = folder, folder / "store" / "stories.db", counts, broken
        self.path.parent.mkdir(parents=True)
        self.trace: list[str] = []
        self.pool = list(stream(int(self.rng.integers(1 << 30)), 120))
        self.keep_days = self.pick([None, None, 6.0])
        self.settle_hours = self.pick([None, 1e6])
        self.store_text = self.pick([True, True, False])
        self.now, self.horizon = START.timestamp(), -math.inf
        self.state: State = {}
        self.maybe: list[State] = []
        self.again: set[str] = set()  # articles that came again when they may have expired: then their time is new
        self.saved: tuple[Path, State] | None = None
        self.followed: dict[str, str] = {}
        self.cursor, self.killed, self.made = 0, False, False
        self.armed: Literal["", "disk", "kill", "memory", "interrupt"] = ""
        self.writer: IndexProcess | None = None
        self.reader: IndexProcess | None = None

    def finish(self) -> None:
        """Verify stories and expiry at the end of an episode."""
        self.operate("add")
        self.now += 1.1 * DAY  # a clock that ran on for a day is believed, even after a backup of long ago was restored
        self.operate("add")
        seen = self.verify()
        limit = self.now - (self.keep_days or math.inf) * DAY - SLACK
        old = {name for name, (article, at) in self.state.items() if age_of(article, at) < limit}
        if late := sorted(old - self.again):
            raise ViolationError("inconsistent", f"{late} should have expired")
        if self.settle_hours:
            self.operate("reconcile")
        self.done(self.writing().ask("undo_first", None))  # what they made leaves no trace
        articles = [self.state[name].article for name in seen.articles]
        by_index, naively, placed = self.done(self.writing().ask("regroup", articles))
        if by_index != naively or (self.settle_hours and placed != naively):
            raise ViolationError("inconsistent", "the stories are not those of the same articles in a new run")
        self.verify()
        self.done(self.writing().ask("close"))

    # What is done

    def pick(self, values: list[_T]) -> _T:
        return values[int(self.rng.integers(len(values)))]

    def draw(self) -> Article:
        """Return an article of these days, known or not."""
        at = datetime.fromtimestamp(self.now - float(self.rng.random()) * 2 * DAY, UTC)
        return replace(self.pick(self.pool), published=None if self.rng.random() < 0.05 else at)

    def operation(self, name: str) -> Operation:
        """Return an operation of a kind, on articles chosen at random."""
        state, known = self.state, [*self.state]
        if name == "add":
            article = self.draw() if self.rng.random() < 0.9 or not known else state[self.pick(known)].article
            return Operation("add", (article,), [self.after([article])])
        if name == "update" and known:
            article = replace(self.draw(), id=self.pick(known))
            return Operation("update", (article,), [self.after([article])])
        if name == "add_many":
            articles = [self.draw() for _ in range(int(self.rng.integers(2, 14)))]
            # Python itself hangs when there is no memory to start a thread, as for a second batch.
            batch = int(self.rng.integers(1, 9)) if self.armed != "memory" else len(articles)
            states = [self.after(articles[:end]) for end in range(batch, len(articles) + batch, batch)]
            if self.rng.random() < 0.5:
                return Operation("add_many", (articles,), states, {"batch": batch})
            return Operation("add_batches", (articles, batch), states)
        if name == "remove" and known:
            names = dict.fromkeys(self.pick(known) for _ in range(3))
            return Operation("remove", (*names,), [{k: v for k, v in state.items() if k not in names}])
        if name == "expire":
            before = self.now - float(self.rng.uniform(2, 9)) * DAY
            self.horizon = max(self.horizon, before)
            left = {k: v for k, v in state.items() if v.article.published is None or age_of(v.article, 0.0) >= before}
            return Operation("expire", (datetime.fromtimestamp(before, UTC),), [left])
        if name == "edit" and len(known) > 1:
            kind = self.pick(["together", "split", "title", "canonical"])
            count = 1 if kind in ("title", "canonical") else 3
            return Operation("edit", (kind, [self.pick(known) for _ in range(count)]), [state])
        if name == "undo":
            return Operation("undo_first", (1,), [state])
        if name == "rebuild":
            return Operation("rebuild", (), [state], {"learn": bool(self.rng.random() < 0.5)})
        if name == "vacuum":
            return Operation("vacuum", (), [state], {"changes_before": self.pick([0, self.cursor, self.cursor + 5])})
        if name == "backup":
            return Operation("backup", (self.folder / f"backup-{len(self.trace)}.db",), [state])
        if name == "check":
            return Operation("check", (), [state], {"repair": True})
        if name == "match":
            return Operation("match", ([self.draw()],), [state])
        return Operation("reconcile", (), [state])

    def after(self, articles: list[Article]) -> State:
        """Return the state with articles added; one that is known as it is keeps its time."""
        state, limit = dict(self.state), self.now + SLACK - (self.keep_days or math.inf) * DAY
        for article in articles:  # an id may come twice in a batch, and the last one counts
            known = state.get(article.id)
            if known is None or known.article != article:
                state[article.id] = Known(article, self.now)
            elif age_of(*known) < limit:
                self.again.add(article.id)
        return state

    def operate(self, name: str = "") -> bool:
        """Run an operation of a kind, "" for any. Return whether it was done."""
        names = ["add", "add_many", "update", "remove", "reconcile", "match", "edit", "undo"]
        rare = ["expire", "rebuild", "vacuum", "backup", "check", "reopen"]
        name = name or self.pick(rare if self.rng.random() < 0.15 else names)
        if name == "reopen":
            self.trace.append(name)
            answer = self.writing().ask("close")
            self.stop_writer()
            if answer.status == "raised":
                self.refused(answer)
            return answer.status == "done"
        operation = self.operation(name)
        self.begin(operation)
        return self.conclude(operation, self.writing().answer())

    def begin(self, operation: Operation) -> None:
        self.trace.append(f"{operation.name} {operation.options or ''}")
        self.counts.operations[operation.name] += 1
        self.writing().ask("set_clock", self.now)
        self.writing().send(operation.name, *operation.arguments, **operation.options)

    def conclude(self, operation: Operation, answer: Answer) -> bool:
        """Take down what was acknowledged. Return whether all of it was."""
        states, acknowledged = operation.states, len(answer.placements)
        if answer.status == "done":
            if operation.name == "check" and answer.value:
                raise ViolationError("inconsistent", f"check: {answer.value}")
            if operation.name == "backup":
                self.saved = operation.arguments[0], dict(self.state)
            self.acknowledge(states[-1])
            return True
        if acknowledged:
            self.acknowledge(states[acknowledged - 1])
        self.maybe += states[acknowledged:]
        if answer.status == "died" and self.armed:
            self.trace.append("died")
            self.stop_writer()
        elif answer.error == "UnknownArticleError" and (self.keep_days or self.horizon > 0):  # it has expired
            self.maybe = []
            self.verify()
        else:
            if "Nothing of this was stored" in answer.value and len(states) == 1:
                self.maybe.pop()
            self.refused(answer)
            self.verify()
        return False

    def acknowledge(self, state: State) -> None:
        self.counts.acknowledged += sum(self.state.get(name) != known for name, known in state.items())
        self.counts.acknowledged += len(self.state.keys() - state.keys())
        self.state, self.maybe = state, []

    def refused(self, answer: Answer) -> None:
        """Take an error, which must be a documented one, and the consequence of a fault."""
        self.trace.append(f"{answer.status} {answer.error}: {answer.value}")
        # Without memory numba raises a SystemError; an interrupt can become any error, in NumPy a TypeError.
        expected = {"memory": ("MemoryError", "SystemError"), "interrupt": ("",)}.get(self.armed, ("no other",))
        if not answer.documented and not answer.error.endswith(expected):
            raise ViolationError("undocumented", f"{answer.error}: {answer.value}\n{answer.where}")
        if not self.armed:
            raise ViolationError("inconsistent", f"without a fault: {answer.status} {answer.value}\n{answer.where}")

    def done(self, answer: Answer) -> Any:
        """Return the value of a call that must succeed."""
        if answer.status != "done":
            raise ViolationError("inconsistent", f"{answer.status} {answer.error}: {answer.value}\n{answer.where}")
        return answer.value

    def must_refuse(self, answer: Answer, what: str) -> None:
        """Take an answer that must be a `StoreError`."""
        if answer.status == "died" or answer.error not in ("StoreError", "StoreLockedError"):
            raise ViolationError("inconsistent", f"{what} was not refused: {answer}")

    def writing(self) -> IndexProcess:
        """Return the writer, opened if there is none."""
        if self.writer is None:
            self.writer = self.process()
            self.done(self.open(self.writer))
            self.made = True
        return self.writer

    def process(self) -> IndexProcess:
        process = IndexProcess(self.path.parent, self.broken)
        process.ask("set_clock", self.now)
        return process

    def open(self, process: IndexProcess) -> Answer:
        options = {"keep_days": self.keep_days, "settle_hours": self.settle_hours, "store_text": self.store_text}
        return process.ask("open", self.path, **options)

    def reading(self) -> IndexProcess:
        process = self.process()
        self.done(process.ask("open_reader", self.path))
        return process

    def stop_writer(self) -> None:
        if self.writer is not None:
            self.writer.end()
            self.writer, self.killed = None, True

    def rival(self, name: str = "open", *arguments: Any) -> Answer:
        """Try to open the store in another process, or what `name` says."""
        process = self.process()
        answer = process.ask(name, *arguments) if arguments else self.open(process)
        process.end()
        return answer

    # What must be true

    def verify(self) -> Seen:
        """Compare the index with what was acknowledged: a new reader, one that stays, the writer and a follower."""
        if not self.made:
            return Seen({}, {}, {}, [], 0, [], [])
        self.counts.verified += 1
        probes = [replace(self.draw(), id="") for _ in range(2)]
        fresh = self.reading()
        seen: Seen = self.done(fresh.ask("see", self.cursor, probes))
        fresh.end()
        self.match_state(seen.articles)
        if seen.faults:
            raise ViolationError("inconsistent", f"check: {seen.faults}")
        if {name: story for story, names in seen.listed.items() for name in names} != seen.stories:
            raise ViolationError("inconsistent", "stories and placements differ")
        self.follow(seen)
        if self.reader is None:
            self.reader = self.reading()
        answer = self.reader.ask("see", self.cursor, probes)
        if answer.error == "StoreError" and "moved, deleted or replaced" in answer.value:
            self.reader.end()
            self.reader = None
        elif (other := self.done(answer)) != replace(seen, changes=[]):
            raise ViolationError("inconsistent", f"an open reader sees something else: {difference(seen, other)}")
        if self.writer is not None and not self.armed:
            found = self.done(self.writer.ask("match", probes))
            if found != seen.matches:
                problem = f"the writer matches otherwise than a reader: {difference(found, seen.matches)}"
                raise ViolationError("inconsistent", problem)
        self.match_files()
        return seen

    def match_state(self, articles: dict[str, Article]) -> None:
        """Take as the state which of the possible ones an index shows."""
        candidates = [self.state, *self.maybe]
        problems = [self.problems(state, articles) for state in candidates]
        found = next((state for state, wrong in zip(candidates, problems, strict=True) if not wrong), None)
        if found is None:
            lost = [one for one in problems[0] if not one.startswith("unknown")]
            raise ViolationError("lost" if lost else "inconsistent", "; ".join(problems[0]), max(1, len(lost)))
        self.state = {name: known for name, known in found.items() if name in articles}
        if self.writer is None:
            self.maybe = []

    def problems(self, state: State, articles: dict[str, Article]) -> list[str]:
        limit = max(self.horizon, self.now + SLACK - (self.keep_days or math.inf) * DAY)
        found = [f"unknown {name}" for name in articles.keys() - state.keys()]
        for name, (article, added) in state.items():
            wanted = article if self.store_text else without_text(article)
            if name not in articles:
                if age_of(article, added) >= limit:
                    found.append(f"{name} is missing")
            elif articles[name] != wanted:
                found.append(f"{name} is {articles[name]}, not {wanted}")
        return found

    def follow(self, seen: Seen) -> None:
        """Follow the changes, and compare with the stories."""
        if seen.changes is None:
            self.followed, self.cursor = dict(seen.stories), seen.last
        for change in seen.changes or ():
            self.cursor = change.cursor
            if change.kind in ("added", "updated", "moved"):
                self.followed[change.article] = change.story
            elif change.kind in ("removed", "expired"):
                self.followed.pop(change.article, None)
        if self.followed != seen.stories:
            raise ViolationError("inconsistent", f"a follower differs: {difference(self.followed, seen.stories)}")

    def match_files(self) -> None:
        """Nothing is left beside the store by who was not killed."""
        left = [path for path in self.path.parent.iterdir() if path.name.startswith(".")]
        if left and not self.killed:
            raise ViolationError("inconsistent", f"files were left: {left}")
        for path in left:
            path.unlink()
        self.killed = False


def age_of(article: Article, added: float) -> float:
    """Return the time by which an article expires."""
    return article.published.timestamp() if isinstance(article.published, datetime) else added


def difference(one: Any, other: Any) -> str:
    """Return what differs in two values."""
    if hasattr(one, "__dataclass_fields__"):
        one, other = ({name: getattr(seen, name) for name in seen.__dataclass_fields__} for seen in (one, other))
    elif isinstance(one, (list, tuple)) and len(one) == len(other):
        one, other = dict(enumerate(one)), dict(enumerate(other))
    if not isinstance(one, dict):
        return f"{one} / {other}"
    keys = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
    return ", ".join(f"{key}: {difference(one.get(key), other.get(key))}" for key in keys)
