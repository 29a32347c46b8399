"""Judgements of pairs by a person: which pairs to offer, how they are kept, how well a clustering agrees with them.

Judgements are most informative where the method is least certain: near the score threshold of one story, near the
overlap threshold of one text, and between articles of different outlets.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from dedup.errors import InputError
from dedup.evaluation.scores import harmonic_mean
from dedup.formats.escaping import quote
from dedup.results.columns import findings_columns

if TYPE_CHECKING:
    from dedup.results.clustering import Clustering

Label = Literal["same_text", "same_story", "neither"]
LABELS: tuple[Label, ...] = ("same_text", "same_story", "neither")
ONE_OUTLET = 0.05
"""Added to the distance from the threshold for a pair of one outlet."""
FEW = 50
"""Number of judgements below which the suggested granularity is unreliable."""
STEPS = 100
"""Number of granularities tried, in hundredths."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of a person on the articles with ids `a` and `b`.

    Raises:
        InputError: the label is not one of `LABELS`, or the two ids are equal.
    """

    a: str
    b: str
    label: Label

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"Judgement.{name} must be the id of an article, not {quote(getattr(self, name))}")
        if self.label not in LABELS:
            raise InputError(f"the label is one of {', '.join(LABELS)}, not {quote(self.label)}")
        if self.a == self.b:
            raise InputError(f"the article {quote(self.a)} is judged against itself")

    def line(self) -> str:
        """Return the judgement as a line of JSON."""
        from dedup.formats.json_text import json_text

        return json_text({"a": self.a, "b": self.b, "label": self.label}) + "\n"

    @property
    def pair(self) -> tuple[str, str]:
        """The two ids, sorted."""
        return (self.a, self.b) if self.a <= self.b else (self.b, self.a)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedScores:
    """Agreement of a clustering with judgements. Scores are in [0, 1], and 1 if there is nothing to find.

    Attributes:
        judged: number of judgements whose articles are both in the clustering.
        unknown: number of other judgements.
        granularity: granularity of the clustering.
        precision, recall, f1: of pairs in one story, against those judged same story or same text.
        copy_precision, copy_recall, copy_f1: of pairs in one copy group, against those judged same text.
        best_f1: the highest F1 that any granularity reaches; None without evidence.
        suggested: the granularity with this F1, or the middle of the longest range of several; None without evidence,
            or if all judgements are of one kind.
    """

    judged: int
    unknown: int
    granularity: float
    precision: float
    recall: float
    f1: float
    copy_precision: float
    copy_recall: float
    copy_f1: float
    best_f1: float | None
    suggested: float | None


def read_judgements(path: Path) -> list[Judgement]:
    """Read the judgements in a file of JSON lines. If a pair has several, the last one counts.

    Raises:
        InputError: a line is not a judgement, or the file is not UTF-8.
        OSError: it cannot be read.
    """
    found: dict[tuple[str, str], Judgement] = {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} holds no judgements: it is not UTF-8 (byte {error.start})") from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            judgement = _judgement(line, f"{path}:{number}")
            found[judgement.pair] = judgement
    return list(found.values())


def keep_judgement(path: Path, judgement: Judgement) -> None:
    """Append a judgement to a file, after ending an incomplete last line.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("a+b") as kept:
        if kept.tell():
            kept.seek(-1, os.SEEK_END)
            if kept.read(1) != b"\n":
                kept.write(b"\n")
        kept.write(judgement.line().encode())


