"""Former name of `dedup.spark`."""

from dedup.spark import cluster, cluster_against

__all__ = ["cluster", "cluster_against"]
