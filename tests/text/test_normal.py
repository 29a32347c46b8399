"""The table of normalisation, against `unicodedata` of the running Python."""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files

import pytest

from dedup.text import build_normal

TABLE = files("dedup.text").joinpath("normal.tsv").read_text(encoding="ascii")
BUILT_FROM = re.match(r"# Unicode ([\d.]+):", TABLE)


@pytest.mark.skipif(
    BUILT_FROM is None or BUILT_FROM[1] != unicodedata.unidata_version,
    reason="this Python has another Unicode version than the one the table was built from",
)
def test_the_table_is_what_its_builder_makes() -> None:
    assert TABLE.splitlines()[1:] == build_normal.rows()


def test_what_composes_composes_in_every_unicode_version() -> None:
    pairs = [line.split("\t")[:2] for line in TABLE.splitlines() if line.endswith("\t+")]
    assert len(pairs) > 900
    for first, second in pairs:
        both = chr(int(first, 16)) + chr(int(second, 16))
        assert len(unicodedata.normalize("NFC", both)) == 1, (first, second)


def test_code_points_the_table_knows_keep_their_order_and_form() -> None:
    for line in TABLE.splitlines()[1:]:
        first, last, kind = line.split("\t")
        if kind[0] in "PJC":
            for point in range(int(first, 16), int(last, 16) + 1):
                assert unicodedata.combining(chr(point)) == int(kind[1:]), hex(point)
                assert unicodedata.is_normalized("NFC", chr(point)), hex(point)
