"""One article at a time: the story index, and the store behind it."""

from dedup.index.inputs import Placement as Placement
from dedup.index.queries import IndexedArticle as IndexedArticle
from dedup.index.queries import StoryPage as StoryPage
from dedup.index.store.records import Change as Change
from dedup.index.story_index import StoryIndex as StoryIndex
