"""A Scrapy item pipeline that adds its story to every item, and optionally drops copies.

Items may be dictionaries, Scrapy's `Item`s, dataclasses or attrs classes. Those with fields `story` and `copy_of`, and
all dictionaries, get them. In the settings of the spider's project:

    ITEM_PIPELINES = {"scrapy_pipeline.StoryPipeline": 500}
    STORIES = "stories.db"
    DROP_COPIES = True

The fields of an item are found by their usual names, those of `dedup.from_record`: `headline` or `title`, `body` or
`text`. An item without an id has its address for one.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

import dedup

_log = logging.getLogger(__name__)


class StoryPipeline:
    """Add items to a story index as they are scraped."""

    def __init__(self, path: str, *, drop_copies: bool) -> None:
        self.path, self.drop_copies = path, drop_copies

    @classmethod
    def from_crawler(cls, crawler: Any) -> StoryPipeline:
        """Create the pipeline from the settings of a crawler."""
        settings = crawler.settings
        return cls(settings.get("STORIES", "stories.db"), drop_copies=settings.getbool("DROP_COPIES"))

    def open_spider(self, spider: Any = None) -> None:  # noqa: ARG002 - Scrapy before 2.14 passes it
        """Open the index, after another spider has closed it if need be."""
        self.index = dedup.StoryIndex.open(self.path, wait=600)

    def close_spider(self, spider: Any = None) -> None:  # noqa: ARG002
        """Regroup what was scraped, and close the index."""
        self.index.reconcile()
        self.index.close()

    def process_item(self, item: Any, spider: Any = None) -> Any:  # noqa: ARG002
        """Add an item. An item that is no article is dropped with the reason."""
        fields = ItemAdapter(item)
        article, notices = dedup.from_record(fields.asdict(), where="item", default_id="", today=datetime.now(UTC))
        if article is None:
            raise DropItem("; ".join(map(str, notices)))
        if not (name := article.id or article.url):
            raise DropItem("it has neither an id nor an address")
        placement = self.index.add(replace(article, id=name))
        for notice in (*notices, *placement.notices):
            _log.info("%s: %s, %s", name, notice.problem, notice.action)
        if self.drop_copies and placement.copy_of is not None:
            raise DropItem(f"a copy of {placement.copy_of}")
        for field, value in (("story", placement.story), ("copy_of", placement.copy_of)):
            if isinstance(item, dict) or field in fields.field_names():
                fields[field] = value
        return item
