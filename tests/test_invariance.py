"""Results do not depend on the order of articles, the hash seed of the process or the machine.

The results on the seed corpus are pinned in `fixtures/pins.json`. After an intended change of method,
`python tests/renew.py` pins the new results, here and in all other expected output.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labelled_data import DATA, ROOT, SEEDS

import dedup
from dedup import Article, Clustering
from dedup.inputs.record import from_record
from dedup.vectorize.exact import SCORE_UNIT

SETS = ("newswcl50", "mmds_dev", "basil", "meantime", "telegram_articles", "copy_pairs_dev_articles", "fnc1_train")
PINS = ROOT / "tests" / "fixtures" / "pins.json"
MOST = int(os.environ.get("DEDUP_SHUFFLED", "2000"))
"""Maximum number of shuffled articles per set; a smaller `DEDUP_SHUFFLED` takes evenly spread ones and is faster."""

PROGRAM = """
import json, sys
sys.path[:0] = [{tests!r}, {root!r}]
from test_invariance import outcome, seed_articles
import dedup
print(json.dumps(outcome(dedup.cluster(seed_articles()))))
"""


def seed_articles() -> list[Article]:
    """Return the seed corpus, with paths independent of the checkout."""
    articles = dedup.read_articles([str(SEEDS)])
    return [replace(article, path=Path(article.path).relative_to(SEEDS).as_posix()) for article in articles]


def outcome(clustering: Clustering) -> dict[str, Any]:
    """Return the complete result, independent of input order."""
    return {
        "stories": [
            [story.id, story.articles, story.canonical, story.title, story.sources, str(story.start), str(story.end)]
            for story in clustering
        ],
        "copies": [[group.id, group.articles, group.canonical] for story in clustering for group in story.copy_groups],
        "records": sorted(map(str, clustering.to_records())),
        "links": [
            [link.a, link.b, link.kind, round(link.score / SCORE_UNIT), link.cosine.hex(), link.jaccard, link.days]
            for link in clustering.links
        ],
    }


def assert_order_does_not_matter(articles: Sequence[Article], seeds: Sequence[int]) -> None:
    expected = outcome(dedup.cluster(articles))
    for seed in seeds:
        shuffled = list(articles)
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - no secret
        assert outcome(dedup.cluster(shuffled)) == expected, f"shuffled with the seed {seed}"


def test_the_order_of_the_seeds_does_not_matter() -> None:
    assert_order_does_not_matter(seed_articles(), range(5))


def test_the_order_of_duplicates_and_of_equal_ids_does_not_matter() -> None:
    """Return every article three times: with its id, with one common id, and with its id and another date."""
    articles = seed_articles()
    shared = [Article(id="same", title=article.title, text=article.text) for article in articles]
    bare = [Article(id=article.id, title=article.title, text=article.text, source="Echo") for article in articles]
    empty = [Article(id="same", text=""), Article(id="same", text="", source="Echo"), Article(id="", text=" ")]
    assert_order_does_not_matter([*articles, *shared, *bare, *empty], range(3))


@pytest.mark.parametrize("name", SETS)
def test_the_order_of_a_labelled_set_does_not_matter(name: str) -> None:
    path = DATA / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{name}.jsonl.gz is not here: set DEDUP_DATA to the folder that has it")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    records = records[:: -(-len(records) // MOST)]
    made = (from_record(record, where=name, default_id=str(place))[0] for place, record in enumerate(records))
    assert_order_does_not_matter([article for article in made if article], [len(records)])


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_hash_seed_does_not_matter(hash_seed: str) -> None:
    """Compare with the result of this process, whose hash seed is random."""
    program = PROGRAM.format(tests=str(ROOT / "tests"), root=str(ROOT))
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1" if hash_seed == "1" else "2"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert not done.returncode, done.stderr
    assert json.loads(done.stdout) == json.loads(json.dumps(outcome(dedup.cluster(seed_articles()))))


def digests() -> dict[str, str]:
    """Return a digest of each part of the result on the seed corpus."""
    parts = outcome(dedup.cluster(seed_articles()))
    return {name: hashlib.sha256(json.dumps(part).encode()).hexdigest()[:16] for name, part in parts.items()}


def test_the_outcome_is_the_same_everywhere() -> None:
    """Stories, copies and scored links of the seed corpus, on every machine and with every version of what we use.

    A different digest means a different method (`METHOD_VERSION`) or corpus: `python tests/renew.py` pins it.
    """
    pins = json.loads(PINS.read_text(encoding="ascii"))
    assert digests() == {name: pins[name] for name in ("stories", "copies", "records", "links")}