def _judgement(line: str, where: str) -> Judgement:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(
            f"{where} is not valid JSON: it should read like {Judgement('x', 'y', 'neither').line()}"
        ) from None
    if not isinstance(record, dict) or not all(isinstance(record.get(name), str) for name in ("a", "b", "label")):
        raise InputError(f"{where} should have the ids a and b and a label, not {quote(record)}")
    try:
        return Judgement(record["a"], record["b"], cast(Label, record["label"]))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def offered(clustering: Clustering, judged: Iterable[Judgement] = ()) -> Iterator[tuple[str, str]]:
    """Yield the unjudged pairs of article ids worth a judgement, nearest to a threshold first.

    Raises:
        InputError: the clustering was made without evidence.
    """
    from dedup.group.cut import pair_threshold
    from dedup.vectorize.exact import SCORE_UNIT

    found = findings_columns(clustering)
    first: dict[int, int] = {}
    for place in sorted(range(len(clustering.articles)), key=found.order.__getitem__):
        first.setdefault(int(found.distinct[place]), place)
    granularity = clustering.settings.granularity or 0.5  # at 0 no score would be near the border
    needed, known = pair_threshold(granularity), {judgement.pair for judgement in judged}
    candidates = [
        (abs(score * SCORE_UNIT - needed), a, b)
        for a, b, score in zip(found.a.tolist(), found.b.tolist(), found.score.tolist(), strict=True)
        if found.units[a] != found.units[b]
    ]
    for (a, b), overlap in zip(found.copies.tolist(), found.overlaps[:, 0].tolist(), strict=True):
        candidates.append((abs(overlap - clustering.settings.copy_overlap), a, b))
    ranked = []
    for distance, a, b in candidates:
        one, other = clustering.articles[first[a]], clustering.articles[first[b]]
        same_outlet = bool(one.source) and one.source == other.source
        ranked.append((distance + ONE_OUTLET * same_outlet, *sorted((one.id, other.id))))
    yield from ((a, b) for _, a, b in sorted(ranked) if (a, b) not in known)


def score_judgements(clustering: Clustering, judgements: Sequence[Judgement]) -> JudgedScores:
    """Score a clustering against judgements, and find the granularity that fits them best.

    A clustering without evidence, such as the placements of an index, is scored as it is.

    Raises:
        InputError: no judgement is of articles in it.
    """
    from dedup.group.cut import cut
    from dedup.group.linkage import Tree

    ids = {article.id: place for place, article in enumerate(clustering.articles)}
    known = [one for one in judgements if one.a in ids and one.b in ids]
    if not known:
        raise InputError(f"none of the {len(judgements):,} judgements is of two articles that are here")
    places = [(ids[one.a], ids[one.b]) for one in known]
    together = [one.label != "neither" for one in known]
    one_text = [one.label == "same_text" for one in known]
    labels, copies = clustering.labels, clustering.copy_labels
    stories = _agreement(together, [labels[a] == labels[b] for a, b in places])
    groups = _agreement(one_text, [copies[a] == copies[b] >= 0 for a, b in places])

    reached = [stories[2]]
    if clustering.evidence is not None:
        found = findings_columns(clustering)
        tree = Tree(len(found.weights), found.left, found.right, found.height, found.weights, found.joined)
        reached.clear()
        for step in range(STEPS + 1):
            label = cut(tree, step / STEPS)[found.distinct]
            reached.append(_agreement(together, [bool(label[a] == label[b]) for a, b in places])[2])
    best = max(reached)
    decidable = len(reached) > 1 and any(together) and not all(together)
    return JudgedScores(
        judged=len(known),
        unknown=len(judgements) - len(known),
        granularity=clustering.settings.granularity,
        precision=stories[0],
        recall=stories[1],
        f1=stories[2],
        copy_precision=groups[0],
        copy_recall=groups[1],
        copy_f1=groups[2],
        best_f1=best if len(reached) > 1 else None,
        suggested=_middle([value == best for value in reached]) / STEPS if decidable else None,
    )


def _agreement(truth: Sequence[bool], found: Sequence[bool]) -> tuple[float, float, float]:
    """Return precision, recall and F1. Precision is 1 if nothing was found, recall is 1 if there is nothing to find."""
    both = sum(one and other for one, other in zip(truth, found, strict=True))
    precision = both / sum(found) if any(found) else 1.0
    recall = both / sum(truth) if any(truth) else 1.0
    return precision, recall, harmonic_mean(precision, recall)


def _middle(good: Sequence[bool]) -> int:
    """Return the middle of the longest run of true values, of the earliest if several are longest."""
    best, start = range(0), None
    for place, one in enumerate([*good, False]):
        if one and start is None:
            start = place
        elif not one and start is not None:
            best, start = max(best, range(start, place), key=len), None
    return best[(len(best) - 1) // 2]
