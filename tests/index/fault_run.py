"""Random operations on an index under random faults, compared with a dictionary: `python tests/index/fault_run.py`.

`--seconds 3600 --seed 7` runs for an hour. An episode is one store, from its first article to its end; each has a
random state of its own, so `--seed 7 --episode 31` runs the one that failed again. What is random about *when* a
process is killed or stopped is not repeated exactly; at which write it is killed is.
"""

from __future__ import annotations

import argparse
import errno
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGCONT, SIGINT, SIGSTOP
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))  # this is run as a program
from index_process import BROKEN, Answer, IndexProcess, Seen
from made_articles import stream
from store_model import DAY, Counts, Episode, State, ViolationError

from dedup import Article, StoryIndex, cluster
from dedup.vectorize.kernels.cache import cache_folder, is_compiled

STEPS = 40
"""Operations and faults of an episode."""


class FaultyEpisode(Episode):
    """An episode with faults.

    Args:
        disk: whether writes can be made to fail: see `failing_disk.c`.
        kernels: the kept machine code of kernels, of which copies are damaged; None for no such fault.
    """

    def __init__(self, *arguments: Any, disk: bool, kernels: Path | None) -> None:
        super().__init__(*arguments)
        self.kernels = kernels
        self.faults: list[Callable[[], None]] = [
            *(
                self.killed_by_time,
                self.interrupted,
                self.stopped,
                self.forked,
                self.clock_jumps,
                self.clock_impossible,
            ),
            *(self.lock_removed, self.moved, self.moved, self.deleted, self.replaced, self.copied_over),
            *(self.restored, self.memory_limited),
        ]
        if kernels is not None:
            self.faults.append(self.cache_torn)
        if disk:
            by_disk = [self.disk_fails, self.disk_full, self.killed_at_write, self.opened_badly, self.restored_badly]
            self.faults += 3 * by_disk

    def run(self, until: float) -> None:
        """Run the episode, or what of it there is time for.

        Raises:
            ViolationError: the index did what it must not.
        """
        try:
            for _ in range(STEPS):
                if time.monotonic() > until:
                    break
                self.now += float(self.rng.random()) * 0.5 * DAY
                if self.rng.random() < 0.3:
                    fault = self.pick(self.faults)
                    self.trace.append(fault.__name__)
                    fault()
                    self.verify()
                else:
                    self.operate()
                if self.rng.random() < 0.05:
                    self.verify()
            self.finish()
        except TimeoutError as error:
            raise ViolationError("hanging", str(error)) from error
        finally:
            for process in IndexProcess.alive:
                process.end()

    # Faults

    def fault(self, name: str) -> None:
        self.counts.faults[name] += 1

    def several(self) -> None:
        """Run operations until one fails, four at most."""
        for _ in range(4):
            if not self.operate():
                return

    def killed_by_time(self) -> None:
        operation = self.operation(
            self.pick(["add", "add_many", "add_many", "remove", "reconcile", "vacuum", "rebuild"])
        )
        self.begin(operation)
        time.sleep(float(self.rng.random()) ** 2 * 0.2)
        self.writing().kill()
        self.armed = "kill"
        self.fault("kill")
        self.conclude(operation, self.writing().answer())
        self.stop_writer()
        self.armed = ""

    def interrupted(self) -> None:
        """The user interrupts what runs; the same writer must go on."""
        operation = self.operation(self.pick(["add", "add_many", "update", "remove", "reconcile", "vacuum", "rebuild"]))
        self.begin(operation)
        time.sleep(float(self.rng.random()) ** 2 * 0.2)
        self.writing().kill(SIGINT)
        self.armed = "interrupt"
        self.conclude(operation, self.writing().answer())
        self.armed = ""
        self.fault("interrupt")
        self.operate("add")

    def killed_at_write(self) -> None:
        self.with_disk(0, 1, "kill at a write")

    def disk_fails(self) -> None:
        self.with_disk(errno.EIO, self.pick([1, 1, 3, 1_000_000]), "EIO")

    def disk_full(self) -> None:
        self.with_disk(errno.ENOSPC, self.pick([1, 1_000_000]), "ENOSPC")

    def with_disk(self, error: int, count: int, name: str) -> None:
        """Run operations while the disk fails; then the same writer, if it lives, must go on."""
        self.arm(self.writing(), error, count)
        self.several()
        self.armed = ""
        self.fault(name)
        if self.writer is not None:
            self.writer.ask("mend_disk")
        self.verify()
        self.operate()

    def arm(self, process: IndexProcess, error: int, count: int) -> None:
        after, torn = int(self.rng.geometric(0.06)) - 1, bool(self.rng.random() < 0.3)
        self.trace.append(f"error {error} {count} times after {after} writes{', torn' * torn}")
        process.ask("fail_disk", after, error, torn, count)
        self.armed = "disk"

    def opened_badly(self) -> None:
        """Opening, and what it recovers, is killed or meets an error."""
        if self.rng.random() < 0.3:
            self.done(self.writing().ask("close"))
        self.stop_writer()
        error = self.pick([0, errno.EIO, errno.ENOSPC])
        process = self.process()
        self.arm(process, error, 1)
        self.unlucky(process, self.open(process), "opened with a failing disk")

    def stopped(self) -> None:
        operation = self.operation(self.pick(["add", "add_many", "remove", "reconcile"]))
        self.begin(operation)
        time.sleep(float(self.rng.random()) * 0.03)
        self.writing().kill(SIGSTOP)
        self.fault("stop")
        if self.rng.random() < 0.3:
            self.lock().unlink(missing_ok=True)  # a broken store may make none
        self.must_refuse(self.rival(), "a second writer")
        reader = self.reading()
        articles, stories = self.done(reader.ask("glance"))
        reader.end()
        self.writing().kill(SIGCONT)
        if all(self.problems(state, articles) for state in (self.state, *self.maybe, *operation.states)):
            raise ViolationError("inconsistent", "a reader saw half of an operation")
        if stories.keys() != articles.keys():
            raise ViolationError("inconsistent", "a reader saw articles without a story")
        self.conclude(operation, self.writing().answer())

    def forked(self) -> None:
        if wrong := self.done(self.writing().ask("fork", self.draw())):
            raise ViolationError("inconsistent", f"the child of a fork was not refused: {wrong}")
        self.fault("fork")
        self.operate("add")

    def clock_jumps(self) -> None:
        self.operate("add")  # the first reading of an index is believed
        # A second jump is far from the first: a clock that shows a week later may have been left alone for a week.
        for days in self.rng.choice([30, 100, 500, 5_000], self.pick([1, 1, 2]), replace=False).tolist():
            jump = self.pick([-1, 1]) * days * DAY * (1 + 0.5 * float(self.rng.random()))
            self.trace.append(f"clock {jump / DAY:+.0f} days")
            for _ in range(int(self.rng.integers(1, 4))):
                operation = self.operation(self.pick(["add", "add_many", "remove", "reconcile", "rebuild"]))
                now, self.now = self.now, self.now + jump
                self.begin(operation)
                self.now = now
                self.conclude(operation, self.writing().answer())
            self.fault("clock jump")
        self.operate("add")

    def clock_impossible(self) -> None:
        self.writing().ask("set_clock", self.pick([math.nan, math.inf, -math.inf, -1.0, 1e18]))
        self.must_refuse(self.writing().ask("add", self.draw()), "an impossible clock")
        self.fault("impossible clock")
        self.operate("add")

    def lock(self) -> Path:
        return self.path.with_name(f"{self.path.name}-writer")

    def lock_removed(self) -> None:
        self.writing()
        self.lock().unlink(missing_ok=True)
        self.must_refuse(self.rival(), "a second writer after the lock was removed")
        self.fault("lock removed")
        self.operate("add")

    def away(self, what: str) -> None:
        """Nothing is acknowledged, and nothing made, while the file is not there."""
        there = self.path.exists()
        for _ in range(2):
            operation = self.operation(self.pick(["add", "add_many", "remove", "reconcile", "vacuum"]))
            answer = self.writing().ask(operation.name, *operation.arguments, **operation.options)
            self.must_refuse(answer, operation.name)
        if not there:
            self.must_refuse(self.rival("open_reader", self.path), "reading a store that is away")
        if self.path.exists() != there:
            raise ViolationError("inconsistent", "the missing store was made again")
        self.fault(what)

    def moved(self) -> None:
        self.writing()
        what, name = self.pick([(self.path, "moved"), (self.path.parent, "folder moved")])
        aside = what.with_name("aside")
        what.rename(aside)
        self.away(name)
        aside.rename(what)
        self.operate("add")

    def deleted(self) -> None:
        self.writing()
        self.path.unlink()
        self.away("deleted")
        self.writing().ask("close")
        self.stop_writer()
        self.put_back()

    def replaced(self) -> None:
        shutil.copyfile(self.saved_or_new()[0], self.folder / "copy.db")
        self.writing()
        (self.folder / "copy.db").replace(self.path)
        self.away("replaced")
        if self.rng.random() < 0.5:
            self.writing().ask("close")
        self.stop_writer()
        self.put_back()

    def copied_over(self) -> None:
        """The backup is copied over the store of a killed writer by hand."""
        saved, _ = self.saved_or_new()
        self.operate("add")
        self.stop_writer()
        shutil.copyfile(saved, self.path)
        self.fault("copied over")
        self.put_back()

    def restored(self) -> None:
        saved, _ = self.saved_or_new()
        self.writing()
        if self.rng.random() < 0.5:
            if self.rng.random() < 0.5:
                self.lock().unlink(missing_ok=True)
            self.must_refuse(self.rival("restore", saved, self.path), "restoring a store in use")
        if self.rng.random() < 0.5:
            self.writing().ask("close")
        self.stop_writer()
        self.done(self.rival("restore", saved, self.path))
        self.restart()
        self.fault("restored")

    def restored_badly(self) -> None:
        """Restoring is killed or meets an error: the store is the one before or the backup."""
        saved, _ = self.saved_or_new()
        self.stop_writer()
        process = self.process()
        self.arm(process, self.pick([0, errno.EIO, errno.ENOSPC]), 1)
        answer = process.ask("restore", saved, self.path)
        self.unlucky(process, answer, "restored with a failing disk")
        self.put_back(maybe_before=answer.status != "done")

    def unlucky(self, process: IndexProcess, answer: Answer, name: str) -> None:
        """End a process that a failing disk may have kept from what it was to do."""
        if answer.status == "raised":
            self.refused(answer)
        process.end()
        self.armed, self.killed = "", True
        self.fault(name)

    def saved_or_new(self) -> tuple[Path, State]:
        if self.saved is None:
            self.operate("backup")
        assert self.saved is not None
        return self.saved

    def put_back(self, *, maybe_before: bool = False) -> None:
        """Open what is there, which is the backup or nothing else. If it is refused, restore the backup."""
        answer = self.rival("open_reader", self.path)
        if answer.status == "done" and maybe_before:
            reader = self.reading()
            articles, _ = self.done(reader.ask("glance"))
            reader.end()
            if not self.problems(self.state, articles):
                return
        elif answer.status != "done":
            self.must_refuse(answer, "a store that is not there")
            if self.saved is None:
                self.begin_anew()
                return
            self.done(self.rival("restore", self.saved[0], self.path))
        self.restart()

    def begin_anew(self) -> None:
        """Open a new index where one was deleted: it is empty, or refused for the log that was left."""
        self.state, self.maybe, self.followed, self.cursor, self.made = {}, [], {}, 0, False
        if (answer := self.rival()).status != "done":
            self.must_refuse(answer, "the log of another store")
            for path in self.path.parent.iterdir():
                path.unlink()

    def restart(self) -> None:
        """The backup is now the store, and followers begin anew, as the documentation tells them to."""
        _, self.state = self.saved_or_new()
        self.maybe = []
        reader = self.reading()
        seen: Seen = self.done(reader.ask("see", 0, []))
        reader.end()
        self.followed, self.cursor = dict(seen.stories), seen.last

    def memory_limited(self) -> None:
        self.writing().ask("limit_memory", int(self.rng.choice([0, 1, 4, 16, 64])) << 20)
        self.armed = "memory"
        self.several()
        self.armed = ""
        self.fault("memory limit")
        if self.writer is not None:
            self.writer.ask("limit_memory", None)
        self.verify()
        self.operate()

    def cache_torn(self) -> None:
        """An index opened with kernels whose kept machine code is torn."""
        if self.rng.random() > 0.2 or self.kernels is None:  # compiling takes a while
            return
        cache = self.folder / "cache"
        shutil.copytree(self.kernels, cache / self.kernels.name)
        path = self.pick(sorted(cache.rglob("*.nb?")))
        path.write_bytes(path.read_bytes()[: self.pick([0, 10, path.stat().st_size // 2])])
        self.done(self.writing().ask("close"))
        self.stop_writer()
        self.writer = self.process()
        self.writer.ask("use_kernels", cache)
        self.done(self.open(self.writer))
        self.operate("add")
        self.operate("match")
        self.fault("cache torn")
        shutil.rmtree(cache)


def build_disk(folder: Path) -> Path | None:
    """Compile the library that lets writes fail; None where there is no compiler."""
    library = folder / "failing_disk.so"
    source = Path(__file__).with_name("failing_disk.c")
    command: list[str | Path] = ["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return library


def run(chosen: argparse.Namespace, folder: Path) -> Counts:
    """Run episodes for some time, or a single one, and write what they find."""
    counts, until = Counts(), time.monotonic() + chosen.seconds
    number = chosen.episode or 0
    disk = disk_can_fail()
    options, kernels, kept = "--kernels " * chosen.kernels, None, cache_folder()
    if chosen.kernels and kept is not None:  # other versions may throw it away meanwhile
        kernels = shutil.copytree(kept, folder / kept.name)
    while time.monotonic() < until:
        place = folder / f"episode-{number}"
        this = FaultyEpisode(chosen.seed, number, place, counts, chosen.broken, disk=disk, kernels=kernels)
        try:
            this.run(until if chosen.episode is None else math.inf)
        except ViolationError as error:
            counts.found[error.kind] += error.number
            say("\n".join([f"{options}--seed {chosen.seed} --episode {number}:", *this.trace[-30:], str(error), ""]))
        shutil.rmtree(place)
        counts.episodes += 1
        number += 1
        if chosen.episode is not None or (chosen.until_found and counts.found):
            break
    return counts


def disk_can_fail() -> bool:
    return "failing_disk" in os.environ.get("LD_PRELOAD", "")


def warm_up() -> None:
    """Import and compute here what every forked process needs."""
    with StoryIndex.open(":memory:") as index:
        index.add_many(stream(1, 9))
        index.match(Article(id="", text="The ferry of Dunmere burned."))
        index.check()
        cluster(index.clustering().articles, background=index.background)


def _fast_folder() -> str | None:
    """Return where syncing takes no time, None if there is no room."""
    memory = Path("/dev/shm")  # noqa: S108
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30 else None


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--episode", type=int, help="run this one only")
    parser.add_argument("--kernels", action="store_true", help="damage compiled kernels too: each takes a minute")
    parser.add_argument("--until-found", action="store_true", help="stop at the first finding")
    parser.add_argument("--break", dest="broken", choices=BROKEN, default="", help="a store that breaks its promises")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dedup-faults-", dir=_fast_folder()) as name:
        if "LD_PRELOAD" not in os.environ and (library := build_disk(Path(name))):
            arguments = [sys.executable, __file__, *sys.argv[1:], f"--seed={chosen.seed}"]
            environment = {**os.environ, "LD_PRELOAD": str(library)}
            return subprocess.run(arguments, env=environment, check=False).returncode
        os.environ["DEDUP_KERNELS"] = "off"
        say(f"seed {chosen.seed}{'' if disk_can_fail() else ', no C compiler: writes will not fail'}")
        warm_up()
        if chosen.kernels and not is_compiled("index"):
            say("the kernels are not compiled, so none will be damaged")
            chosen.kernels = False
        counts = run(chosen, Path(name))
    say(counts.lines())
    return 1 if counts.found else 0


if __name__ == "__main__":
    sys.exit(main())
