"""The command `dedup index quarantine` while a service writes to the store."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

from forked_command import run
from made_articles import stream
from serving import serving

from dedup import Client, StoryIndex
from dedup.service.tokens import add_token

MADE = [replace(article, source=f"s{place % 3}") for place, article in enumerate(stream(17, 60))]


def command(*arguments: str, token: str = "") -> tuple[int, str, str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "DEDUP_TOKEN": token}
    code, out, err = run(["index", *arguments], stdin=b"", folder=Path.cwd(), environment=environment)
    assert "Traceback" not in err.decode()
    return code, out.decode(), err.decode()


def test_nothing_is_lost_of_a_source_that_still_sends(tmp_path: Path) -> None:
    store, aside, tokens = tmp_path / "s.db", tmp_path / "aside.jsonl", tmp_path / "tokens.txt"
    token = add_token(tokens, "operator", "write")
    with serving(store, "--tokens", str(tokens)) as own, Client(own.url, token) as client:
        client.add_many(MADE)
        kept = command("quarantine", "S1", "--store", str(store), "--output", str(aside))
        assert kept[0] == 1
        assert not aside.exists()
        assert command("quarantine", "S1", "--store", str(store), "--output", str(aside), "--url", own.url)[0] == 1
        assert not aside.exists()

        stop, sent = threading.Event(), [article.id for article in MADE if article.source == "s1"]

        def send() -> None:
            for place in range(10_000):
                if stop.is_set():
                    break
                client.add({"id": f"n{place}", "text": f"The ferry {place} of Corran burned.", "source": "s1"})
                sent.append(f"n{place}")

        feed = threading.Thread(target=send)
        feed.start()
        try:
            arguments = ("--store", str(store), "--output", str(aside), "--url", own.url)
            code, out, err = command("quarantine", "S1", *arguments, token=token)
        finally:
            stop.set()
            feed.join()
        assert code == 0, err
        removed = {change["article"] for change in map(json.loads, out.splitlines()) if change["kind"] == "removed"}
        held = {json.loads(line)["id"] for line in aside.read_text(encoding="utf-8").splitlines()}
        left = {one for one in sent if one in client}
        assert len(removed) >= 20
        assert removed <= held
        assert removed | left == {*sent}
        assert not removed & left
        assert len(client) == len(MADE) + sum(one.startswith("n") for one in sent) - len(removed)

        with StoryIndex.open(tmp_path / "other.db") as other:
            other.add_many(MADE[:5])
        arguments = ("--store", str(tmp_path / "other.db"), "--output", str(tmp_path / "more.jsonl"), "--url", own.url)
        code, _, err = command("quarantine", "S1", *arguments, token=token)
        assert (code, "has another store" in err) == (2, True)
        assert not (tmp_path / "more.jsonl").exists()
