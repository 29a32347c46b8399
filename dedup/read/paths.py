"""Find the files that paths, folders and patterns mean, and name them."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from dedup.article import Notice
from dedup.formats.atomic import content_suffix
from dedup.formats.escaping import escape_name
from dedup.read.pattern import Fit, Pattern
from dedup.read.source import EMPTY

SIDECAR = ".dedup.jsonl"
"""The file that `--keep` writes next to articles that are files."""

_MAIL_FOLDERS = ("cur", "new")
"""The folders of a Maildir that hold mails, one in a file."""
_NO_MAILS = frozenset(("tmp", "maildirfolder"))
"""What stands beside them: mails that are being delivered, and the mark of a folder in a folder."""
_MAIL_NAME = re.compile(r"\d{5,}[._]|.*[:;!]2,[A-Za-z]*$")
"""Names of mails in a Maildir: the time of delivery first, flags last."""


def kind_of(path: PurePath) -> str:
    """Return the kind of a file by its name: the suffix without that of the compression, `.eml` in a Maildir."""
    if path.parent.name in _MAIL_FOLDERS and _MAIL_NAME.match(path.name):
        return ".eml"
    return content_suffix(Path(path))


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to read.

    Attributes:
        path: the file; None for standard input.
        shown: the path as the user would type it, safe to print.
        id: a name that does not depend on the working directory, also safe.
        roots: real paths of everything that was given to read; `open_file` opens nothing outside them.
        kind: see `kind_of`; JSON lines for standard input.
        member: the name of a file inside the archive at `path`, "" for a file by itself.
    """

    path: Path | None
    shown: str
    id: str
    roots: frozenset[str] = field(default=frozenset(), repr=False)
    kind: str = ".jsonl"
    member: str = ""


def find_files(arguments: Sequence[str], is_readable: Callable[[PurePath], bool]) -> Iterator[FoundFile | Notice]:
    """Yield the files that the arguments mean, folders in the order of names, and a notice for each problem.

    Hidden files and folders are skipped; a notice counts those that could be read. Links are followed if their target
    is below an argument; a folder with several links to it is read once.

    Args:
        arguments: files, folders and patterns as typed.
        is_readable: whether there is a reader for a file of this path.
    """
    patterns = [Pattern.of(argument) for argument in arguments]
    typed = [
        argument if pattern is None else pattern.base for argument, pattern in zip(arguments, patterns, strict=True)
    ]
    bounds = _Bounds(typed)
    for argument, path, pattern, prefix in zip(arguments, typed, patterns, _prefixes(typed), strict=True):
        if argument == "-":
            yield FoundFile(None, "-", "-")
        elif pattern:
            yield from _Walk(path, prefix, is_readable, bounds, pattern).files()
        else:
            yield from _named(argument, prefix, is_readable, bounds)


def _named(
    argument: str, prefix: str, is_readable: Callable[[PurePath], bool], bounds: _Bounds
) -> Iterator[FoundFile | Notice]:
    path, shown = Path(argument), printable(argument)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        yield Notice(shown, "there is no such file or folder", "skipped", skipped=True)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        yield Notice(shown, f"it cannot be opened ({reason(error)})", "skipped", skipped=True)
    else:
        if stat.S_ISDIR(mode):
            yield from _Walk(argument, prefix, is_readable, bounds).files()
        elif not stat.S_ISREG(mode):
            action = "skipped (- reads JSON lines from standard input)"
            yield Notice(shown, "it is no ordinary file", action, skipped=True)
        elif not is_readable(path):
            yield of_another_kind(path)
        else:
            yield FoundFile(path, shown, printable(prefix or path.name), bounds.roots, kind_of(path))


