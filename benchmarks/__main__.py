"""The command: `python -m benchmarks accuracy`, `speed`, …. It parses and prints; their modules do the work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.commands import Data, JsonFile, MadeUp, Plots, Quick, Resamples, complain, measuring, write
from benchmarks.machine import Stopwatch

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def benchmarks() -> None:
    """Measures dedup beside its peers."""


@app.command()
def accuracy(
    data: Data = None,
    json_file: JsonFile = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            help="A set to measure, or copy_pairs, telegram_pairs or stream; repeat for several. Default: all."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what takes long, and resample less.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the resamples and of the batches.")] = None,
) -> None:
    """How good the groups are, on every labelled set, beside peers in the same run."""
    with measuring(json_file) as watch:
        from benchmarks import accuracy as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder

        report = benchmark.run(
            find_folder(data),
            chosen=sets or (),
            effort=benchmark.QUICK if quick else benchmark.FULL,
            seed=benchmark.SEED if seed is None else seed,
            watch=watch,
        )
    write(json_file, report)
    show.show(report, Console())


@app.command()
def index(
    data: Data = None,
    json_file: JsonFile = None,
    articles: Annotated[int, typer.Option(min=0, help="Articles of the stream at most; 0 leaves it out.")] = 100_000,
    live: Annotated[int, typer.Option(min=0, help="Made-up articles to ask among; 0 leaves that out.")] = 1_000_000,
    per_day: Annotated[int, typer.Option(min=0, help="Articles a day of the made-up year; 0 leaves that out.")] = 100,
    seed: MadeUp = 20240527,
) -> None:
    """What the story index does in a second, what it takes, and how its first placements compare with a run."""
    with measuring(json_file) as watch:
        from benchmarks import index as benchmark
        from benchmarks import show_index
        from benchmarks.data import find_folder

        sizes = {"articles": articles, "live": live, "per_day": per_day}
        report = benchmark.run(find_folder(data), **sizes, seed=seed, watch=watch)
    report["seconds"] = watch.seconds
    write(json_file, report)
    show_index.show_index(report, Console())


@app.command()
def service(
    data: Data = None,
    json_file: JsonFile = None,
    articles: Annotated[int, typer.Option(min=1, help="Articles of the stream in the store, at most.")] = 100_000,
    rate: Annotated[float, typer.Option(min=1, help="Requests a second.")] = 300.0,
    seconds: Annotated[int, typer.Option(min=1, max=180, help="Seconds of load.")] = 120,
    flood: Annotated[int, typer.Option(min=0, max=60, help="Seconds of more than it can do; 0 leaves it out.")] = 15,
    store: Annotated[Path | None, typer.Option(help="A store that has the articles already; a copy is served.")] = None,
    seed: MadeUp = 20240527,
) -> None:
    """What the service answers in a second under a real load (needs wrk), and what it does when flooded."""
    with measuring(json_file) as watch:
        from benchmarks import service as benchmark
        from benchmarks import show_service
        from benchmarks.data import find_folder

        report = benchmark.run(
            find_folder(data),
            articles=articles,
            rate=rate,
            seconds=seconds,
            flood=flood,
            store=store,
            seed=seed,
            watch=watch,
        )
    write(json_file, report)
    show_service.show_service(report, Console())


@app.command()
def gate(
    data: Data = None,
    update: Annotated[
        bool, typer.Option("--update", help="Raise the floors to what is measured now, and take over changed corpora.")
    ] = False,
    accept_lower: Annotated[
        bool, typer.Option("--accept-lower", help="With --update: let floors fall to what is measured now, too.")
    ] = False,
) -> None:
    """Whether dedup's scores hold against the floors that are committed; exit code 1 if one does not."""
    with measuring() as watch:
        from benchmarks import gate as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder

        folder = find_folder(data)
        outcome = benchmark.run(
            lambda: benchmark.measure(folder, watch), benchmark.FLOORS, update=update, accept_lower=accept_lower
        )
    show.show_gate(outcome, Console())
    for problem in outcome.problems:
        complain(problem)
    if not outcome.passed:
        raise typer.Exit(1)
    Console().print(f"The gate is passed ({sum(watch.seconds.values()):.0f} s).", highlight=False)


