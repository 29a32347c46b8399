"""The shipped table of code points, against the script that builds it and the Unicode it was built from."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import unicodedata
from importlib.resources import files
from itertools import chain, pairwise

import pytest

from dedup.text import build_alphabet
from dedup.text.alphabet import alphabet

TABLE = files("dedup.text").joinpath("alphabet.tsv").read_text(encoding="ascii")
BUILT_FROM = re.match(r"# Unicode ([\d.]+):", TABLE)


def rows() -> list[tuple[int, int, str, int]]:
    split = (line.split("\t") for line in TABLE.splitlines()[1:])
    return [(int(first, 16), int(last, 16), kind, int(shift)) for first, last, kind, shift in split]


same_unicode = pytest.mark.skipif(
    BUILT_FROM is None or BUILT_FROM[1] != unicodedata.unidata_version,
    reason="this Python has another Unicode version than the one the table was built from",
)


def test_the_table_is_the_one_method_version_1_was_made_with() -> None:
    """A change here changes tokens: it needs a new METHOD_VERSION, new backgrounds, and only then a new digest."""
    assert hashlib.sha256(TABLE.encode()).hexdigest()[:16] == "33f8917f7cf4a077"


def test_rows_are_in_order_and_do_not_overlap() -> None:
    for (_, last, *_), (first, *_) in pairwise(rows()):
        assert last < first
    for first, last, kind, _ in rows():
        assert first <= last
        assert kind in set("CLDMUI")
        assert not (first <= 0xDFFF and last >= 0xD800), "surrogates are no letters"


@same_unicode
def test_the_table_is_what_its_builder_writes() -> None:
    found = {point: (kind, shift) for first, last, kind, shift in rows() for point in range(first, last + 1)}
    planes = (range(0xD800), range(0xE000, 0x32000), range(0xE0000, 0xE0200))  # no letters are anywhere else
    assert all(any(point in plane for plane in planes) for point in found)
    for point in chain(*planes):
        kind = build_alphabet.kind(point)
        expected = (kind, build_alphabet.fold(point) - point) if kind else None
        assert found.get(point) == expected, hex(point)


@same_unicode
def test_every_mark_that_is_reordered_is_bounded() -> None:
    stack = alphabet().stack
    for first, last, *_ in rows():
        for point in range(first, last + 1):
            if unicodedata.combining(chr(point)):
                assert stack.fullmatch(chr(point) * 40), hex(point)


def test_folding_is_done_once() -> None:
    """Folding is idempotent, and the folded form of a letter or digit is a letter or digit."""
    kinds = {point: kind for first, last, kind, _ in rows() for point in range(first, last + 1)}
    folding = alphabet().folding
    for point, folded in folding.items():
        if folded is None:
            assert kinds[point] == "I"
            continue
        assert folding.get(folded, folded) == folded, hex(point)
        assert kinds[folded] == {"C": "L"}.get(kinds[point], kinds[point]), hex(point)


def test_tokens_owe_nothing_to_the_tables_of_this_python() -> None:
    """The modules that make tokens use of `unicodedata` only `normalize`, which Unicode keeps stable, and no `\\w`."""
    program = """
import unicodedata
def refuse(*args): raise AssertionError("asked this Python what a character is")
for name in ("category", "combining", "digit", "decimal", "numeric", "name", "bidirectional", "lookup"):
    setattr(unicodedata, name, refuse)
from dedup.text.tokens import tokenize
print(ascii(tokenize("Ça Ⅷ ΟΔΟΣ \\u0662 İ 水火 กขค \\u00adx \\U0001D7D8").words))
print(ascii(tokenize("\\u1c89a \\u088f \\U000105C0 \\ua7cb").words))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert not done.stderr
    first, later = done.stdout.splitlines()
    assert first == ascii(["ça", "οδοσ", "2", "i", "水火", "กข", "ขค", "x", "0"])
    assert later == ascii(["a"]), "letters newer than the table are no letters, whatever this Python thinks of them"
