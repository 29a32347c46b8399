"""Run the code blocks of the documentation, each page from top to bottom in a folder of its own.

A block marked `sh` is run by bash, `python` by Python; `pycon` must print the output it shows. A `text` block has a
command after `$ ` and its standard output on a terminal of 100 columns. Blocks of a page share the folder. A block
whose title begins with `Not run` is skipped and counted by a test.

The folder has `seeds/` and `examples/`, and files with the names that pages use for the reader's files.
"""

from __future__ import annotations

import doctest
import gzip
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ELSEWHERE = {"service.md"}
"""Pages whose commands need a running service, tested with the service."""
ENDING = Path(__file__).with_name("ending_service.py")
"""A service that stops once it serves."""
BASH = shutil.which("bash") or "bash"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMES: Mapping[str, Any] = {
    "texts": ["Fire broke out on the ferry.", "A ferry burned off Corran."],
}
"""Names predefined for the Python of a page."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        kind: the language.
        title: the title above it.
        text: the content.
        line: the first line of its text in the page, from 1.
        span: the position of the block in the page.
    """

    kind: str
    title: str
    text: str
    line: int
    span: tuple[int, int]

    @property
    def runs(self) -> bool:
        """Return whether the block is to be run."""
        return (self.kind in {"sh", "python", "pycon"} or self.is_transcript) and not self.title.startswith("Not run")

    @property
    def is_transcript(self) -> bool:
        return self.kind == "text" and self.text.startswith("$ ")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix().removeprefix("docs/")


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            kind=found[1],
            title=title[1] if (title := re.search(r'title="([^"]*)"', found[2])) else "",
            text=found[3],
            line=text.count("\n", 0, found.start(3)) + 1,
            span=found.span(),
        )
        for found in FENCE.finditer(text)
    ]


class Run:
    """A run of a page.

    Attributes:
        faults: the differences from the page, a text each.
    """

    def __init__(self, page: Path, folder: Path, *, command: str) -> None:
        """Prepare the folder; `command` is a shell line that calls `dedup`."""
        self.page, self.folder, self.faults = page, folder, list[str]()
        self._names = dict(NAMES)
        self._tools = folder / ".tools"
        self._lay_out(command)

    def whole(self) -> Run:
        """Run all blocks."""
        with chdir(self.folder):
            for block in blocks(self.page) if name_of(self.page) not in ELSEWHERE else ():
                if block.runs:
                    self._run(block)
        return self

    def renewed(self) -> str:
        """Return the page with transcripts of the current output."""
        text, pieces, end = self.page.read_text(encoding="utf-8"), [], 0
        with chdir(self.folder):
            for block in blocks(self.page) if name_of(self.page) not in ELSEWHERE else ():
                if block.is_transcript and block.runs:
                    pieces += [text[end : block.span[0]], f"```text\n{self._transcript(block)}```"]
                    end = block.span[1]
                elif block.runs:
                    self._run(block)
        return "".join([*pieces, text[end:]])

    def _run(self, block: Block) -> None:
        where = f"{name_of(self.page)}:{block.line}"
        if block.kind == "sh":
            done = subprocess.run(
                [BASH, "-euo", "pipefail", "-c", block.text],
                check=False,
                env=self._environment(),
                input=b"s\nn\nt\nq\n",  # what is answered to a command that asks
                capture_output=True,
                timeout=300,
            )
            if done.returncode:
                self.faults.append(f"{where}: exit code {done.returncode}\n{block.text}\n{done.stderr.decode()}")
        elif block.kind == "python":
            exec(compile("\n" * (block.line - 1) + block.text, self.page, "exec"), self._names)  # noqa: S102 - the page's
        elif block.kind == "pycon":
            told = io.StringIO()
            examples = doctest.DocTestParser().get_doctest(
                block.text, self._names, where, str(self.page), block.line - 1
            )
            doctest.DocTestRunner().run(examples, out=told.write, clear_globs=False)
            self._names = examples.globs
            if told.getvalue():
                self.faults.append(told.getvalue())
        elif (printed := self._transcript(block)) != block.text:
            self.faults.append(f"{where} shows\n{block.text}\nand now it is\n{printed}")

    def _transcript(self, block: Block) -> str:
        commands = re.findall(r"^\$ (.*)$", block.text, re.MULTILINE)
        return "\n".join(f"$ {command}\n{self._printed(command)}" for command in commands)

    def _printed(self, command: str) -> str:
        """Return the output of a command on a terminal of 100 columns."""
        terminal, end = pty.openpty()
        with subprocess.Popen(
            [BASH, "-euo", "pipefail", "-c", command],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=end,
            stderr=subprocess.PIPE,
        ) as running:
            os.close(end)
            shown = b"".join(_pieces(terminal))
            told = running.stderr.read() if running.stderr else b""
        os.close(terminal)
        if running.returncode:
            self.faults.append(f"{name_of(self.page)}: {command}: exit code {running.returncode}\n{told.decode()}")
        return shown.decode().replace("\r\n", "\n")

    def _environment(self) -> dict[str, str]:
        path = f"{self._tools}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "COLUMNS": "100", "PYTHONUTF8": "1", "NO_COLOR": "1"}

    def _lay_out(self, command: str) -> None:
        shutil.copytree(ROOT / "seeds", self.folder / "seeds")
        shutil.copytree(ROOT / "examples", self.folder / "examples")
        self._tools.mkdir()
        serving = f'exec "{sys.executable}" "{ENDING}" "$@" --port 0'
        tools = {
            "dedup": f'[ "$1 $2" = "serve --store" ] && {serving}\n{command}',
            "python": f'exec "{sys.executable}" "$@"',
            "tail": '[ "$1" = -f ] && shift; exec cat "$@"',  # one that ends
        }
        for name, line in tools.items():
            tool = self._tools / name
            tool.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
            tool.chmod(0o755)
        if name_of(self.page) in {"README.md", "reference.md", "story-index.md"}:
            lay_out_files_of_readers(self.folder)


