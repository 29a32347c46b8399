"""Which files do the paths on a command line mean, and what are they called?"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dedup.article import Notice


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read.

    Attributes:
        path: where it is; None for standard input.
        shown: the same as the user would type it, fit for printing.
        id: a name that does not change with the folder the command is run in.
    """

    path: Path | None
    shown: str
    id: str


def find_files(arguments: Sequence[str], is_readable: Callable[[str], bool]) -> Iterator[Found | Notice]:
    """The files that the arguments mean, folders in the order of their names; a notice for whatever is none.

    Hidden files and folders are passed over. Links are followed; a folder that several links lead to is read once.

    Args:
        arguments: files and folders as typed.
        is_readable: whether there is a reader for a file of this name.
    """
    for argument, prefix in zip(arguments, _prefixes(arguments), strict=True):
        if argument == "-":
            yield Found(None, "-", "-")
            continue
        shown = printable(argument)
        path = Path(argument)
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            yield Notice(shown, "there is no such file or folder", "skipped", skipped=True)
        except (OSError, ValueError) as error:  # ValueError: a null byte in the name
            yield Notice(shown, f"it cannot be opened ({reason(error)})", "skipped", skipped=True)
        else:
            if stat.S_ISDIR(mode):
                yield from _walk(argument, prefix, is_readable)
            elif not is_readable(path.name):
                problem = f"dedup does not read files of this kind ({_kind(path.name)})"
                yield Notice(shown, problem, "skipped", skipped=True)
            elif not stat.S_ISREG(mode):
                yield Notice(shown, "it is no ordinary file", "skipped", skipped=True)
            else:
                yield Found(path, shown, printable(prefix or path.name))


def _prefixes(arguments: Sequence[str]) -> list[str]:
    """What the ids of each argument begin with: nothing if it is the only one, else its own name.

    Arguments of the same name are told apart by all that was typed.
    """
    if len(arguments) == 1:
        return [""]
    own = [Path(os.path.abspath(argument)).name or argument for argument in arguments]  # noqa: PTH100 - no links resolved
    counts = Counter(own)
    return [
        name if counts[name] == 1 else Path(argument).as_posix() for name, argument in zip(own, arguments, strict=True)
    ]


def _walk(argument: str, prefix: str, is_readable: Callable[[str], bool]) -> Iterator[Found | Notice]:
    unread: Counter[str] = Counter()
    visited: set[tuple[int, int]] = set()
    waiting = [(Path(argument), prefix)]  # a stack with the next one last: no depth is too deep
    empty = True
    while waiting:
        path, name = waiting.pop()
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
            try:
                status = path.stat()
                if (folder := (status.st_dev, status.st_ino)) in visited:
                    continue
                visited.add(folder)
                children = [child for child in os.listdir(path) if not child.startswith(".")]  # noqa: PTH208 - only names
            except OSError as error:
                empty = False
                yield Notice(printable(path), f"the folder cannot be read ({reason(error)})", "skipped", skipped=True)
            else:
                children.sort(reverse=True)
                waiting += [(path / child, f"{name}/{child}" if name else child) for child in children]
            continue
        empty = False
        if not is_readable(path.name):
            unread[_kind(path.name)] += 1
        elif not os.path.isfile(path):  # noqa: PTH113 - as above
            yield Notice(printable(path), "it is no ordinary file, or a link to nothing", "skipped", skipped=True)
        else:
            yield Found(path, printable(path), printable(name))
    if unread:
        count = unread.total()
        what = "file of a kind" if count == 1 else "files of kinds"
        kinds = ", ".join(sorted(unread))
        yield Notice(printable(argument), f"{count} {what} dedup does not read ({kinds})", "ignored", skipped=True)
    elif empty:
        yield Notice(printable(argument), "the folder is empty", "nothing read from it", skipped=True)


def reason(error: OSError | ValueError) -> str:
    """Why the system would not open something."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def printable(path: str | os.PathLike[str]) -> str:
    """A path with U+FFFD for the bytes that are no characters."""
    return os.fsencode(path).decode("utf-8", "replace")


def _kind(name: str) -> str:
    return Path(name).suffix.lower() or "no extension"
