"""The input again, without what is there twice: every record as it came, one of each copy group or story, with a few
fields more.

While articles are read, a `Spool` puts their records by; when the stories are known, `write_stream` or `write_folder`
writes those that are kept.
"""

from __future__ import annotations

from dedup.keep.choice import ADDED, ADDED_AGAINST, Keep, added_fields, kept_articles
from dedup.keep.folder import LIST_OF_FILES, write_folder
from dedup.keep.spool import COLUMNAR, Spool
from dedup.keep.writing import LINES, LIST, ROWS, check_shape, shape_of, write_stream

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
