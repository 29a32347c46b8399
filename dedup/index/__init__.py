"""One article at a time: the story index, and the store behind it."""
