"""A Scrapy item pipeline that adds its story to every item, and optionally drops copies.

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
except ImportError:  # for tests without Scrapy

    class DropItem(Exception):  # type: ignore[no-redef] # noqa: N818 - Scrapy's name
        """Raised to drop an item."""


class StoryPipeline:
    """Add items to a story index as they are scraped; items are mappings with the fields of `dedup.from_record`."""

    def __init__(self, path: str, *, drop_copies: bool) -> None:
        self.path, self.drop_copies = path, drop_copies

    @classmethod
    def from_crawler(cls, crawler: Any) -> StoryPipeline:
        """Create the pipeline from the settings of a crawler."""
        settings = crawler.settings
        return cls(settings.get("STORIES", "stories.db"), drop_copies=settings.getbool("DROP_COPIES"))

    def open_spider(self, spider: Any) -> None:  # noqa: ARG002 - required by Scrapy
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
