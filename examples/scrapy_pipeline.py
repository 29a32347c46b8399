"""A Scrapy item pipeline: every item leaves with its story, and copies of what is known can be dropped.

In the settings of the spider's project:

    ITEM_PIPELINES = {"scrapy_pipeline.StoryPipeline": 500}
    STORIES = "stories.db"
    DROP_COPIES = True
"""

from __future__ import annotations

from typing import Any

import dedup

try:
    from scrapy.exceptions import DropItem
except ImportError:  # to be read, and tested, without Scrapy

    class DropItem(Exception):  # type: ignore[no-redef] # noqa: N818 - Scrapy's name
        """Says that an item goes no further."""


class StoryPipeline:
    """Puts items into a story index as they are scraped. Items are mappings with the usual names of fields."""

    def __init__(self, path: str, *, drop_copies: bool) -> None:
        self.path, self.drop_copies = path, drop_copies

    @classmethod
    def from_crawler(cls, crawler: Any) -> StoryPipeline:
        """As Scrapy makes it."""
        settings = crawler.settings
        return cls(settings.get("STORIES", "stories.db"), drop_copies=settings.getbool("DROP_COPIES"))

    def open_spider(self, spider: Any) -> None:  # noqa: ARG002 - Scrapy gives it
        self.index = dedup.StoryIndex.open(self.path, wait=60)

    def close_spider(self, spider: Any) -> None:  # noqa: ARG002
        self.index.reconcile()
        self.index.close()

    def process_item(self, item: Any, spider: Any) -> Any:  # noqa: ARG002
        placement = self.index.add({**item, "id": item.get("id") or item["url"]})
        item["story"], item["copy_of"] = placement.story, placement.copy_of
        if self.drop_copies and placement.copy_of is not None:
            raise DropItem(f"a copy of {placement.copy_of}")
        return item
