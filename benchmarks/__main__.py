"""Benchmarks of dedup: accuracy, speed, scale and more. See benchmarks/README.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.machine import BenchmarkError, Stopwatch, require_libraries
from dedup.errors import DedupError

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Data = Annotated[
    Path | None,
    typer.Option(help="Folder of labelled sets. Default: $DEDUP_DATA, else ../shared/data beside the repository."),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")]
Quick = Annotated[bool, typer.Option("--quick", help="Measure little, to see that everything works.")]
Plots = Annotated[Path | None, typer.Option(help="Folder to draw a figure in, as SVG.")]
Resamples = Annotated[int | None, typer.Option(min=0, help="Seed of the resamples.")]
MadeUp = Annotated[int, typer.Option(min=0, help="Seed of what is made up.")]


@app.callback()
def benchmarks() -> None:
    """Benchmarks of dedup, beside its peers."""


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
    embed: Annotated[
        str | None,
        typer.Option(help="Measure with this model too: the folder of one, or as --embedding of 'dedup cluster'."),
    ] = None,
    embed_cache: Annotated[Path | None, typer.Option(help="Keep its vectors in this file.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the resamples and of the batches.")] = None,
) -> None:
    """Measure accuracy on every labelled set, beside peers in the same run."""
    with measuring(json_file) as watch:
        from benchmarks import accuracy as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder
        from dedup import Embedding

        if embed and Path(embed).is_dir():
            embed = f"sentence-transformers:{embed}"
        effort = benchmark.QUICK if quick else benchmark.FULL
        report = benchmark.run(
            find_folder(data),
            chosen=sets or (),
            effort=replace(effort, embed=Embedding.of(embed, cache=embed_cache)) if embed else effort,
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
    """Measure speed and size of the story index, and its first placements against a run."""
    with measuring(json_file) as watch:
        from benchmarks import index as benchmark
        from benchmarks.data import find_folder

        sizes = {"articles": articles, "live": live, "per_day": per_day}
        report = benchmark.run(find_folder(data), **sizes, seed=seed, watch=watch)
    report["seconds"] = watch.seconds
    write(json_file, report)
    benchmark.show_index(report, Console())


@app.command()
def boilerplate(
    data: Data = None,
    json_file: JsonFile = None,
    sets: Annotated[
        list[str] | None, typer.Option(help="A set to measure; repeat for several. Default: three.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Labelled articles of each set, at most; 0 for all.")] = 0,
    seed: MadeUp = 20,
) -> None:
    """Measure stories and copies with walls, menus, footers and captions in the articles."""
    with measuring(json_file) as watch:
        from benchmarks import boilerplate as benchmark
        from benchmarks.data import find_folder

        report = benchmark.run(find_folder(data), sets=sets or benchmark.SETS, seed=seed, limit=limit, watch=watch)
    write(json_file, report)
    benchmark.show(report, Console())


@app.command()
def service(
    data: Data = None,
    json_file: JsonFile = None,
    articles: Annotated[int, typer.Option(min=1, help="Articles of the stream in the store, at most.")] = 100_000,
    rate: Annotated[float, typer.Option(min=1, help="Requests a second.")] = 300.0,
    seconds: Annotated[int, typer.Option(min=1, max=180, help="Seconds of load.")] = 120,
    flood: Annotated[int, typer.Option(min=0, max=60, help="Seconds of more than it can do; 0 leaves it out.")] = 15,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes that read, beside the one that writes.")] = 0,
    store: Annotated[Path | None, typer.Option(help="A store that has the articles already; a copy is served.")] = None,
    seed: MadeUp = 20240527,
) -> None:
    """Measure the throughput of the service under load (needs wrk) and under a flood."""
    with measuring(json_file) as watch:
        from benchmarks import service as benchmark
        from benchmarks.data import find_folder

        report = benchmark.run(
            find_folder(data),
            articles=articles,
            rate=rate,
            seconds=seconds,
            flood=flood,
            workers=workers,
            store=store,
            seed=seed,
            watch=watch,
        )
    write(json_file, report)
    benchmark.show_service(report, Console())


@app.command()
def page(
    data: Data = None,
    json_file: JsonFile = None,
    articles: Annotated[int, typer.Option(min=1, help="Articles of the page, at most.")] = 10_000,
) -> None:
    """Measure the page in Chromium, as a file and served: size, first paint, filters."""
    with measuring(json_file, beside_peers=False) as watch:
        from benchmarks import page as benchmark
        from benchmarks.data import find_folder

        report = benchmark.run(find_folder(data), articles=articles, watch=watch)
    write(json_file, report)
    benchmark.show(report, Console())


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
    """Compare the scores with the committed floors; exit code 1 if one fell."""
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
    """Measure the calibration of link probabilities on sets left out of the fit, and fit the curves."""
    with measuring(json_file) as watch:
        from benchmarks import calibration as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder

        chosen = benchmark.SEED if seed is None else seed
        report = benchmark.run(find_folder(data), resamples=benchmark.RESAMPLES, seed=chosen, watch=watch)
    if put:
        benchmark.write(report)
    write(json_file, report)
    show.show_calibration(report, Console())


@app.command()
def judged(
    data: Data = None,
    json_file: JsonFile = None,
    resamples: Annotated[int | None, typer.Option(min=0, help="Resamples for the intervals.")] = None,
) -> None:
    """Cluster the real stream whole and score the judged pairs of it."""
    with measuring(json_file) as watch:
        from benchmarks import judged as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder

        many = benchmark.RESAMPLES if resamples is None else resamples
        report = benchmark.run(find_folder(data), resamples=many, watch=watch)
    write(json_file, report)
    show.show_judged(report, Console())


@app.command()
def density(
    data: Data = None,
    json_file: JsonFile = None,
    sets: Annotated[list[str] | None, typer.Option(help="A set to pour; repeat for several. Default: all.")] = None,
    most: Annotated[int, typer.Option(min=0, help="Most articles of the stream to pour it into.")] = 69_045,
) -> None:
    """Pour each labelled set into more and more of the real stream."""
    with measuring(json_file) as watch:
        from benchmarks import density as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder

        sizes = [size for size in benchmark.SIZES if size <= most]
        report = benchmark.run(find_folder(data), chosen=sets or (), sizes=sizes, watch=watch)
    write(json_file, report)
    show.show_density(report, Console())


@app.command()
def knob(data: Data = None, json_file: JsonFile = None) -> None:
    """Measure every labelled set at granularities from 0 to 1."""
    with measuring(json_file) as watch:
        from benchmarks import knob as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder

        report = benchmark.run(find_folder(data), watch=watch)
    write(json_file, report)
    show.show_knob(report, Console())


@app.command()
def figures(data: Data = None) -> None:
    """Draw the figures of the documentation: granularity, calibration, and a picture of the page."""
    with measuring() as watch:
        from benchmarks import calibration as calibration_benchmark
        from benchmarks import drawing
        from benchmarks import knob as knob_benchmark
        from benchmarks import page as page_benchmark
        from benchmarks.data import find_folder

        drawing.require_matplotlib()
        page_benchmark.draw(drawing.FIGURES / "page.png")
        folder = find_folder(data)
        drawing.draw_knob(knob_benchmark.run(folder, watch=watch), drawing.FIGURES / "knob.svg")
        report = calibration_benchmark.run(folder, resamples=0, seed=calibration_benchmark.SEED, watch=watch)
        drawing.draw_calibration(report, drawing.FIGURES / "calibration.svg")


@app.command()
def opinion(
    data: Data = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a sentence-transformers model, measured as well.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Measure the effect of a second opinion by an embedding on each labelled set."""
    with measuring(json_file) as watch:
        from benchmarks import opinion as benchmark
        from benchmarks import show
        from benchmarks.baselines import Embed
        from benchmarks.data import find_folder

        embeddings: dict[str, Embed] = {"letters": benchmark.letters}
        if model:
            embeddings[model.name] = benchmark.sentence_model(model)
        report = benchmark.run(find_folder(data), embeddings, watch=watch)
    write(json_file, report)
    show.show_opinion(report, Console())