@app.command()
def calibration(
    data: Data = None,
    json_file: JsonFile = None,
    put: Annotated[
        bool, typer.Option("--write", help="Put the curves fitted to all sets where dedup reads them.")
    ] = False,
    seed: Resamples = None,
) -> None:
    """Whether the probabilities of links are right on sets they were not fitted to; and the fit itself."""
    with measuring(json_file) as watch:
        from benchmarks import calibration as benchmark
        from benchmarks import show_knob
        from benchmarks.data import find_folder

        chosen = benchmark.SEED if seed is None else seed
        report = benchmark.run(find_folder(data), resamples=benchmark.RESAMPLES, seed=chosen, watch=watch)
    if put:
        benchmark.write(report)
    write(json_file, report)
    show_knob.show_calibration(report, Console())


@app.command()
def knob(data: Data = None, json_file: JsonFile = None) -> None:
    """What the granularity does to each labelled set, from one text to a running story."""
    with measuring(json_file) as watch:
        from benchmarks import knob as benchmark
        from benchmarks import show_knob
        from benchmarks.data import find_folder

        report = benchmark.run(find_folder(data), watch=watch)
    write(json_file, report)
    show_knob.show_knob(report, Console())


@app.command()
def figures(data: Data = None) -> None:
    """Draws the figures of the documentation anew: the knob, and the calibration of probabilities."""
    with measuring() as watch:
        from benchmarks import calibration as calibrated
        from benchmarks import drawing
        from benchmarks import knob as turned
        from benchmarks.data import find_folder

        drawing.require_matplotlib()
        folder = find_folder(data)
        drawing.draw_knob(turned.run(folder, watch=watch), drawing.FIGURES / "knob.svg")
        report = calibrated.run(folder, resamples=0, seed=calibrated.SEED, watch=watch)
        drawing.draw_calibration(report, drawing.FIGURES / "calibration.svg")


