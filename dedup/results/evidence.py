"""The evidence of a clustering: cuts the merge tree again, lists links and explains pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dedup.results.assemble import assemble
from dedup.results.clustering import Clustering, Explanation, Link
from dedup.results.explain import explain, link_probabilities, links
from dedup.results.findings import Findings
from dedup.settings import Settings


@dataclass(frozen=True)
class StoredEvidence(Findings):
    """The findings of a run, held in memory; implements `results.clustering.Evidence`."""

    def clustering(self, settings: Settings) -> Clustering:
        """Return the clustering at the granularity of the settings."""
        return replace(assemble(self, settings), _evidence=self)

    def rethreshold(self, clustering: Clustering, granularity: float) -> Clustering:
        """Return the clustering at another granularity."""
        return self.clustering(replace(clustering.settings, granularity=granularity))

    def links(self, clustering: Clustering) -> tuple[Link, ...]:
        """Return the scored pairs inside the stories, strongest first."""
        return links(self, clustering)

    def link_probabilities(
        self, clustering: Clustering
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return the positions of the articles of each link, and its probability; each of shape (links,)."""
        return link_probabilities(self, clustering)

    def explain(self, clustering: Clustering, a: int, b: int) -> Explanation:
        """Explain why the articles at two positions were joined or not."""
        return explain(self, clustering, a, b)
