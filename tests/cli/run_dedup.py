"""Runs the command: inside this process with a stand-in for the method, or as a process of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import forked_command
import pytest

import dedup
from dedup.article import Article, Notice
from dedup.cli import main
from dedup.evaluation.scores import score
from dedup.group.cut import threshold_at
from dedup.inputs.read_fields import ReadFields
from dedup.inputs.record import from_record
from dedup.results.clustering import Clustering, CopyGroup, Explanation, Link, SharedWord, Story
from dedup.settings import Settings

COMMAND = (sys.executable, "-m", "dedup")
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class FakeLibrary:
    """A fake of the library: reads JSON lines, groups by label, equal texts are copies.

    It remembers the settings it was called with, and reports the notices it is given.
    """

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.notices: list[Notice] = []
        self.fails: BaseException | None = None
        self.keep_texts = True

    def read_articles(
        self,
        paths: Iterable[str],
        *,
        fields: Mapping[str, str] | None = None,
        notices: list[Notice] | None = None,
        stdin: BinaryIO | None = None,
        dayfirst: bool = False,
        columns: Sequence[str] = (),
        table: str = "",
    ) -> Iterator[Article]:
        assert stdin is None
        assert not columns
        assert not table
        assert notices is not None
        notices += self.notices
        for path in paths:
            lines = sys.stdin if path == "-" else Path(path).read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines, 1):
                where = f"{path}:{number}"
                article, noticed = from_record(
                    json.loads(line), where=where, default_id=where, fields=fields, dayfirst=dayfirst
                )
                notices += noticed
                if article:
                    yield article

    def read_records(
        self, paths: Iterable[str], *, counts: ReadFields, **options: Any
    ) -> Iterator[tuple[Article, None, None]]:
        assert counts.counted_texts() == ""
        return ((article, None, None) for article in self.read_articles(paths, **options))

    def cluster(
        self,
        articles: Iterable[Article],
        settings: Settings,
        *,
        progress: Callable[[str, int, int], None],
        embedding: object = None,
        keep_texts: bool = True,
        decisions: object = (),
    ) -> Clustering:
        assert embedding is None
        assert not decisions
        everything = tuple(articles)
        if self.fails:
            raise self.fails
        self.settings, self.keep_texts = settings, keep_texts
        progress("grouping", 1, 2)
        names = [article.story or article.id for article in everything]
        stories = tuple(
            _story(name, [article for article, own in zip(everything, names, strict=True) if own == name])
            for name in dict.fromkeys(names)
        )
        order = [story.id for story in stories]
        labels = tuple(order.index(name) for name in names)
        return Clustering(everything, stories, settings, labels, tuple(-1 for _ in everything))

    def compare(self, a: Article, b: Article, settings: Settings) -> Explanation:
        self.settings = settings
        return Explanation(
            a=a.id,
            b=b.id,
            same_text=False,
            same_story=True,
            link=Link(a.id, b.id, "story", 0.31, 0.36, 0.01, 0.02, 1.0, 0.87),
            background=0.04,
            date_penalty=0.01,
            outlet_penalty=0.0,
            headline=0.0,
            second_opinion=0.0,
            threshold=threshold_at(settings.granularity),
            joined_at=0.31,
            words=tuple(SharedWord(f"word{number}", 0.1 / (number + 1)) for number in range(20)),
            shared_shingles=3,
            shingles_a=120,
            shingles_b=150,
            overlap=0.03,
            reason="They share names.",
        )


def _story(name: str, members: Sequence[Article]) -> Story:
    texts: dict[str, list[str]] = {}
    for article in members:
        texts.setdefault(article.text, []).append(article.id)
    groups = tuple(CopyGroup(f"{ids[0]}+", tuple(ids), ids[0]) for ids in texts.values() if len(ids) > 1)
    ids = tuple(article.id for article in members)
    return Story(name, ids, ids[0], members[0].title, groups, None, None, ())


class Command:
    """The command `dedup`, run inside this process with a stand-in for the method behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.library = FakeLibrary()
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name in ("read_articles", "cluster", "compare"):
            monkeypatch.setitem(vars(dedup), name, getattr(self.library, name))  # bypasses the lazy imports
        monkeypatch.setitem(vars(dedup), "score", score)
        monkeypatch.setattr("dedup.cli.cluster.read_records", self.library.read_records)

    def __call__(self, *arguments: str | Path) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["dedup", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        written = self._capsys.readouterr()
        assert "Traceback" not in written.err
        return Ended(int(ended.value.code or 0), written.out, written.err)


def process(*arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Ended:
    """The real command in a process of its own, which is forked from one that has imported everything."""
    code, out, err = forked_command.run(
        [str(one) for one in arguments], stdin=stdin, folder=CHECKOUT, environment={**os.environ, **(environment or {})}
    )
    ended = Ended(code, out.decode(), err.decode())
    assert "Traceback" not in ended.err
    return ended


def write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """A file of JSON lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path