def _prefixes(arguments: Sequence[str]) -> list[str]:
    """Return the prefix of ids for each argument: none for a single argument, else its name.

    Arguments of the same name use the whole path as typed.
    """
    if len(arguments) == 1:
        return [""]
    own = [Path(os.path.abspath(argument)).name or argument for argument in arguments]  # noqa: PTH100 - no links resolved
    counts = Counter(own)
    return [
        name if counts[name] == 1 else Path(argument).as_posix() for name, argument in zip(own, arguments, strict=True)
    ]


class _Bounds:
    """The paths given to read. Nothing outside them is read."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.roots = frozenset(os.path.realpath(argument) for argument in arguments if "\0" not in argument)

    def hold(self, path: Path) -> bool:
        """Return whether the target of a link is below one of the paths."""
        target = Path(os.path.realpath(path))
        return any(str(place) in self.roots for place in (target, *target.parents))


@dataclass(slots=True)
class _Level:
    """A folder during the walk, with the entries still to visit in reverse order."""

    path: Path
    name: str
    parts: tuple[str, ...]
    waiting: list[str]
    links: frozenset[str]
    pages_read: frozenset[str]
    wanted: bool


@dataclass(slots=True)
class _Walk:
    """Walks the files below a folder, optionally those that match a pattern, without recursion."""

    folder: str
    prefix: str
    is_readable: Callable[[PurePath], bool]
    bounds: _Bounds
    pattern: Pattern | None = None
    _visited: set[tuple[int, int]] = field(default_factory=set)
    _counts: Counter[str] = field(default_factory=Counter)

    def files(self) -> Iterator[FoundFile | Notice]:
        levels: list[_Level] = []
        yield from self._enter(levels, Path(self.folder), self.prefix, (), not self.pattern)
        while levels:
            level = levels[-1]
            if not level.waiting:
                levels.pop()
                continue
            child = level.waiting.pop()
            parts = (*level.parts, child)
            fit = Fit.WHOLE if level.wanted or not self.pattern else self.pattern.fit(parts)
            if fit is Fit.NONE:
                continue
            path, name = level.path / child, f"{level.name}/{child}" if level.name else child
            try:
                status = path.stat()
                leads_out = child in level.links and not self.bounds.hold(path)
            except OSError as error:
                if fit is Fit.WHOLE:
                    yield from self._unreachable(path, error)
                continue
            if leads_out:
                self._counts["found"] += 1
                yield Notice(printable(path), "it is a link that leads out of what was given", "skipped", skipped=True)
            elif stat.S_ISDIR(status.st_mode):
                yield from self._enter(levels, path, name, parts, fit is Fit.WHOLE, status)
            elif fit is Fit.WHOLE:
                yield from self._file(path, name, status, child in level.pages_read)
        yield from self._summary()

    def _enter(
        self,
        levels: list[_Level],
        path: Path,
        name: str,
        parts: tuple[str, ...],
        wanted: bool,
        status: os.stat_result | None = None,
    ) -> Iterator[Notice]:
        names: list[str] = []
        links: set[str] = set()
        try:
            status = status or path.stat()
            if (folder := (status.st_dev, status.st_ino)) in self._visited:
                self._counts["again"] += 1
                return
            self._visited.add(folder)
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.name.startswith(".") and not _is_mail_folder(entry):
                        self._counts["hidden"] += wanted and self._hides_articles(entry)
                        continue
                    names.append(entry.name)
                    if entry.is_symlink():
                        links.add(entry.name)
        except OSError as error:
            self._counts["found"] += 1
            if isinstance(error, FileNotFoundError) and not levels:
                yield Notice(printable(path), "there is no such file or folder", "skipped", skipped=True)
            else:
                yield Notice(printable(path), f"the folder cannot be read ({reason(error)})", "skipped", skipped=True)
            return
        pages = (Path(name) for name in names if name.endswith((".html", ".htm")))
        page_folders = {f"{page.stem}_files" for page in pages}  # where browsers put the resources of a saved page
        if there := page_folders.intersection(names):
            names = [name for name in names if name not in there]
            self._counts["page_folders"] += len(there)
        if {*_MAIL_FOLDERS} <= {*names}:
            names = [name for name in names if name not in _NO_MAILS]
        names.sort(reverse=True)
        read = frozenset(name.removesuffix(".json") for name in names if name.endswith((".html.json", ".htm.json")))
        levels.append(_Level(path, name, parts, names, frozenset(links), read, wanted))

    def _file(self, path: Path, name: str, status: os.stat_result, page_read: bool) -> Iterator[FoundFile | Notice]:
        self._counts["found"] += 1
        if not self.is_readable(path):
            yield of_another_kind(path)
        elif not stat.S_ISREG(status.st_mode):
            yield Notice(printable(path), "it is no ordinary file, or a link to nothing", "skipped", skipped=True)
        elif page_read:
            self._counts["pages"] += 1
        elif not status.st_size:
            yield Notice(printable(path), EMPTY, "skipped", skipped=True)
        else:
            yield FoundFile(path, printable(path), printable(name), self.bounds.roots, kind_of(path))

    def _hides_articles(self, entry: os.DirEntry[str]) -> bool:
        """Return whether a hidden entry would otherwise be read. The file of --keep does not count."""
        return (
            entry.name != SIDECAR and not entry.is_symlink() and entry.is_file() and self.is_readable(Path(entry.path))
        )

    def _unreachable(self, path: Path, error: OSError) -> Iterator[Notice]:
        self._counts["found"] += 1
        if not self.is_readable(path):
            yield of_another_kind(path)
            return
        problem = f"it cannot be opened ({reason(error)})"
        if os.path.islink(path):  # noqa: PTH114 - never raises
            problem = "it is no ordinary file, or a link to nothing"
        yield Notice(printable(path), problem, "skipped", skipped=True)

    def _summary(self) -> Iterator[Notice]:
        """Yield notices that count what was skipped."""
        where = printable(self.folder)
        counts = self._counts
        if hidden := counts["hidden"]:
            what = "file is hidden" if hidden == 1 else "files are hidden"
            yield Notice(where, f"{hidden:,} {what} (the name begins with a dot)", "not read", skipped=False)
        if count := counts["pages"]:
            what = "page has its article" if count == 1 else "pages have their articles"
            yield Notice(where, f"{count:,} {what} in a .json file beside", "that is read instead", skipped=False)
        if count := counts["page_folders"]:
            what = "folder belongs to a saved page" if count == 1 else "folders belong to saved pages"
            yield Notice(where, f"{count:,} {what} beside", "not read", skipped=False)
        if count := counts["again"]:
            what = "link leads to a folder" if count == 1 else "links lead to folders"
            yield Notice(where, f"{count:,} {what} read already", "not read again", skipped=False)
        if not counts["found"]:
            if self.pattern:
                yield Notice(printable(self.pattern.typed), "no file fits this pattern", "nothing read", skipped=True)
            else:
                problem = "there is no file in it but hidden ones" if hidden else "the folder is empty"
                yield Notice(where, problem, "nothing read from it", skipped=True)


def _is_mail_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether a hidden entry is a folder of a Maildir, whose own folders have names such as `.Archive`."""
    if not entry.is_dir(follow_symlinks=False):
        return False
    return all(Path(entry.path, name).is_dir() for name in _MAIL_FOLDERS)


def reason(error: OSError | ValueError) -> str:
    """Return the reason of an error in words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def printable(path: str | os.PathLike[str]) -> str:
    """Return a path with U+FFFD in place of undecodable bytes, and with escapes for control characters."""
    return escape_name(os.fsencode(path).decode("utf-8", "replace"))


def of_another_kind(path: PurePath, shown: str = "") -> Notice:
    """Return the notice of a file without a reader."""
    kind = path.suffix.lower() or "no extension"
    return Notice(shown or printable(path), f"dedup does not read files of this kind ({kind})", "skipped", skipped=True)
