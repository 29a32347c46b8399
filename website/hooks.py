"""MkDocs hooks: pages generated from the code, and links from the documentation to them.

- README.md, CONTRIBUTING.md and other files of the root are pages; README.md is the first one.
- `help.md` has the `--help` of every command, `api.md` lists all public names for mkdocstrings, and a notebook
  `docs/NAME.ipynb` is the page `NAME.md`.
- A link to a file of the repository leads to a page that shows it. Links in the sources are valid in the repository.

MkDocs calls the functions whose names begin with `on_`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
ROOT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
LINK = re.compile(r"(?<=\]\()(?!\w+:|#|/)([^)#\s]+)((?:#[^)\s]*)?)(?=\))")
FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".md": "markdown", ".yml": "yaml"}
HIDDEN = "---\nsearch:\n  exclude: true\n---\n\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add generated pages, and pages for the repository files that any page links to."""
    for name in ROOT_PAGES:
        if (ROOT / name).exists():
            files.append(File.generated(config, name, content=(ROOT / name).read_text(encoding="utf-8")))
    files.append(File.generated(config, "help.md", content=help_page()))
    files.append(File.generated(config, "api.md", content=api_page()))
    files.append(File.generated(config, "assets/iframe-worker.js", abs_src_path=str(ROOT / "website/iframe-worker.js")))
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(file)
        made = File.generated(config, posixpath.splitext(file.src_uri)[0] + ".md", content=notebook_page(file))
        files.append(made)
    waiting = [file for file in files if file.is_documentation_page()]
    while waiting:
        for path in linked(waiting.pop()):
            name = page_of(path)
            if name.startswith("source/") and not files.get_file_from_path(name):
                shown = File.generated(config, name, content=source_page(path), inclusion=InclusionLevel.NOT_IN_NAV)
                files.append(shown)
                waiting.append(shown)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs's
    """Rewrite the links of a page for the site."""
    here = page.file.src_uri

    def led(link: re.Match[str]) -> str:
        name = page_of(posixpath.normpath(posixpath.join(home_of(here), link[1])))
        return posixpath.relpath(name, posixpath.dirname(here) or ".") + link[2]

    return outside_fences(markdown, lambda text: LINK.sub(led, text))


# Locations


def home_of(src: str) -> str:
    """Return the folder of the repository that a page's links are relative to."""
    if src in ROOT_PAGES:
        return ""
    if src.startswith("source/"):
        return posixpath.dirname(src.removeprefix("source/"))
    return posixpath.join("docs", posixpath.dirname(src))


def page_of(path: str) -> str:
    """Return the page or picture that shows a file or folder of the repository."""
    if path in ROOT_PAGES:
        return path
    if path.startswith("docs/"):
        return re.sub(r"\.ipynb$", ".md", path.removeprefix("docs/"))
    return f"source/{path}.md"


def linked(file: File) -> Iterator[str]:
    """Return the repository paths that a page links to."""
    text = FENCED.sub("", file.content_string)
    for target, _ in LINK.findall(text):
        path = posixpath.normpath(posixpath.join(home_of(file.src_uri), target))
        if not (ROOT / path).exists() and page_of(path) not in MADE:
            raise PluginError(f"{file.src_uri} links to {target}, and there is nothing at {path}")
        yield path


MADE = ("help.md", "api.md")


def outside_fences(markdown: str, change: Callable[[str], str]) -> str:
    """Change Markdown outside of code blocks."""
    pieces, end = [], 0
    for block in FENCED.finditer(markdown):
        pieces += [change(markdown[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*pieces, change(markdown[end:])])


# Generated pages


def source_page(path: str) -> str:
    """Return a page that shows a file or lists a folder."""
    place = ROOT / path
    if place.is_dir():
        names = sorted(found.relative_to(place).as_posix() for found in place.rglob("*") if found.is_file())
        lines = [f"- [{name}]({name})" for name in names if "__pycache__" not in name and not name.startswith(".")]
        base = posixpath.basename(path)
        return HIDDEN + f"# {path}/\n\n" + "\n".join(line.replace("](", f"]({base}/") for line in lines) + "\n"
    try:
        text = place.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        text = f"({place.stat().st_size:,} bytes that are no text)"
    fence = "`" * 10
    return HIDDEN + f"# {path}\n\n{fence}{LANGUAGES.get(place.suffix, 'text')}\n{text.rstrip()}\n{fence}\n"


def help_page() -> str:
    """Return a page with the help of every command."""
    parts = [
        "# Help of the command\n",
        "What each command says to `--help`, written here by the command itself when the site is built.\n",
    ]
    for words, text in helps():
        parts.append(f"## `{' '.join(words)}`\n\n```text\n$ {' '.join(words)} --help\n{text.rstrip()}\n```\n")
    return "\n".join(parts)


def helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Return every command with its help, in 80 columns."""
    import typer

    from dedup.cli import application

    def visit(command: Any, context: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
        yield words, command.get_help(context)
        for name in getattr(command, "commands", {}):
            inner = command.commands[name]
            below = inner.context_class(inner, info_name=name, parent=context, terminal_width=80)
            yield from visit(inner, below, (*words, name))

    group: Any = typer.main.get_command(application())
    yield from visit(group, group.context_class(group, info_name="dedup", terminal_width=80), ("dedup",))


def api_page() -> str:
    """Return a page with a heading for each kind of public name and the names for mkdocstrings."""
    import dedup

    public = {name: getattr(dedup, name) for name in dedup.__all__ if name != "__version__"}
    kinds = {name: kind_of(value) for name, value in public.items()}
    parts = [
        "# Docstrings of the library\n",
        "Every public name of `dedup`, as its docstring has it, put here when the site is built.",
        "The same with examples is in the [reference](reference.md#the-library).\n",
    ]
    for kind in ("Functions", "Classes", "Estimators", "Errors"):
        names = sorted((name for name in public if kinds[name] == kind), key=str.lower)
        parts += [f"## {kind}\n", *(f"::: dedup.{name}\n" for name in names)]
    return "\n".join(parts)


def kind_of(value: Any) -> str:
    if not isinstance(value, type):
        return "Functions"
    if issubclass(value, Exception):
        return "Errors"
    return "Estimators" if value.__module__ == "dedup.estimators" else "Classes"


def notebook_page(file: File) -> str:
    """Return a notebook as a page, with its stored output."""
    import nbformat
    from nbconvert import MarkdownExporter

    notebook = nbformat.reads(file.content_string, as_version=4)  # type: ignore[no-untyped-call]
    text, _ = MarkdownExporter().from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    return str(text)
