"""What a compiling process does in tests: one kernel, in a second."""

from __future__ import annotations

import time

from dedup.vectorize.kernels.cache import mark_compiled


def compile_few() -> None:
    from dedup.vectorize.kernels.murmur import hash_words

    hash_words(["mill"])
    mark_compiled("few")


def compile_on_a_full_disk() -> None:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    compile_few()


def compile_for_ever() -> None:
    time.sleep(600)
