"""The shared words of many pairs that contribute most to their cosines, as `Clustering.explain` lists for one pair."""

from __future__ import annotations

import re

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.results.findings import Findings
from dedup.text.document import Document
from dedup.vectorize.vocabulary import words_by_term

_CHUNK = 10_000
"""Pairs whose vectors are multiplied at a time."""
_RUN = re.compile(r"\w+")


def top_words(
    findings: Findings, a: NDArray[np.int64], b: NDArray[np.int64], most: int
) -> tuple[list[str], NDArray[np.int32], NDArray[np.float64]]:
    """Return the words that contribute most to the cosines of pairs of distinct articles, largest first.

    Args:
        findings: of a run that kept the texts.
        a, b: the articles of each pair, shape (pairs,).
        most: maximum number of words of a pair.

    Returns:
        Words; for each pair the places of its own among these, -1 where it has fewer, shape (pairs, most); and what
        each adds to the cosine, of the same shape.
    """
    terms, weights = np.full((len(a), most), -1, np.int64), np.zeros((len(a), most))
    foreign, cross_lingual = findings.foreign(a, b), findings.cross_lingual
    for start in range(0, len(a), _CHUNK):
        some = slice(start, start + _CHUNK)
        for pairs, matrix in (
            (np.flatnonzero(~foreign[some]) + start, findings.vectors.matrix),
            (
                np.flatnonzero(foreign[some]) + start,
                None if cross_lingual is None else cross_lingual.matrix,
            ),
        ):
            if len(pairs) and matrix is not None:
                _fill(matrix, a[pairs], b[pairs], pairs, findings.vectors.terms, terms, weights)
    found, place = np.unique(terms[terms >= 0], return_inverse=True)
    places = np.full(terms.shape, -1, np.int32)
    places[terms >= 0] = place
    return _words(findings, found, places, a), places, weights


def _fill(
    matrix: sp.csr_array,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    pairs: NDArray[np.int64],
    term_of: NDArray[np.int64],
    terms: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> None:
    """Write the top terms of some pairs, and their contributions, into the rows of these pairs."""
    product = sp.csr_array(matrix[a].multiply(matrix[b]))
    row = np.repeat(np.arange(len(a)), np.diff(product.indptr))
    heavy = np.lexsort((term_of[product.indices], -product.data, row))
    rank = np.arange(len(row)) - product.indptr[row]  # rows stay where they are, each in an order of its own
    first = rank < terms.shape[1]
    where = pairs[row[first]], rank[first]
    terms[where] = term_of[product.indices[heavy[first]]]
    weights[where] = product.data[heavy[first]]


def _words(findings: Findings, found: NDArray[np.int64], places: NDArray[np.int32], a: NDArray[np.int64]) -> list[str]:
    """Return a word for each term: a run of letters and digits that hashes to it, else a token."""
    collection = findings.collection
    holder = dict(zip(places.ravel().tolist(), np.repeat(a, places.shape[1]).tolist(), strict=True))
    articles = [collection.first(holder[place]) for place in range(len(found))]
    distinct = {article.id: article for article in articles}.values()
    runs = sorted({run for one in distinct for run in _RUN.findall(f"{one.title}\n{one.text}".lower())})
    known = words_by_term((run for run in runs if run.isalnum()), findings.substitutes)
    for term, article in zip(found.tolist(), articles, strict=True):
        if term not in known:
            document = Document.of(article.title, article.text)
            known |= words_by_term([*document.title.words, *document.body.words], findings.substitutes)
    return [known[term] for term in found.tolist()]
