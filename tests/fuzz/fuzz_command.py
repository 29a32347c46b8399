"""Fuzz the command line: it ends with an exit code, without a traceback or terminal control characters."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

from fuzz_given import Given

_TEXTS = {
    "a.txt": "Ferry burns off Corran\n\nFire broke out on the ferry Aurora on Saturday night; crews took ninety off.",
    "b.txt": "Blaze on ferry\n\nA fire broke out on the ferry Aurora off Corran, and ninety people were taken off.",
    "c.jsonl": '{"id": "x", "text": "The growers of Tolmin expect little", "story": "1", "date": "2024-06-15"}\n'
    '{"id": "y", "text": "Cherries of Tolmin froze", "story": "1", "source": "Echo"}\nno json\n',
    "d.csv": "id,text,story\n1,Chess in Viljandi,2\n2,Rook sacrificed in Viljandi,2\n",
    "e.tsv": "\x1b]0;title\x07\tx\n",
    "\x1b[31mred.txt": "A file whose name a terminal would obey",
    "labels.jsonl": '{"a": "x", "b": "y", "answer": "story"}\n',
    "dedup.toml": "[settings]\ngranularity = 0.4\n",
    "odd.toml": "granularity = [\n",
    "list.txt": "a.txt\n../a.txt\n/dev/null\n",
}
_PATHS = (
    *_TEXTS,
    ".",
    "nowhere.txt",
    "*.txt",
    "**/*",
    "-",
    "",
    "[",
    "kept",
    "s.db",
    "..\0",
    "a.txt/b",
    "out.jsonl",
    "é.txt",
)
_VALUES = (
    *(
        "0",
        "1",
        "-1",
        "1e999",
        "nan",
        "inf",
        "",
        "x",
        "9" * 30,
        "0.5",
        "1e-300",
        "٣",
        "\x1b[2J",
        "granularity=.4",
        "=",
        "a=b",
    ),
    *(
        "text=story",
        "title=id",
        "seed=7",
        "num_perm=7",
        "bands=64",
        "window=inf",
        "granularity=nan",
        "threads=1",
        "granularity",
    ),
    *(
        "memory=900GB",
        "out.json",
        "out.html",
        "out.csv.gz",
        "out.zip",
        "out/",
        "kept/",
        "labels.jsonl",
        "2024-06-15",
        "all",
    ),
    *(
        "copy",
        "story",
        "table",
        "json",
        "jsonl",
        "csv",
        "parquet",
        "html",
        "spark",
        "local[1]",
        "pic.svg",
        "pic.png",
        "pic",
    ),
)
_OPTIONS = {
    "cluster": "--files-from --format --output --keep --against --plot --field --dayfirst --columns --set --config"
    " --threads --strict --quiet -v --log-json --help --steps --master",
    "compare": "--field --dayfirst --columns --set --config --plot --json -v --log-json --help",
    "evaluate": "--labels --field --dayfirst --columns --set --config --threads --json -v --log-json",
    "judge": "--files-from --labels --count --field --set --config --threads -v --log-json",
    "settings": "--field --dayfirst --columns --set --config --threads --json",
    "schema": "--help",
    "index add": "--store --batch --no-text --keep-days --settle-hours --field --set --threads --wait -v --log-json",
    "index update": "--store --field --batch --wait -v",
    "index remove": "--store --wait --ids",
    "index expire": "--store --before --days",
    "index reconcile": "--store --wait",
    "index check": "--store",
    "index match": "--store --field --dayfirst --columns",
    "index stories": "--store --since --outlet --min-size --limit",
    "index explain": "--store",
    "index stats": "--store",
    "index changes": "--store --since --follow --limit",
    "index export": "--store --format --output",
    "index rebuild": "--store --set",
    "nothing": "--version --help",
    "": "--version --help --install-completion",
}
_FLAGS = frozenset(
    ("--dayfirst", "--strict", "--quiet", "-v", "--log-json", "--help", "--json", "--no-text", "--version")
)
_NEVER = frozenset(("--follow", "--install-completion"))  # the first never ends, the second writes into a home
_UNSHOWN = frozenset(map(chr, [*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0)]))


def one(data: bytes) -> None:
    """Run one command in a folder of its own."""
    arguments = line(Given(data))
    with tempfile.TemporaryDirectory(prefix="dedup-fuzz-") as folder:
        for name, text in _TEXTS.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        before = Path.cwd()
        os.chdir(folder)
        try:
            check(arguments)
        finally:
            os.chdir(before)


def line(given: Given) -> list[str]:
    """Return the arguments of a command line."""
    command = given.choice([*_OPTIONS])
    options = [name for name in _OPTIONS[command].split() if name not in _NEVER]
    words = command.split()
    if command.startswith("index") and not given.chance(8):
        words += ["--store", given.choice(("s.db", "s.db", "a.txt", "nowhere/s.db", "."))]
    for _ in range(given.number(5)):
        words.append(given.choice(_PATHS))
    for _ in range(given.number(5)):
        option = given.choice(options)
        words.append(option)
        if option not in _FLAGS and not given.chance(12):
            words.append(given.choice(given.choice((_VALUES, _PATHS))))
    if given.chance(10):
        words.append(given.text(12).encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"))
    return words


def check(arguments: list[str]) -> None:
    """Check one command line."""
    from dedup.cli import main

    written = io.BytesIO()
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.TextIOWrapper(written, encoding="utf-8")
    stdin, argv = sys.stdin, sys.argv
    sys.stdin, sys.argv = io.TextIOWrapper(io.BytesIO(b'{"id": "z", "text": "From the pipe"}\n')), ["dedup", *arguments]
    code: object = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdin, sys.argv = stdin, argv
    err.flush()
    told = written.getvalue().decode()
    where = f"{arguments!r}: {code!r}: {told}"
    assert code in (0, 1, 2), where
    assert "Traceback" not in told, where
    assert "fault in dedup" not in told, where
    assert not set(told) & _UNSHOWN, where
    if code:
        assert told.strip() or "--strict" in arguments or "check" in arguments, where


def starts() -> list[bytes]:
    """Return seed inputs."""
    return [bytes([place, 1, 2, 1, place, 3, 5, 7, 1]) for place in range(len(_OPTIONS))]
