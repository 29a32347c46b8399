"""Former location of `dedup.spark`; `dedup.engines.spark` still works."""
