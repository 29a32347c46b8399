"""Effect of a second opinion: every labelled set without one, and with each embedding.

sets    by set: by embedding (`none` first) precision, recall and F1 by BCubed, and the number of texts embedded
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.baselines import Embed
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from dedup import cluster, score


def run(folder: Path | None, embeddings: Mapping[str, Embed], *, watch: Stopwatch) -> dict[str, Any]:
    """Measure every set and every part of one language."""
    report: dict[str, Any] = {"benchmark": "opinion", **provenance(), "data": data.digests(folder), "sets": {}}
    for collection in data.labelled_sets(folder):
        found = report["sets"][collection.name] = {}
        for name, embed in {"none": None, **embeddings}.items():
            counted = Counted(embed) if embed else None
            with watch.step(f"{collection.name}: {name}"):
                clustering = cluster(collection.articles, second_opinion=counted)
            scores = score(collection.truth, clustering.labels).to_dict()
            kept = {key: value for key, value in scores.items() if key.startswith("bcubed")}
            found[name] = {**kept, "texts": counted.texts if counted else 0}
    report["seconds"] = watch.seconds
    return report


class Counted:
    """An embedding that counts the texts it is given."""

    def __init__(self, embed: Embed) -> None:
        self.texts = 0
        self._embed = embed

    def __call__(self, texts: list[str]) -> Any:
        self.texts += len(texts)
        return self._embed(texts)


def letters(texts: list[str]) -> Any:
    """Embed texts by hashed four-letter pieces of words: no model needed, and little beyond the words."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(analyzer="char_wb", ngram_range=(4, 4), n_features=2**12).transform(texts).toarray()


def sentence_model(folder: Path) -> Embed:
    """Load a sentence-transformers model from a folder.

    Raises:
        BenchmarkError: the package is not installed, or there is no such model.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise BenchmarkError("sentence-transformers is not installed: pip install sentence-transformers") from error
    if not folder.is_dir():
        raise BenchmarkError(f"there is no folder {folder} with a model")
    model = SentenceTransformer(str(folder), local_files_only=True)
    embed: Embed = model.encode
    return embed
