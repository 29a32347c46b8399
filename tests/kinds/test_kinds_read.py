"""Kinds that were read: articles of two sets of others, labelled before the rules were written.

`kinds_read.tsv` has ids and labels alone: articles drawn at random, others by words of rare kinds, and others by the
kind that was `found`, shuffled and labelled without showing it.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from labelled_data import DATA

import dedup
from dedup.kinds import SECONDARY, kind_of

READ = Path(__file__).with_name("kinds_read.tsv")
LEAST = 0.9
"""Least precision of a kind that has consequences, of the labels that a second reader would give too."""


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no labelled data in {DATA}")
def test_found_kinds_are_right() -> None:
    with READ.open(encoding="utf-8", newline="") as file:
        read = {(row["set"], row["id"]): (row["kind"], row["sure"]) for row in csv.DictReader(file, delimiter="\t")}
    confused = Counter[tuple[str, str]]()
    for name in sorted({name for name, _ in read}):
        with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                given = json.loads(line)
                if (name, given["id"]) in read:
                    kind, sure = read[name, given["id"]]
                    title, text, source = (given.get(field) or "" for field in ("title", "text", "source"))
                    found = kind_of(dedup.Article(id=given["id"], title=title, text=text, source=source)).kind
                    if sure == "yes" or found in {kind, "report"}:
                        confused[kind, found] += 1
    assert confused.total() > 300
    for kind in sorted(SECONDARY | {"notice"}):
        of_kind = sum(count for (_, found), count in confused.items() if found == kind)
        assert confused[kind, kind] >= LEAST * of_kind, (kind, confused)
