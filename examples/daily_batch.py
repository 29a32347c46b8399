"""A daily job, for example in Airflow: add yesterday's articles, reconcile, write the changes.

It can be repeated for a day, and resumes after an interruption.

    with DAG("stories", schedule="@daily"):
        PythonOperator(task_id="stories", python_callable=run_day, op_kwargs={
            "store": "stories.db", "articles": "/news/{{ ds }}", "changes": "/news/{{ ds }}.changes.jsonl"})
"""

from __future__ import annotations

import json
from pathlib import Path

import dedup

PAGE = 1_000


def run_day(store: str, articles: str, changes: str, cursor: str | None = None) -> int:
    """Add a day's articles and write all changes since the last run.

    Args:
        store: the file of the index.
        articles: a folder or a file of articles.
        changes: the file to write, a JSON line each.
        cursor: the file with the position of the last written change; by default beside the store.

    Returns:
        The number of changes written.
    """
    mark = Path(cursor or f"{store}.cursor")
    since = int(mark.read_text(encoding="ascii")) if mark.exists() else 0
    written = 0
    with dedup.StoryIndex.open(store, keep_days=90, wait=600) as index:
        index.add_many(dedup.read_articles([articles]))
        index.reconcile()
        unfinished = Path(f"{changes}.tmp")
        with unfinished.open("w", encoding="utf-8") as out:
            while page := index.changes(since, limit=PAGE):
                out.writelines(json.dumps(change.to_record(), ensure_ascii=False) + "\n" for change in page)
                since = page[-1].cursor
                written += len(page)
    unfinished.replace(changes)
    mark.write_text(str(since), encoding="ascii")
    return written