@app.command()
def opinion(
    data: Data = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a sentence-transformers model to be asked as well.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """What a second opinion by an embedding gains or costs on each labelled set."""
    with measuring(json_file) as watch:
        from benchmarks import opinion as benchmark
        from benchmarks import show_knob
        from benchmarks.data import find_folder

        embeddings: dict[str, benchmark.Embed] = {"letters": benchmark.letters}
        if model:
            embeddings[model.name] = benchmark.sentence_model(model)
        report = benchmark.run(find_folder(data), embeddings, watch=watch)
    write(json_file, report)
    show_knob.show_opinion(report, Console())


@app.command()
def speed(
    data: Data = None,
    json_file: JsonFile = None,
    quick: Quick = False,
    plots: Plots = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of what is made up.")] = None,
) -> None:
    """How fast each step and the whole is, beside peers in the same run, and how far from the machine's limits."""
    _measure(("speed",), data, json_file, plots, quick=quick, seed=seed)


@app.command()
def scale(
    data: Data = None,
    json_file: JsonFile = None,
    quick: Quick = False,
    plots: Plots = None,
    most: Annotated[int | None, typer.Option(min=1, help="Leave out runs with more articles than this.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of what is made up.")] = None,
) -> None:
    """How time and memory grow, up to a million articles."""
    _measure(("scale",), data, json_file, plots, quick=quick, seed=seed, most=most)


@app.command(name="all")
def everything(data: Data = None, json_file: JsonFile = None, quick: Quick = False, plots: Plots = None) -> None:
    """Accuracy, speed and scale, one after the other; the JSON has one object of each name."""
    _measure(("accuracy", "speed", "scale"), data, json_file, plots, quick=quick)


@app.command()
def readers(
    inputs: Annotated[
        list[str] | None, typer.Option(help="A word in the names of the inputs to measure; repeat for several.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A twentieth of the size.")] = False,
    json_file: JsonFile = None,
) -> None:
    """What reading costs: large and odd inputs, with the peak of memory and the seconds of each."""
    with measuring(json_file, beside_peers=False) as watch:
        from benchmarks import readers as benchmark
        from benchmarks import show_readers

        report = benchmark.run(chosen=inputs or (), quick=quick, watch=watch)
    write(json_file, report)
    show_readers.show_readers(report, Console())


@app.command()
def save_output(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    data: Data = None,
    checkout: Annotated[
        Path | None, typer.Option(help="A folder with another version. Default: the one installed.")
    ] = None,
) -> None:
    """Writes what a version of dedup writes for every data set, to compare with another version's."""
    with measuring(beside_peers=False):
        from benchmarks import same_output
        from benchmarks.data import require_folder

        version = same_output.Version(checkout.resolve() if checkout else None)
        same_output.save(version, require_folder(data), folder.resolve())


@app.command()
def compare_output(
    before: Annotated[Path, typer.Argument(help="What `save-output` wrote with the version before.")],
    after: Annotated[Path, typer.Argument(help="What it wrote with this one.")],
    data: Data = None,
) -> None:
    """Whether two versions write the same, byte for byte; exit code 1 if not."""
    with measuring(beside_peers=False):
        from benchmarks import same_output
        from benchmarks.data import require_folder

        differences = same_output.compare(before, after, require_folder(data))
    for difference in differences:
        complain(difference)
    if differences:
        raise typer.Exit(1)
    Console().print("No difference.", highlight=False)


def _measure(
    names: Sequence[str],
    data: Path | None,
    json_file: Path | None,
    plots: Path | None,
    *,
    quick: bool,
    seed: int | None = None,
    most: int | None = None,
) -> None:
    """Runs benchmarks, shows each when it is done, and writes them to the file together."""
    from benchmarks.timing import pin_threads

    pin_threads()  # before anything that reads it is imported
    reports: dict[str, Any] = {}
    for name in names:
        with measuring(json_file) as watch:
            from benchmarks import drawing
            from benchmarks.data import find_folder

            if plots:
                drawing.require_matplotlib()
            reports[name] = _report(name, find_folder(data), watch, quick=quick, seed=seed, most=most)
        write(json_file, reports if len(names) > 1 else reports[name])  # after each, for the next may fail
        _show(name, reports[name], plots)


def _report(
    name: str, folder: Path | None, watch: Stopwatch, *, quick: bool, seed: int | None, most: int | None
) -> dict[str, Any]:
    if name == "accuracy":
        from benchmarks import accuracy as judged

        effort = judged.QUICK if quick else judged.FULL
        return judged.run(folder, effort=effort, seed=judged.SEED, watch=watch)
    if name == "speed":
        from benchmarks import speed as timed

        size = timed.QUICK if quick else timed.FULL
        return timed.run(folder, size=size, seed=timed.SEED if seed is None else seed, watch=watch)
    from benchmarks import scale as grown
    from benchmarks.corpus import SEED

    extent = grown.QUICK if quick else grown.FULL
    return grown.run(folder, size=extent, most=most, seed=SEED if seed is None else seed, watch=watch)


def _show(name: str, report: dict[str, Any], plots: Path | None) -> None:
    from benchmarks import drawing_speed, show, show_speed

    if name == "accuracy":
        show.show(report, Console())
        return
    shown, drawn = {
        "speed": (show_speed.show_speed, drawing_speed.draw_speed),
        "scale": (show_speed.show_scale, drawing_speed.draw_scale),
    }[name]
    shown(report, Console())
    if plots:
        drawn(report, plots / f"{name}.svg")


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
