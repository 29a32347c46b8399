"""Run a target under atheris: `python tests/fuzz/fuzz_run.py words --seconds 3600` (pip install atheris; Linux).

Findings are written to `tests/fuzz/found/`; copy one to `tests/fuzz/cases/TARGET/` to keep it as a test case.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE))

TARGETS = ("records", "pages", "columns", "archives", "words", "stores", "command", "service")


def target(name: str) -> tuple[Callable[[bytes], None], Callable[[], list[bytes]]]:
    """Return the function that runs one execution, and the seed inputs."""
    if name in ("records", "pages", "columns", "archives"):
        import fuzz_readers

        return partial(fuzz_readers.one, lot=name), partial(fuzz_readers.starts, name)
    if name == "words":
        import fuzz_words

        return fuzz_words.one, fuzz_words.starts
    if name == "stores":
        import fuzz_stores

        return fuzz_stores.one, fuzz_stores.starts
    if name == "service":
        import fuzz_service

        return fuzz_service.one, fuzz_service.starts
    import fuzz_command

    return fuzz_command.one, fuzz_command.starts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", type=int, default=4096, help="bytes of an input")
    chosen = parser.parse_args()
    import atheris

    kernels = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "dedup").rglob("kernels/*.py")
    ]  # what is compiled for the machine cannot be followed
    with atheris.instrument_imports(include=["dedup"], exclude=kernels):
        run, starts = target(chosen.target)
        starts()
        run(b"")  # imports what is imported late
    corpus, found = HERE / "corpus" / chosen.target, HERE / "found" / chosen.target
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for place, start in enumerate(starts()):
        (corpus / f"start-{place}").write_bytes(start)
    cases = HERE / "cases" / chosen.target
    options = [
        *(f"-max_total_time={chosen.seconds}", f"-seed={chosen.seed}", f"-max_len={chosen.largest}"),
        *("-timeout=240", "-rss_limit_mb=4096", f"-artifact_prefix={found}/", "-print_final_stats=1"),
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus), *([str(cases)] if cases.is_dir() else [])], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
