"""A process that adds made articles to a store and says which are acknowledged, until it is killed: see `test_kills`."""

from __future__ import annotations

import sys

from made_articles import stream

from dedup import StoryIndex


def main(path: str, seed: int, batch: int) -> None:
    with StoryIndex.open(path, wait=10) as index:
        articles = list(stream(seed, 4_000))
        known = [article for article in articles if article.id in index]
        if len(known) > 40:
            index.remove(*(article.id for article in known[:5]))
            for article in known[:5]:
                print(f"-{article.id}", flush=True)
        for placement in index.add_many((one for one in articles if one not in known), batch=batch):
            print(f"+{placement.article}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
