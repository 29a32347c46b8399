"""A clustering as one self-contained page: no network, works from disk; what can be asked is answered inside it."""

from __future__ import annotations

from dedup.report.html.page import environment, write_html

__all__ = ["environment", "write_html"]
