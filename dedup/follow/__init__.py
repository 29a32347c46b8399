"""Tables in a PostgreSQL database that follow a story index."""

from dedup.follow.following import follow
from dedup.follow.tables import Written

__all__ = ["Written", "follow"]
