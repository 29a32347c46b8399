"""A process that adds generated articles and prints the ids of stored ones until it is killed; see `test_kills`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # this is run as a program
from made_articles import stream

from dedup import StoryIndex


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(path: str, seed: int, batch: int) -> None:
    with StoryIndex.open(path, wait=10) as index:
        articles = list(stream(seed, 4_000))
        known = [article for article in articles if article.id in index]
        if len(known) > 40:
            index.remove(*(article.id for article in known[:5]))
            for article in known[:5]:
                say(f"-{article.id}")
        for placement in index.add_stream((one for one in articles if one not in known), batch=batch):
            say(f"+{placement.article}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
