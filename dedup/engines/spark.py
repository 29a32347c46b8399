"""The former name of `dedup.spark`."""

from dedup.spark import cluster as cluster