@app.command()
def speed(
    data: Data = None,
    json_file: JsonFile = None,
    quick: Quick = False,
    plots: Plots = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of what is made up.")] = None,
) -> None:
    """Measure the speed of each step and of the command, beside peers and limits of the machine."""
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
    """Measure the growth of time and memory, up to a million articles."""
    _measure(("scale",), data, json_file, plots, quick=quick, seed=seed, most=most)


@app.command(name="all")
def everything(data: Data = None, json_file: JsonFile = None, quick: Quick = False, plots: Plots = None) -> None:
    """Run accuracy, speed and scale; the JSON file has one object of each name."""
    _measure(("accuracy", "speed", "scale"), data, json_file, plots, quick=quick)


@app.command()
def readers(
    inputs: Annotated[
        list[str] | None, typer.Option(help="A word in the names of the inputs to measure; repeat for several.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A twentieth of the size.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Measure reading: large and odd inputs, with peak memory and seconds of each."""
    with measuring(json_file, beside_peers=False) as watch:
        from benchmarks import readers as benchmark

        report = benchmark.run(chosen=inputs or (), quick=quick, watch=watch)
    write(json_file, report)
    benchmark.show_readers(report, Console())


@app.command()
def dates(json_file: JsonFile = None) -> None:
    """Count the dates that dedup, dateutil and dateparser read right, refuse and read wrong."""
    from benchmarks import dates as benchmark

    report = benchmark.run()
    write(json_file, report)
    benchmark.show(report, Console())


@app.command()
def growth(
    shapes: Annotated[
        list[str] | None, typer.Option(help="A word in the names of the shapes to measure; repeat for several.")
    ] = None,
    ways: Annotated[
        list[str] | None, typer.Option(help="read, run, one by one, or one of the last two with ', NumPy'.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Measure the growth of time on hostile collections and files; exit code 1 if a linear one exceeds it."""
    with measuring(json_file, beside_peers=False) as watch:
        from benchmarks import growth as benchmark

        report = benchmark.run(chosen=shapes or (), ways=ways or (), watch=watch)
    write(json_file, report)
    benchmark.show_growth(report, Console(width=160))
    if not all(one["passed"] for one in report["measured"]):
        raise typer.Exit(1)


@app.command()
def save_output(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    data: Data = None,
    checkout: Annotated[
        Path | None, typer.Option(help="A folder with another version. Default: the one installed.")
    ] = None,
) -> None:
    """Write the output of a version of dedup for every data set, to compare it with another version's."""
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
    """Compare the output of two versions byte for byte; exit code 1 if it differs."""
    with measuring(beside_peers=False):
        from benchmarks import same_output
        from benchmarks.data import require_folder

        differences = same_output.compare(before, after, require_folder(data))
    for difference in differences:
        complain(difference)
    if differences:
        raise typer.Exit(1)
    Console().print("No difference.", highlight=False)


@contextmanager
def measuring(json_file: Path | None = None, *, beside_peers: bool = True) -> Iterator[Stopwatch]:
    """Provide a stopwatch for a benchmark, and exit with one line if it cannot run.

    Args:
        json_file: where the result will be written.
        beside_peers: whether the benchmark needs the libraries of the baselines.

    Raises:
        typer.Exit: the benchmark cannot run.
    """
    notes = Console(stderr=True)
    try:
        if beside_peers:
            require_libraries()
        if json_file and not json_file.parent.is_dir():
            raise BenchmarkError(f"--json names {json_file}, whose folder does not exist: make it first")
        with notes.status("starting") as status:
            yield Stopwatch(status.update)
    except DedupError as error:
        complain(str(error))
        raise typer.Exit(1) from error


def write(json_file: Path | None, report: Mapping[str, Any]) -> None:
    """Write a result, if a file is given."""
    if json_file:
        json_file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def complain(message: str) -> None:
    """Print a problem in red."""
    Console(stderr=True).print(f"benchmarks: {message}", style="red", markup=False, highlight=False)


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
    """Run benchmarks, print each when it is done, and write them to the file together."""
    from benchmarks.timing import pin_threads

    pin_threads()  # before libraries are loaded
    reports: dict[str, Any] = {}
    for name in names:
        with measuring(json_file) as watch:
            from benchmarks import drawing
            from benchmarks.data import find_folder

            if plots:
                drawing.require_matplotlib()
            reports[name] = _report(name, find_folder(data), watch, quick=quick, seed=seed, most=most)
        write(json_file, reports if len(names) > 1 else reports[name])  # after each, since the next may fail
        _show(name, reports[name], plots)


def _report(
    name: str, folder: Path | None, watch: Stopwatch, *, quick: bool, seed: int | None, most: int | None
) -> dict[str, Any]:
    if name == "accuracy":
        from benchmarks import accuracy as accuracy_benchmark

        effort = accuracy_benchmark.QUICK if quick else accuracy_benchmark.FULL
        return accuracy_benchmark.run(folder, effort=effort, seed=accuracy_benchmark.SEED, watch=watch)
    if name == "speed":
        from benchmarks import speed as speed_benchmark

        size = speed_benchmark.QUICK if quick else speed_benchmark.FULL
        return speed_benchmark.run(folder, size=size, seed=speed_benchmark.SEED if seed is None else seed, watch=watch)
    from benchmarks import scale as scale_benchmark
    from benchmarks.corpus import SEED

    extent = scale_benchmark.QUICK if quick else scale_benchmark.FULL
    return scale_benchmark.run(folder, size=extent, most=most, seed=SEED if seed is None else seed, watch=watch)


def _show(name: str, report: dict[str, Any], plots: Path | None) -> None:
    from benchmarks import drawing, show, show_speed

    if name == "accuracy":
        show.show(report, Console())
        return
    show_report, draw_report = {
        "speed": (show_speed.show_speed, drawing.draw_speed),
        "scale": (show_speed.show_scale, drawing.draw_scale),
    }[name]
    show_report(report, Console())
    if plots:
        draw_report(report, plots / f"{name}.svg")


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
