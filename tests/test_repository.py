"""The repository: two working commands, a licence, and no trace of the machine it was made on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import dedup

ROOT = Path(__file__).resolve().parents[1]

HOSTS = {
    *{"cldr.unicode.org", "creativecommons.org", "github.com", "keepachangelog.com", "semver.org"},
    *{"matplotlib.org", "purl.org", "www.w3.org"},  # in figures
    "schemas.openxmlformats.org",  # in spreadsheets
    *{"127.0.0.1", "0.0.0.0"},  # noqa: S104 - this machine, where the service listens
    *{"json-schema.org", "jsonfeed.org"},  # what a schema or a feed says it is
    *{"my.netscape.com", "search.yahoo.com", "www.tei-c.org", "schema.org"},  # names of elements
    *{"www-paper-example.cdn.ampproject.org", "www.google.com", "www.bing.com", "l.facebook.com"},  # of redirections
    *{"web.archive.org", "mozilla.org"},  # of an archived page; of a licence
}
"""Hosts that files may name, besides invented ones (RFC 2606); package registries are not among them."""


def tracked() -> list[Path]:
    """Return the files of the repository."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = [ROOT / name for name in listed.decode().split("\0") if name]
    assert found
    return [path for path in found if path.is_file()]


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def test_the_package_tested_is_the_one_beside_the_tests_or_else_installed() -> None:
    package = Path(str(dedup.__file__)).resolve().parent
    if (ROOT / "dedup").exists():
        assert package == ROOT / "dedup"
    else:  # a copy that `tests/installed.py` made
        assert package == Path(str(metadata.distribution("story-dedup").locate_file("dedup"))).resolve()


def test_the_readme_has_its_two_commands() -> None:
    """`.ci/run` takes the second command from there."""
    lines = [line for line in text_of(ROOT / "README.md").splitlines() if line.startswith("python3 -m venv")]
    assert len(lines) == 2
    assert len([line for line in lines if "pytest" in line]) == 1
    assert len([line for line in lines if "dedup cluster seeds" in line]) == 1


def test_the_changelog_has_an_unreleased_section() -> None:
    headings = re.findall(r"^## (.*)$", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"


def test_the_licence_is_mit() -> None:
    assert text_of(ROOT / "LICENSE").startswith("MIT License\n")
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    assert project["license"] == "MIT"
    assert all((ROOT / name).is_file() for name in project["license-files"])


def test_every_licence_in_the_package_is_named() -> None:
    named = set(tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["license-files"])
    assert named == {path.relative_to(ROOT).as_posix() for path in tracked() if path.name.endswith("LICENSE")}


def test_no_file_names_a_place_on_this_machine() -> None:
    places = {ROOT, ROOT.parent, Path.home(), Path(sys.prefix)} - {Path(ROOT.anchor), Path(tempfile.gettempdir())}
    named = re.compile(
        r"(?<![\w.-])(?:" + "|".join(re.escape(str(place)) for place in sorted(places)) + r")[/\\]\w"
        r"|(?<![\w.-])/(?:home|Users)/\w|\b[A-Z]:\\Users\b"
    )
    assert {(path.name, found[0]) for path in tracked() for found in named.finditer(text_of(path))} == set()


def test_no_file_names_a_host_it_should_not() -> None:
    named = {
        (path.name, host)
        for path in tracked()
        for host in re.findall(r"https?://([\w.-]+)", text_of(path))
        if host not in HOSTS and not re.search(r"(^|\.)example(\.\w+)?$", host)
    }
    assert named == set()
