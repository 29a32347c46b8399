"""The former place of `dedup.spark`, kept for callers of `dedup.engines.spark`."""
