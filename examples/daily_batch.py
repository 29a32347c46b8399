"""A daily job, for example in Airflow: add the day's articles, reconcile, write the changes.

It may run twice for a day, after an interruption and for days long past: what was added is unchanged, and a file of
changes that is there already is kept and continued.

    with DAG("stories", schedule="@daily"):
        PythonOperator(task_id="stories", python_callable=run_day, op_kwargs={
            "store": "stories.db", "articles": "/news/{{ ds }}", "changes": "/news/{{ ds }}.changes.jsonl"})

To begin with an old archive, run it for each of its days, the oldest first.
"""

from __future__ import annotations

import json
from pathlib import Path

import dedup

PAGE = 1_000


def run_day(
    store: str, articles: str, changes: str, cursor: str | None = None, *, keep_days: float | None = None
) -> int:
    """Add a day's articles and write all changes since the last run.

    Args:
        store: the file of the index.
        articles: a folder or a file of articles.
        changes: the file to write, a JSON line each. If it is there, the changes are added at its end.
        cursor: the file with the position of the last written change; by default beside the store.
        keep_days: days after which articles expire, by their date; None to keep what the store has, at first for ever.
            An archive that is older than that expires as it is added.

    Returns:
        The number of changes written.
    """
    mark, out = Path(cursor or f"{store}.cursor"), Path(changes)
    before = out.read_text(encoding="utf-8") if out.exists() else ""
    since = int(mark.read_text(encoding="ascii")) if mark.exists() else 0
    if before:  # an interrupted run may have written it, and not its mark
        since = max(since, json.loads(before.splitlines()[-1])["cursor"])
    written = 0
    with dedup.StoryIndex.open(store, wait=600) as index:
        if keep_days is not None:
            index.change_options(keep_days=keep_days)
        index.add_many(dedup.read_articles([articles]))
        index.reconcile()
        unfinished = Path(f"{changes}.tmp")
        with unfinished.open("w", encoding="utf-8") as lines:
            lines.write(before)
            while page := index.changes(since, limit=PAGE):
                lines.writelines(json.dumps(change.to_record(), ensure_ascii=False) + "\n" for change in page)
                since = page[-1].cursor
                written += len(page)
    unfinished.replace(out)
    mark.write_text(str(since), encoding="ascii")
    return written
