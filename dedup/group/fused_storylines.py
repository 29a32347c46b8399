"""Storylines by words and an embedding together.

The score of two groups of stories is the mean score of their articles by words, as for storylines without an embedding,
and `EVIDENCE` times the mean chance that pairs of them are of one storyline (see `dedup.match.meaning`), as far as that
is above the chance of any two articles. `LOWEST`, the score from which words alone make a storyline, and an even chance
weigh the same, and either is enough.

Two subjects that an embedding finds close, such as the assault on a city and the famine in it, have many pairs with
some chance, but fewer than each has inside. So what words alone would not join must have `DROP` of the lower of the
mean chances inside the two, if both have `SEVERAL` articles, as for the stories of words (`dedup.group.cut`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dedup.group.cut import DROP, SEVERAL
from dedup.group.joining import EVEN
from dedup.group.linkage import LOWEST, Tree
from dedup.group.merging import merges
from dedup.group.storylines import Groups, Round, Scored, above, pairs_of, regrouped
from dedup.match.meaning import UNIT, Near
from dedup.match.stories import HasPairs
from dedup.vectorize.exact import SCORE_UNIT

EVIDENCE = LOWEST / EVEN
"""What a chance of 1 adds to a mean score."""


def with_fused_storylines(
    tree: Tree,
    story: NDArray[np.int64],
    articles: Groups,
    related: HasPairs,
    near: Near,
    known: NDArray[np.bool_],
    scored: Scored,
) -> Tree:
    """Replace the merges of a tree above its stories by those of storylines.

    Args:
        tree, story, articles, related, scored: see `dedup.group.storylines.with_storylines`.
        near: pairs that the embedding finds close. A pair that is not among them counts as unrelated.
        known: whether each article takes part in the embedding, shape (articles,).
    """
    texts = np.zeros(int(story.max(initial=-1)) + 1, np.int64)
    np.add.at(texts, story, known)
    every = int(texts.sum()) * (int(texts.sum()) - 1) // 2
    usual = int(near.storyline.sum()) / every if every else 0.0
    chances = story[near.a], story[near.b], near.storyline
    found = _rounds(articles.joined(story), story[related.a], story[related.b], chances, texts, usual, scored)
    return above(tree, story, found)


def _rounds(
    groups: Groups,
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    chances: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    texts: NDArray[np.int64],
    usual: float,
    scored: Scored,
) -> Iterator[Round]:
    """Yield linkages of groups until one finds nothing, each over the groups of the one before.

    Args:
        groups, one, other, scored: see `dedup.group.storylines.rounds`.
        chances: pairs of groups, of a group and itself too, and chances that are to be added up.
        texts: articles of each group that take part in the embedding, shape (groups,).
        usual: the mean chance of any two articles, in units of 1 / `UNIT`.
    """
    while True:
        near, close, chance = chances
        inside = np.zeros(len(texts), np.int64)
        np.add.at(inside, near[near == close], chance[near == close])
        a, b = pairs_of(np.concatenate([one, near]), np.concatenate([other, close]))
        some = (groups.size[a] > 0) & (groups.size[b] > 0)
        a, b = a[some], b[some]
        between = np.zeros(len(a), np.int64)
        apart = near != close
        low, high = np.minimum(near, close)[apart], np.maximum(near, close)[apart]
        np.add.at(between, np.searchsorted(a * len(texts) + b, low * len(texts) + high), chance[apart])
        tree = _linkage(a, b, scored(groups, a, b), between, inside, groups.size, texts, usual)
        if not len(tree.height):
            return
        roots, group = regrouped(tree)
        yield tree, roots, group
        texts_before, texts = texts, np.zeros(len(roots), np.int64)
        np.add.at(texts, group, texts_before)
        groups, one, other, chances = (
            groups.joined(group),
            group[one],
            group[other],
            (group[near], group[close], chance),
        )


def _linkage(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    words: NDArray[np.int64],
    between: NDArray[np.int64],
    inside: NDArray[np.int64],
    articles: NDArray[np.int64],
    texts: NDArray[np.int64],
    usual: float,
) -> Tree:
    """Return the tree of the merges of groups.

    Args:
        a, b: pairs of groups, a < b; others count 0.
        words: the sum of the scores of each pair by words, in units of `SCORE_UNIT`.
        between: the sum of its chances, in units of 1 / `UNIT`.
        inside: the sum of the chances inside each group, shape (groups,).
        articles, texts: articles of each group by words and by the embedding, shape (groups,).
        usual: see `_rounds`.
    """
    groups = len(articles)
    size: list[int] = articles.tolist()
    known: list[int] = texts.tolist()
    own: list[int] = inside.tolist()
    sums: list[dict[int, tuple[int, int]]] = [{} for _ in size]
    for i, j, score, chance in zip(a.tolist(), b.tolist(), words.tolist(), between.tolist(), strict=True):
        sums[i][j] = sums[j][i] = (score, chance)
    node = list(range(groups))
    left, right, height = list[int](), list[int](), list[float]()

    def within(group: int) -> float:
        return own[group] / (known[group] * (known[group] - 1) // 2)

    def fused(i: int, j: int, total: tuple[int, int]) -> float | None:
        score, chance = total
        mean = score * SCORE_UNIT / (size[i] * size[j])
        close = chance / (known[i] * known[j]) if chance else 0.0
        if mean < LOWEST and min(known[i], known[j]) >= SEVERAL and close < DROP * min(within(i), within(j)):
            return None
        both = mean + EVIDENCE * max(close - usual, 0.0) / UNIT
        return both if both >= LOWEST else None

    for i, j, mean in merges(sums, node[:], fused, lambda one, other: (one[0] + other[0], one[1] + other[1])):
        left.append(node[i])
        right.append(node[j])
        height.append(mean)
        node[i] = groups + len(height) - 1
        own[i] += own[j] + sums[i][j][1]
        size[i], known[i] = size[i] + size[j], known[i] + known[j]
    return Tree(groups, np.array(left, np.int64), np.array(right, np.int64), np.array(height, np.float64), articles)
