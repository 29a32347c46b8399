"""The backends on labelled news: the results of all equal those of the plain one, bit for bit."""

from __future__ import annotations

import gzip
import json
import operator
import os
from typing import Any

import numpy as np
import pytest
from labelled_data import DATA

import dedup
from dedup.group.cut import cut
from dedup.group.kernels.cut import cut as kernel_cut
from dedup.results.evidence import StoredEvidence

SETS = ["basil", "newswcl50", "mmds_dev", "meantime", "fnc1_train", "reuters21578", "stream_2020_01_02"]
ARTICLES = 600 if os.environ.get("DEDUP_LONG_TESTS") == "1" else 300


def found(articles: list[dict[str, Any]], form: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return everything a run stores, as named arrays."""
    monkeypatch.setattr("dedup.backends.form", lambda _: form)
    clustering = dedup.cluster(articles)
    evidence = clustering._evidence
    assert isinstance(evidence, StoredEvidence)
    kept: dict[str, Any] = {
        "stories": clustering.stories,
        "labels": clustering.labels,
        "copy_labels": clustering.copy_labels,
        "notices": clustering.notices,
        "links": clustering.links,
        "overwritten": evidence.misplaced,
        "crowd": evidence.crowding,
        "tree": evidence.tree,
    }
    for name in ("background_similarity", "digest", "boilerplate"):
        kept[name] = getattr(evidence, name)
    for name, part in (
        ("vectors", evidence.vectors.matrix),
        ("cross_lingual", evidence.cross_lingual and evidence.cross_lingual.matrix),
    ):
        if part is not None:
            kept |= {f"{name}.{column}": getattr(part, column) for column in ("data", "indices", "indptr")}
    for name in ("pairs", "copies", "templates", "tree"):
        part = getattr(evidence, name)
        kept |= {f"{name}.{column}": getattr(part, column) for column in part.__dataclass_fields__}
    return kept


@pytest.mark.parametrize("name", SETS)
def test_all_backends_find_what_the_plain_one_finds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = DATA / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here: set DEDUP_DATA to the folder of labelled news")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        articles = [json.loads(line) for line, _ in zip(lines, range(ARTICLES), strict=False)]
    plain, *others = (found(articles, form, monkeypatch) for form in ("plain", "numpy", "compiled"))
    tree = plain.pop("tree")
    for other in others:
        other.pop("tree")
        assert plain.keys() == other.keys()
        for column, expected in plain.items():
            same = np.array_equal if isinstance(expected, np.ndarray) else operator.eq
            assert same(other[column], expected), column
    assert len(plain["pairs.a"])
    for granularity in (0.2, 0.5, 0.9):
        assert np.array_equal(kernel_cut(tree, granularity), cut(tree, granularity))
