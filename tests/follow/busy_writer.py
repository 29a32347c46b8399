"""A process that writes to a store at random until it is killed; see `kills.py`."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace

import numpy as np
from distinct_events import articles as made_articles

from dedup import Article, InputError, StoryIndex


def operate(index: StoryIndex, rng: np.random.Generator, articles: list[Article]) -> str:
    """Do one random operation, and return its name."""
    known = [article for article in articles if article.id in index]
    unknown = [article for article in articles if article.id not in index]
    names = ["add", "update", "page", "remove", "withdraw", "erase", "reconcile", "expire", "vacuum", "rebuild"]
    names += ["decide", "undo", "import"]
    chances = np.array([50, 10, 12, 8, 6, 3, 5, 2, 2, 2, 12, 5, 3])
    name = str(rng.choice(names, p=chances / chances.sum())) if len(known) > 20 else "add"
    some = [known[place] for place in rng.permutation(len(known))[: int(rng.integers(1, 6))]]
    if name == "add":
        index.add_many(unknown[: int(rng.choice([1, 7, 50]))], batch=20)
    elif name == "import":
        index.import_stories(
            [*some, *unknown[:5]], {one.id: f"other {rng.integers(9)}" for one in [*some, *unknown[:5]]}
        )
    elif name == "update":
        index.add_many([replace(one, text=f"{one.text} Edition {rng.integers(1000)}.") for one in some])
    elif name == "page":
        pages = [f"{one.id}-v{rng.integers(1000)}" for one in some]
        address = "https://paper.example/{}"
        both = [replace(one, url=address.format(one.id)) for one in some]
        again = [replace(one, id=name, text=one.text + " It goes on.") for one, name in zip(both, pages, strict=True)]
        index.add_many([*both, *again])
    elif name in {"remove", "withdraw", "erase"}:
        getattr(index, name)(*(one.id for one in some))
    elif name == "expire":
        index.expire(sorted(str(one.published) for one in known)[len(known) // 10])
    elif name == "vacuum":
        index.vacuum(changes_before=max(index.stats()["changes"] - int(rng.integers(200)), 0))
    elif name == "decide":
        kind = str(rng.choice(["together", "apart", "split", "move", "title", "canonical"]))
        given = {
            "apart": {"apart_from": [one.id for one in known[:2]]},
            "move": {"into": known[int(rng.integers(len(known)))].id},
            "title": {"title": f"Title {rng.integers(1000)}"},
        }
        with suppress(InputError):
            chosen = [one.id for one in (some[:1] if kind in ("title", "canonical") else some)]
            index.decide(kind, chosen, supersede=True, **given.get(kind, {}))  # type: ignore[arg-type]
    elif name == "undo":
        for decision in index.decisions()[0][:1]:
            index.undo(decision.id)
    elif name == "reconcile":
        index.reconcile()
    else:
        index.rebuild(learn=bool(rng.integers(2)))
    return name


def main(path: str, seed: int) -> None:
    articles = [*made_articles(seed, 6_000)]
    with StoryIndex.open(path, wait=30) as index:
        rng = np.random.default_rng([seed, index.stats()["changes"]])  # another one after each kill
        while True:
            sys.stdout.write(operate(index, rng, articles) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
