"""A process that only compiles lets numba compile faster, with the same results."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("numba")

PROGRAM = """
import numpy as np
from numba.core.compiler import Flags
from dedup.vectorize.kernels.compiling import kernel, kept
from dedup.vectorize.kernels.linked import quicken_compiler

one, other, third = Flags(), Flags(), Flags()
one.nrt, other.nrt, third.nrt = True, True, False
before = one == other, one == third, third == Flags(), one == 1, hash(one) == hash(third)
quicken_compiler()
assert before == (one == other, one == third, third == Flags(), one == 1, hash(one) == hash(third)) == (
    True, False, True, False, True
)

@kernel
def squares(count):
    found = np.zeros(count, np.int64)
    for place in range(count):
        found[place] = place * place
    return found

@kept
def total(count):
    sums = np.full(2, 0.5)
    sums[1] += squares(count).sum()
    return sums

assert total(5).tolist() == [0.5, 30.5]
"""


def test_what_is_compiled_is_the_same() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
