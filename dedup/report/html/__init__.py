"""Write a clustering as one self-contained HTML page that works without network access."""

from __future__ import annotations

from dedup.report.html.page import environment, page_script, template_source, write_html

__all__ = ["environment", "page_script", "template_source", "write_html"]
