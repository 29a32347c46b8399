"""Write the input records that `--keep` selects, unchanged but for a few added fields.

A `Spool` stores the records on disk while articles are read. Once the stories are known, `write_stream` or
`write_folder` writes the selected ones: all, one of each copy group, or one of each story.
"""

from __future__ import annotations

from dedup.keep.choice import ADDED, ADDED_AGAINST, Keep, added_fields, kept_articles
from dedup.keep.spool import COLUMNAR, Spool
from dedup.keep.writing import LINES, LIST, LIST_OF_FILES, ROWS, check_shape, shape_of, write_folder, write_stream

__all__ = [
    "ADDED",
    "ADDED_AGAINST",
    "COLUMNAR",
    "LINES",
    "LIST",
    "LIST_OF_FILES",
    "ROWS",
    "Keep",
    "Spool",
    "added_fields",
    "check_shape",
    "kept_articles",
    "shape_of",
    "write_folder",
    "write_stream",
]
