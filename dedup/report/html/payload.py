"""The data inside the page: columns and texts, compressed for its script."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.backends import choose
from dedup.formats.json_text import finite
from dedup.inputs.values import is_web_address
from dedup.kinds.credits import outlet_key
from dedup.results.clustering import Clustering
from dedup.results.columns import FindingsColumns, findings_columns
from dedup.results.origins import read_publishers
from dedup.results.provenance import SURE, likely_originals, version_texts
from dedup.results.story_ids import STORY_PREFIX, STORYLINE_PREFIX
from dedup.vectorize.boilerplate import remaining
from dedup.vectorize.features import HashedWords
from dedup.vectorize.vocabulary import substituted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.archive import Arrivals
    from dedup.article import Article
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


def packed_index(found: Clustering | Arrivals) -> str:
    """Return everything but the texts, packed: metadata of articles, merge tree, pairs, settings."""
    return packed(json.dumps(index(found), ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode())


def packed_texts(articles: Sequence[Article]) -> Iterator[str]:
    """Yield the texts, packed in groups of `TEXTS`."""
    for start in range(0, len(articles), TEXTS):
        texts = [article.text for article in articles[start : start + TEXTS]]
        yield packed(json.dumps(texts, ensure_ascii=True, separators=(",", ":")).encode())


def article_columns(clustering: Clustering) -> dict[str, list[Any]]:
    """Return what the page shows of the articles, as columns by name; columns without a value are left out."""
    from dedup.inputs.collection import published_seconds
    from dedup.results.assemble import headline

    articles = clustering.articles
    dates = [clustering.dated(article.id) for article in articles]
    columns: dict[str, list[Any]] = {
        "ids": [article.id for article in articles],
        "titles": [article.title for article in articles],
        "heads": ["" if article.title else headline(article) for article in articles],
        "sources": [article.source for article in articles],
        "dates": [day.isoformat() if day else None for day, _ in dates],
        "published": [finite(published_seconds(article.published)) for article in articles],
        "seconds": [finite(published_seconds(day)) for day, _ in dates],
        "langs": [article.lang for article in articles],
    }
    optional: dict[str, list[Any]] = {
        "datedBy": [name if name != "published" else None for _, name in dates],
        "urls": [article.url if is_web_address(article.url) else "" for article in articles],
        "authors": [article.author for article in articles],
        "sections": [article.section for article in articles],
        "kinds": [found.kind for found in clustering.kinds],
    }
    return columns | {name: column for name, column in optional.items() if any(column)}


def index(found: Clustering | Arrivals) -> dict[str, Any]:
    """Return the data of `packed_index` before packing."""
    from dedup.report.html.top_words import top_words

    clustering = found if isinstance(found, Clustering) else found.clustering
    settings, columns = clustering.settings, findings_columns(clustering)
    words, heavy, weights = top_words(columns.findings, columns.a, columns.b, HEAVY)
    return {
        **article_columns(clustering),
        "fresh": None if isinstance(found, Clustering) else found.count,
        "named": {} if isinstance(found, Clustering) else _inherited(clustering, columns),
        "settings": {name: finite(value) for name, value in settings.method().items()},
        "curves": _curves(),
        "tree": {
            "distinct": columns.distinct.tolist(),
            "order": columns.order.tolist(),
            "ranks": columns.ranks.tolist(),
            "units": columns.units.tolist(),
            "canonical": columns.canonical.tolist(),
            "secondary": columns.secondary.tolist(),
            "withdrawn": columns.withdrawn.tolist(),
            "shown": columns.shown,
            "names": columns.names,
            "left": columns.left.tolist(),
            "right": columns.right.tolist(),
            "height": [*map(finite, columns.height.tolist())],
            "weights": columns.weights.tolist(),
            "joined": columns.joined,
            "follows": np.flatnonzero(columns.follows).tolist(),
        },
        "tellers": _tellers(clustering, columns.findings),
        "pairs": {
            "a": columns.a.tolist(),
            "b": columns.b.tolist(),
            "score": columns.score.tolist(),
            "cosine": _rounded(columns.cosine),
            "heavy": [[place for place in row if place >= 0] for row in heavy.tolist()],
            "weights": [[round(1000 * weight) for weight in row if weight > 0] for row in weights.tolist()],
        },
        "words": words,
        "copies": {"pairs": columns.copies.tolist(), "overlaps": _rounded(columns.overlaps)},
        "ordinary": _rounded(columns.background_similarity),
        "crowding": columns.findings.crowding,
        "tongues": columns.languages.tolist(),
        "removed": _removed(columns.findings, settings),
        "originals": _originals(clustering),
        "chunk": TEXTS,
    }


def _tellers(clustering: Clustering, findings: Findings) -> dict[str, Any]:
    """Return for each article the number of whom it credits and of its publisher, -1 for none, and the releases.

    `names` are the credited ones by their numbers.
    """
    publishers, told = read_publishers(), findings.collection.told
    number: dict[str, int] = {"": -1}

    def number_of(name: str) -> int:
        key = outlet_key(name)
        return number.setdefault(publishers.get(key, key), len(number) - 1)

    return {
        "credits": [number_of(one.credit) for one in told],
        "outlets": [number_of(article.source) for article in clustering.articles],
        "names": {number_of(one.credit): one.credit for one in told if one.credit},
        "releases": [place for place, one in enumerate(told) if one.kind.kind == "release"],
    }


def _inherited(clustering: Clustering, columns: FindingsColumns) -> dict[str, str]:
    """Return the ids of stories and storylines that are not made from their content, by those that are."""
    made: dict[str, str] = {}
    lines: dict[str, int] = {}
    for story in clustering.stories:
        first = min((int(columns.distinct[clustering.place(one)]) for one in story.articles), key=columns.ranks.item)
        made[STORY_PREFIX + columns.names[first]] = story.id
        lines[story.storyline] = min(first, lines.get(story.storyline, first), key=columns.ranks.item)
    made |= {STORYLINE_PREFIX + columns.names[first]: line for line, first in lines.items()}
    return {own: name for own, name in made.items() if own != name}


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
