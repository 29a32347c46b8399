"""The command: `python -m benchmarks accuracy`, `speed`, …. It parses and prints; their modules do the work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.machine import BenchmarkError, Stopwatch, require_libraries
from dedup.errors import DedupError

Data = Annotated[
    Path | None,
    typer.Option(help="Folder of labelled sets. Default: $DEDUP_DATA, else ../shared/data beside the repository."),
]

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def benchmarks() -> None:
    """Measures dedup beside its peers."""


@app.command()
def accuracy(
    data: Data = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")] = None,
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
    notes = Console(stderr=True)
    try:
        require_libraries()
        from benchmarks import accuracy as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder

        if json_file and not json_file.parent.is_dir():
            raise BenchmarkError(f"--json names {json_file}, whose folder does not exist: make it first")
        folder = find_folder(data)
        with notes.status("starting") as status:
            watch = Stopwatch(status.update)
            report = benchmark.run(
                folder,
                chosen=sets or (),
                effort=benchmark.QUICK if quick else benchmark.FULL,
                seed=benchmark.SEED if seed is None else seed,
                watch=watch,
            )
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error
    if json_file:
        json_file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    show.show(report, Console())


@app.command()
def index(
    data: Data = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")] = None,
    articles: Annotated[int, typer.Option(min=0, help="Articles of the stream at most; 0 leaves it out.")] = 100_000,
    live: Annotated[int, typer.Option(min=0, help="Made-up articles to ask among; 0 leaves that out.")] = 1_000_000,
    per_day: Annotated[int, typer.Option(min=0, help="Articles a day of the made-up year; 0 leaves that out.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is made up.")] = 20240527,
) -> None:
    """What the story index does in a second, what it takes, and how its first placements compare with a run."""
    notes = Console(stderr=True)
    try:
        require_libraries()
        from benchmarks import index as benchmark
        from benchmarks import show_index
        from benchmarks.data import find_folder

        with notes.status("starting") as status:
            watch = Stopwatch(status.update)
            sizes = {"articles": articles, "live": live, "per_day": per_day}
            report = benchmark.run(find_folder(data), **sizes, seed=seed, watch=watch)
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error
    report["seconds"] = watch.seconds
    if json_file:
        json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    show_index.show_index(report, Console())


@app.command()
def service(
    data: Data = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")] = None,
    articles: Annotated[int, typer.Option(min=1, help="Articles of the stream in the store, at most.")] = 100_000,
    rate: Annotated[float, typer.Option(min=1, help="Requests a second.")] = 300.0,
    seconds: Annotated[int, typer.Option(min=1, max=180, help="Seconds of load.")] = 120,
    flood: Annotated[int, typer.Option(min=0, max=60, help="Seconds of more than it can do; 0 leaves it out.")] = 15,
    store: Annotated[Path | None, typer.Option(help="A store that has the articles already; a copy is served.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is made up.")] = 20240527,
) -> None:
    """What the service answers in a second under a real load (needs wrk), and what it does when flooded."""
    notes = Console(stderr=True)
    try:
        require_libraries()
        from benchmarks import service as benchmark
        from benchmarks import show_service
        from benchmarks.data import find_folder

        with notes.status("starting") as status:
            report = benchmark.run(
                find_folder(data),
                articles=articles,
                rate=rate,
                seconds=seconds,
                flood=flood,
                store=store,
                seed=seed,
                watch=Stopwatch(status.update),
            )
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error
    if json_file:
        json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
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
    notes = Console(stderr=True)
    try:
        require_libraries()
        from benchmarks import gate as benchmark
        from benchmarks import show
        from benchmarks.data import find_folder

        folder = find_folder(data)
        with notes.status("starting") as status:
            watch = Stopwatch(status.update)
            outcome = benchmark.run(
                lambda: benchmark.measure(folder, watch), benchmark.FLOORS, update=update, accept_lower=accept_lower
            )
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error
    show.show_gate(outcome, Console())
    for problem in outcome.problems:
        _complain(notes, problem)
    if not outcome.passed:
        raise typer.Exit(1)
    Console().print(f"The gate is passed ({sum(watch.seconds.values()):.0f} s).", highlight=False)


@app.command()
def calibration(
    data: Data = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put the curves fitted to all sets where dedup reads them.")
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the resamples.")] = None,
) -> None:
    """Whether the probabilities of links are right on sets they were not fitted to; and the fit itself."""
    notes = Console(stderr=True)
    try:
        require_libraries()
        from benchmarks import calibration as benchmark
        from benchmarks import show_knob
        from benchmarks.data import find_folder

        with notes.status("starting") as status:
            report = benchmark.run(
                find_folder(data),
                resamples=benchmark.RESAMPLES,
                seed=benchmark.SEED if seed is None else seed,
                watch=Stopwatch(status.update),
            )
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error
    if write:
        benchmark.write(report)
    if json_file:
        json_file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    show_knob.show_calibration(report, Console())


@app.command()
def knob(
    data: Data = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")] = None,
) -> None:
    """What the granularity does to each labelled set, from one text to a running story."""
    notes = Console(stderr=True)
    try:
        require_libraries()
        from benchmarks import knob as benchmark
        from benchmarks import show_knob
        from benchmarks.data import find_folder

        with notes.status("starting") as status:
            report = benchmark.run(find_folder(data), watch=Stopwatch(status.update))
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error
    if json_file:
        json_file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    show_knob.show_knob(report, Console())


@app.command()
def figures(data: Data = None) -> None:
    """Draws the figures of the documentation anew: the knob, and the calibration of probabilities."""
    notes = Console(stderr=True)
    try:
        require_libraries()
        from benchmarks import calibration as calibrated
        from benchmarks import drawing
        from benchmarks import knob as turned
        from benchmarks.data import find_folder

        drawing.require_matplotlib()
        folder = find_folder(data)
        with notes.status("starting") as status:
            watch = Stopwatch(status.update)
            drawing.draw_knob(turned.run(folder, watch=watch), drawing.FIGURES / "knob.svg")
            report = calibrated.run(folder, resamples=0, seed=calibrated.SEED, watch=watch)
            drawing.draw_calibration(report, drawing.FIGURES / "calibration.svg")
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error


@app.command()
def opinion(
    data: Data = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a sentence-transformers model to be asked as well.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")] = None,
) -> None:
    """What a second opinion by an embedding gains or costs on each labelled set."""
    notes = Console(stderr=True)
    try:
        require_libraries()
        from benchmarks import opinion as benchmark
        from benchmarks import show_knob
        from benchmarks.data import find_folder

        embeddings: dict[str, benchmark.Embed] = {"letters": benchmark.letters}
        if model:
            embeddings[model.name] = benchmark.sentence_model(model)
        with notes.status("starting") as status:
            report = benchmark.run(find_folder(data), embeddings, watch=Stopwatch(status.update))
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error
    if json_file:
        json_file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    show_knob.show_opinion(report, Console())


JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")]
Quick = Annotated[bool, typer.Option("--quick", help="Measure little, to see that everything works.")]
Plots = Annotated[Path | None, typer.Option(help="Folder to draw a figure in, as SVG.")]


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
    notes, reports = Console(stderr=True), {}
    try:
        require_libraries()
        from benchmarks import drawing
        from benchmarks.data import find_folder

        if json_file and not json_file.parent.is_dir():
            raise BenchmarkError(f"--json names {json_file}, whose folder does not exist: make it first")
        if plots:
            drawing.require_matplotlib()
        folder = find_folder(data)
        for name in names:
            with notes.status("starting") as status:
                reports[name] = _report(name, folder, Stopwatch(status.update), quick=quick, seed=seed, most=most)
            if json_file:  # after each, for the next may fail
                whole = reports[name] if len(names) == 1 else reports
                json_file.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            _show(name, reports[name], plots)
    except DedupError as error:
        _complain(notes, str(error))
        raise typer.Exit(1) from error


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


@app.command()
def readers(
    inputs: Annotated[
        list[str] | None, typer.Option(help="A word in the names of the inputs to measure; repeat for several.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A twentieth of the size.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")] = None,
) -> None:
    """What reading costs: large and odd inputs, with the peak of memory and the seconds of each."""
    from benchmarks import readers as benchmark
    from benchmarks import show_readers

    notes = Console(stderr=True)
    with notes.status("starting") as status:
        report = benchmark.run(chosen=inputs or (), quick=quick, watch=Stopwatch(status.update))
    if json_file:
        json_file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    show_readers.show_readers(report, Console())


def _complain(notes: Console, message: str) -> None:
    notes.print(f"benchmarks: {message}", style="red", markup=False, highlight=False)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
