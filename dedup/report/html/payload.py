"""The data inside the page: columns and texts, compressed for its script."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.backends import choose
from dedup.formats.json_text import finite
from dedup.results.columns import findings_columns
from dedup.results.provenance import SURE, likely_originals, version_texts
from dedup.vectorize.boilerplate import remaining
from dedup.vectorize.features import HashedWords
from dedup.vectorize.vocabulary import substituted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.article import Article
    from dedup.results.clustering import Clustering
    from dedup.results.findings import Findings
    from dedup.settings import Settings

HEAVY = 6
"""Number of words included for a pair: those that contribute most to its cosine."""
TEXTS = 100
"""Number of articles whose texts are packed together; the page unpacks a group when one of its articles is opened."""
LEVEL = 6


def packed(data: bytes) -> str:
    """Return data compressed (raw deflate, RFC 1951) and in base64, which needs no escaping in HTML."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    return base64.b64encode(compressor.compress(data) + compressor.flush()).decode("ascii")


def packed_index(clustering: Clustering) -> str:
    """Return everything but the texts, packed: metadata of articles, merge tree, pairs, settings."""
    return packed(json.dumps(index(clustering), ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode())


def packed_texts(articles: Sequence[Article]) -> Iterator[str]:
    """Yield the texts, packed in groups of `TEXTS`."""
    for start in range(0, len(articles), TEXTS):
        texts = [article.text for article in articles[start : start + TEXTS]]
        yield packed(json.dumps(texts, ensure_ascii=True, separators=(",", ":")).encode())


def index(clustering: Clustering) -> dict[str, Any]:
    """Return the data of `packed_index` before packing."""
    from dedup.inputs.collection import published_seconds
    from dedup.report.html.top_words import top_words
    from dedup.results.assemble import headline

    articles, settings = clustering.articles, clustering.settings
    found = findings_columns(clustering)
    words, heavy, weights = top_words(found.findings, found.a, found.b, HEAVY)
    dates = [clustering.dated(article.id) for article in articles]
    return {
        "ids": [article.id for article in articles],
        "titles": [article.title for article in articles],
        "heads": ["" if article.title else headline(article) for article in articles],
        "sources": [article.source for article in articles],
        "dates": [day.isoformat() if day else None for day, _ in dates],
        "datedBy": [name for _, name in dates],
        "published": [finite(published_seconds(article.published)) for article in articles],
        "seconds": [finite(published_seconds(day)) for day, _ in dates],
        "settings": {name: finite(value) for name, value in settings.method().items()},
        "curves": _curves(),
        "tree": {
            "distinct": found.distinct.tolist(),
            "order": found.order.tolist(),
            "ranks": found.ranks.tolist(),
            "units": found.units.tolist(),
            "canonical": found.canonical.tolist(),
            "secondary": found.secondary.tolist(),
            "names": found.names,
            "left": found.left.tolist(),
            "right": found.right.tolist(),
            "height": [*map(finite, found.height.tolist())],
            "weights": found.weights.tolist(),
            "joined": found.joined,
            "follows": np.flatnonzero(found.follows).tolist(),
        },
        "pairs": {
            "a": found.a.tolist(),
            "b": found.b.tolist(),
            "score": found.score.tolist(),
            "cosine": _rounded(found.cosine),
            "heavy": [[place for place in row if place >= 0] for row in heavy.tolist()],
            "weights": [[round(1000 * weight) for weight in row if weight > 0] for row in weights.tolist()],
        },
        "words": words,
        "copies": {"pairs": found.copies.tolist(), "overlaps": _rounded(found.overlaps)},
        "ordinary": _rounded(found.background_similarity),
        "crowding": found.findings.crowding,
        "tongues": found.languages.tolist(),
        "removed": _removed(found.findings, settings),
        "digests": found.digests.tolist(),
        "originals": _originals(clustering),
        "chunk": TEXTS,
        "notices": [asdict(notice) for notice in clustering.notices[:1000]],
    }


def _removed(findings: Findings, settings: Settings) -> dict[int, list[int]]:
    """Return where the texts of distinct articles have parts that were not compared.

    These are starts and ends, as JavaScript counts. All texts are read by the backend, and the places are found only in
    those that have any.
    """
    if not len(findings.boilerplate) and not findings.misplaced:
        return {}
    articles = [findings.collection.first(place) for place in range(len(findings.collection))]
    backend, texts = choose([(article.title, article.text) for article in articles], settings)
    words = HashedWords.joined([substituted(block, findings.substitutes) for block in backend.blocks(texts)])
    gone = ~remaining(words, findings.boilerplate, backend.outside_boilerplate)
    some = np.flatnonzero(np.diff(np.concatenate([[0], np.cumsum(gone)])[words.offsets])[1::2])
    return {
        place: [_units(articles[place].text, end) for span in findings.removed_from_text(place) for end in span]
        for place in sorted({*some.tolist(), *findings.misplaced})
    }


def _units(text: str, end: int) -> int:
    """Return the number of UTF-16 code units of the first characters of a text, by which JavaScript counts."""
    return len(text[:end].encode("utf-16-le", "surrogatepass")) // 2


def _rounded(values: NDArray[np.float64]) -> Any:
    """Return the values rounded to five digits, more than the page shows."""
    return np.round(values, 5).tolist()


def _curves() -> dict[str, list[float]]:
    from dedup.match.probability import Probabilities

    curves = Probabilities.shipped()
    return {"joined": [*curves.joined], "apart": [*curves.apart], "copy": [*curves.copy]}


def _originals(clustering: Clustering) -> list[dict[str, Any]]:
    """Return for each copy group its articles by position, their probabilities of being the original, and reasons."""
    originals = []
    for story in clustering.stories:
        for group in story.copy_groups:
            odds, reasons = likely_originals(version_texts(clustering, group))
            best = max(range(len(odds)), key=odds.__getitem__)
            originals.append(
                {
                    "articles": [clustering.place(name) for name in group.articles],
                    "odds": odds,
                    "original": best if odds[best] >= SURE else None,
                    "why": reasons[best],
                }
            )
    return originals
