"""Why two articles of an index are in one story, or are not."""

from __future__ import annotations

from dataclasses import replace

from dedup.results.clustering import Clustering, Explanation


def explain(alone: Clustering, *, same_story: bool, same_text: bool) -> Explanation:
    """An explanation of the two articles of a clustering, where an index has placed them otherwise.

    Args:
        alone: the two, clustered by themselves under the background of the index: their scores are what they are there.
        same_story, same_text: whether the index has them in one story, in one group of copies.
    """
    told = alone.explain(0, 1)
    if (told.same_story, told.same_text) == (same_story, same_text):
        return told
    score = f"their own score is {told.link.score:.3f}, two articles alone need {told.threshold:.3f}"
    if same_text:
        reason = "The same text by way of others: each overlaps with a copy that overlaps with the other's."
    elif same_story:
        reason = f"One story by way of others: {score}."
    elif told.same_text:
        reason = "Not joined: the index has them in two stories, of which one is settled or not reconciled yet."
    elif told.same_story:
        reason = f"Not joined: {score}, but on average the articles of their stories are not alike enough."
    else:
        reason = told.reason
    return replace(told, same_story=same_story, same_text=same_text, joined_at=None, reason=reason)
