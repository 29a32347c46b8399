"""One article at a time: the story index, and the store behind it."""

from dedup.index.finding import StoryPage as StoryPage
from dedup.index.incoming import Placement as Placement
from dedup.index.records import Change as Change
from dedup.index.story_index import StoryIndex as StoryIndex
from dedup.index.telling import IndexedArticle as IndexedArticle
from dedup.index.telling import story_record as story_record
