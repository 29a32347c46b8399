"""Numbers of English texts as figures, so that the house style of an outlet changes no number.

`forty-two` becomes `42`, `2.4bn` becomes `2.4 billion`, `twenty-one thousand` becomes `21,000`, `18 per cent` becomes
`18%`, and `first of July` becomes `1 July`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.features import IS_CAPITAL, IS_NUMBER, HashedText
from dedup.vectorize.hashing import hashes_of

_BELOW_TWENTY = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SPELLED = {word: number for number, word in enumerate(_BELOW_TWENTY)} | {
    word: number for number, word in zip(range(20, 100, 10), _TENS, strict=True)
}
"""The value of each word of a spelled number below a hundred."""
_ORDINALS = [
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", *(f"{word}th" for word in _BELOW_TWENTY[13:]), "twentieth"),
]
_SCALES = {"k": "000", "m": "million", "mn": "million", "bn": "billion", "tn": "trillion"}
"""Units that are written onto a figure."""
_ENDINGS = ("st", "nd", "rd", "th")
_MOST = 1_000
_LAST_BITS = 0xFFFF


class _Table(NamedTuple):
    """What words and figures mean, by their hashes.

    Attributes:
        spelled: values below a hundred.
        ordinals: words of dates, by their values.
        written: figures with something written onto them, and the two hashes that they stand for, the second perhaps 0.
        figures, padded: the hash of each number below a thousand, and of the same in three digits.
        keys: the hashes of all words that begin or continue a number.
        may_be: which of the last 16 bits of a hash are those of a key that is no figure.
    """

    spelled: dict[int, int]
    ordinals: dict[int, int]
    written: dict[int, tuple[int, int]]
    figures: list[int]
    padded: list[int]
    keys: frozenset[int]
    may_be: NDArray[np.bool_]
    hundred: int
    thousand: int
    and_: int
    of: int
    per: int
    cent: int
    percent: int


@cache
def _table() -> _Table:
    figures = hashes_of([str(number) for number in range(_MOST)]).tolist()
    padded = hashes_of([f"{number:03}" for number in range(_MOST)]).tolist()
    single = hashes_of(["hundred", "thousand", "and", "of", "per", "cent", "percent"]).tolist()
    spelled = dict(zip(hashes_of(SPELLED).tolist(), SPELLED.values(), strict=True))
    ordinals = dict(zip(hashes_of(_ORDINALS).tolist(), range(1, len(_ORDINALS) + 1), strict=True))
    written: dict[int, tuple[int, int]] = {}
    units = {unit: int(hashes_of([word])[0]) for unit, word in _SCALES.items()} | dict.fromkeys(_ENDINGS, 0)
    for unit, meaning in units.items():
        for figure, word in zip(
            figures, hashes_of([f"{number}{unit}" for number in range(_MOST)]).tolist(), strict=True
        ):
            written[word] = figure, meaning
    words = [*spelled, *ordinals, single[1], single[4], single[6]]
    may_be = np.zeros(_LAST_BITS + 1, np.bool_)
    may_be[np.array(words) & _LAST_BITS] = True
    return _Table(spelled, ordinals, written, figures, padded, frozenset([*words, *written]), may_be, *single)


def with_figures(text: HashedText, length: int) -> HashedText:
    """Return the first words of a text, with numbers as figures; `length` words are read."""
    words, flags, table = text.hashes[:length], text.flags[:length], _table()
    given = words.tolist()
    candidates = np.flatnonzero(table.may_be[words & np.uint32(_LAST_BITS)] | (flags & IS_NUMBER > 0)).tolist()
    pieces: list[Any] = []
    flag_pieces: list[Any] = []
    done = 0
    for begin in candidates:
        if begin < done or given[begin] not in table.keys:
            continue
        after_number = begin > 0 and (begin == done or bool(flags[begin - 1] & IS_NUMBER))
        read = _read(given, flags, begin, table, after_number=after_number)
        if read is not None:
            numbers, end = read
            pieces += [words[done:begin], numbers]
            flag_pieces += [flags[done:begin], [IS_NUMBER] * len(numbers)]
            done = end
    if not pieces:
        return HashedText(words, flags)
    return HashedText(
        np.concatenate([*pieces, words[done:]], dtype=np.uint32, casting="unsafe"),
        np.concatenate([*flag_pieces, flags[done:]], dtype=np.uint8, casting="unsafe"),
    )


def _read(
    words: list[int], flags: NDArray[np.uint8], begin: int, table: _Table, *, after_number: bool
) -> tuple[list[int], int] | None:
    """Read a number, or a unit after one; return the hashes that stand for it, and where it ends."""
    word = words[begin]
    following = words[begin + 1 : begin + 2]
    if word in table.written:
        figure, unit = table.written[word]
        return [figure, unit] if unit else [figure], begin + 1
    if word in table.ordinals:
        is_date = following == [table.of] and bool((flags[begin + 2 : begin + 3] & IS_CAPITAL).any())
        return ([table.figures[table.ordinals[word]]], begin + 2) if is_date else None
    if word in table.spelled:
        value, end = _below_thousand(words, begin, table)
        if words[end : end + 1] != [table.thousand]:
            return [table.figures[value]], end
        rest, end = _below_thousand(words, end + 1, table)
        return [table.figures[value], table.padded[rest]], end
    if not after_number:
        return None
    if word == table.thousand:
        return [table.padded[0]], begin + 1
    if word == table.percent:
        return [], begin + 1
    return ([], begin + 2) if following == [table.cent] else None


def _below_thousand(words: list[int], begin: int, table: _Table) -> tuple[int, int]:
    """Read a spelled number below a thousand; return it, 0 where there is none, and where it ends."""
    value, end = _below_hundred(words, begin, table)
    if 0 < value < 10 and words[end : end + 1] == [table.hundred]:
        value, end = 100 * value, end + 1
    elif end > begin:
        return value, end
    skipped = end + (words[end : end + 1] == [table.and_])
    rest, rest_end = _below_hundred(words, skipped, table)
    return (value + rest, rest_end) if rest_end > skipped else (value, end)


def _below_hundred(words: list[int], begin: int, table: _Table) -> tuple[int, int]:
    value = table.spelled.get(words[begin], -1) if begin < len(words) else -1
    if value < 0:
        return 0, begin
    unit = table.spelled.get(words[begin + 1], 0) if begin + 1 < len(words) else 0
    return (value + unit, begin + 2) if value >= 20 and 0 < unit < 10 else (value, begin + 1)