def _pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # Linux says so when the other end is closed
            return
        if not piece:
            return
        yield piece


def lay_out_files_of_readers(folder: Path) -> None:
    """Return files with the names that pages use for the reader's files."""
    wire = [
        {"id": name, "title": title, "published": "2024-06-15", "text": text, "story": story, "event": story}
        for name, title, text, story in (
            (
                "a",
                "Ferry burns off Corran",
                "Fire broke out on the ferry Lady Corran off Sorrel at dawn, and nine died.",
                "1",
            ),
            (
                "b",
                "Blaze on ferry",
                "Fire broke out on the ferry Lady Corran off Sorrel at dawn, and nine have died.",
                "1",
            ),
            ("c", "Bridge opened", "The mayor of Kallby opened the new bridge over the river Tane on Friday.", "2"),
        )
    ]
    lines = "".join(json.dumps(record) + "\n" for record in wire).encode()
    for name in ("monday", "tuesday", "feed", "archive", "labelled"):
        (folder / f"{name}.jsonl").write_bytes(lines)
    for name in ("feed", "crawl"):
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines))
    for name in ("feed", "dev", "test"):
        rows = "".join(f'{one["id"]},{one["title"]},"{one["text"]}",Echo,{one["event"]}\n' for one in wire)
        table = f"id,title,{'story_body' if name == 'feed' else 'text'},paper,event\n{rows}"
        (folder / f"{name}.csv").write_text(table, encoding="utf-8")
    (folder / "feed.csv.gz").write_bytes(gzip.compress((folder / "dev.csv").read_bytes()))
    for record, name in zip(wire, "ab", strict=False):
        (folder / f"{name}.txt").write_text(f"{record['title']}\n\n{record['text']}\n", encoding="utf-8")
        (folder / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    shutil.copytree(folder / "seeds" / "harbour-post", folder / "news" / "harbour-post")
    shutil.copytree(folder / "seeds" / "northgate-daily", folder / "news" / "northgate-daily")
    shutil.copytree(folder / "seeds" / "sorrel-gazette", folder / "today")
    (folder / "archive").mkdir()
    (folder / "archive" / "june.jsonl").write_bytes(lines)
    (folder / "news.toml").write_text("granularity = 0.4\n", encoding="utf-8")
    judged = {"a": "harbour-post/news/61188.txt", "b": "northgate-daily/n-78002.txt", "label": "same_text"}
    for name in ("labels", "mine"):
        (folder / f"{name}.jsonl").write_text(json.dumps(judged) + "\n", encoding="utf-8")
    page = f"<html><head><title>{wire[0]['title']}</title></head><body><p>{wire[0]['text']}</p></body></html>"
    (folder / "saved" / "deep").mkdir(parents=True)
    (folder / "saved" / "deep" / "a.html").write_text(page, encoding="utf-8")
    (folder / "crawl.warc.gz").write_bytes(gzip.compress(_warc(page)))


def _warc(page: str) -> bytes:
    """Return a WARC file with one page."""
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}".encode()
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        "WARC-Target-URI: http://outlet.example/a\r\nWARC-Date: 2024-06-15T08:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    return head.encode() + answer + b"\r\n\r\n"
