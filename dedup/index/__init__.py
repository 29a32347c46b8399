"""The story index: articles are added one at a time to stories kept in a store."""

from dedup.index.inputs import Placement as Placement
from dedup.index.queries import IndexedArticle as IndexedArticle
from dedup.index.queries import StoryPage as StoryPage
from dedup.index.store.records import Change as Change
from dedup.index.story_index import StoryIndex as StoryIndex
