"""Terminal output of the reports of `accuracy`, `gate`, `calibration`, `knob` and `opinion`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table

from benchmarks.gate import Outcome

Report = Mapping[str, Any]

POURS = {
    "as_found": "two articles of one story poured into each set",
    "as_found_embedding": "the same with the embedding",
    "bare": "without the boilerplate of their sites",
    "bare_embedding": "the same with the embedding",
}


def show(report: Report, console: Console) -> None:
    """Print a table per set, the other results, and the summary last."""
    for name, scored in report["sets"].items():
        _show_set(name, scored, console)
    for name, scored in report.get("storylines", {}).items():
        _show_storylines(name, scored, console)
    if "copy_pairs" in report:
        _show_copies(report["copy_pairs"], console)
    if "telegram_pairs" in report:
        _show_events(report["telegram_pairs"], console)
    if report.get("seed_pour"):
        _show_pours(report["seed_pour"], console)
    if "all_in_one" in report:
        _show_all_in_one(report["all_in_one"], console)
    if "batches" in report:
        _show_batches(report["batches"], console)
    if "stream" in report:
        _show_stream(report["stream"], console)
    _show_summary(report, console)


def show_gate(outcome: Outcome, console: Console) -> None:
    """Print every score with its pin, skipped sets and notes; problems are printed by the command."""
    table = empty_table("floors", "set", "score", "pinned", "measured", "+/-", "")
    above = ""
    for row in outcome.rows:
        cells = [f"{value:.4f}" if value is not None else "" for value in (row.pinned, row.measured)]
        difference = f"{row.difference:+.4f}" if row.difference else ""
        verdict = "" if row.verdict == "held" else row.verdict
        table.add_row("" if row.set == above else row.set, row.score, *cells, difference, verdict)
        above = row.set
    console.print(table)
    for name, reason in outcome.skipped.items():
        console.print(f"left out: {name} ({reason})", markup=False, highlight=False)
    for note in outcome.notes:
        console.print(note, markup=False, highlight=False)


def _show_set(name: str, scored: Report, console: Console) -> None:
    title = f"{name}: {scored['articles']} articles, {scored['stories']} stories"
    table = empty_table(title, "method", "P", "R", "F1", "95 %", "ARI", "95 %", "dedup ahead")
    for method, scores in scored["methods"].items():
        table.add_row(
            _with_threshold(method, scores),
            _number(scores["bcubed_precision"]),
            _number(scores["bcubed_recall"]),
            _number(scores["bcubed_f1"]),
            _interval(scores["intervals"]["bcubed_f1"]),
            _number(scores["ari"]),
            _interval(scores["intervals"]["ari"]),
            "" if method == "dedup" else _signed(scores["ahead"]["bcubed_f1"]),
        )
    console.print(table)
    by_language = scored["methods"]["dedup"].get("by_language", {})
    if by_language:
        table = empty_table(f"{name} by language: BCubed F1", "method", *by_language)
        for method, scores in scored["methods"].items():
            languages = scores["by_language"].values()
            table.add_row(method, *(_number(language["bcubed_f1"]) for language in languages))
        console.print(table)
    _show_across(name, scored, console)


def _show_across(name: str, scored: Report, console: Console) -> None:
    """Print the scores of the pairs in two languages that belong together, if there are any."""
    gold = {
        names: pairs["gold"]
        for names, pairs in scored["methods"]["dedup"].get("across_languages", {}).items()
        if pairs["gold"]
    }
    if not gold:
        return
    counted = ", ".join(f"{count} {names}" for names, count in gold.items())
    table = empty_table(f"{name}, pairs in two languages: P, R, F1 ({counted})", "method", "P", "R", *gold)
    for method, scores in scored["methods"].items():
        pairs = scores["across_languages"]
        shares = [_number(pairs["all"][share]) for share in ("precision", "recall")]
        table.add_row(method, *shares, *(_number(pairs[names]["f1"]) for names in gold))
    console.print(table)


def _show_storylines(name: str, scored: Report, console: Console) -> None:
    title = f"storylines of {name}: {scored['articles']} articles, {scored['storylines']} storylines"
    sizes = sorted(scored["recall_by_size"]["dedup"], key=lambda size: int(size.rstrip("+").split("-")[0]))
    table = empty_table(title, "method", "P", "R", "F1", "95 %", *(f"R {size}" for size in sizes))
    for method, scores in scored["methods"].items():
        ends = scores.get("intervals", {}).get("bcubed_f1")
        recalls = scored["recall_by_size"][method]
        table.add_row(
            _with_threshold(method, scores),
            *map(_number, (scores["bcubed_precision"], scores["bcubed_recall"], scores["bcubed_f1"])),
            _interval(ends) if ends else "",
            *(_number(recalls[size]) for size in sizes),
        )
    console.print(table)
    if labelled := scored.get("stories"):
        p, r, f1 = (labelled[f"bcubed_{measure}"] for measure in ("precision", "recall", "f1"))
        console.print(f"its stories, {labelled['articles']} labelled articles: P {p:.3f} R {r:.3f} F1 {f1:.3f}")


def _show_copies(copies: Report, console: Console) -> None:
    counted = f"{copies['copies']} of {copies['pairs']} pairs, {copies['low_confidence']} not sure"
    title = f"copies: {counted}; templates: the share kept apart"
    columns = ("P", "R", "F1", "95 %", "sure F1", "templates")
    table = empty_table(title, "method", "by", *columns)
    for method, scored in copies["methods"].items():
        for way, label in (("by_pair", "pair"), ("by_group", "group")):
            scores, apart = scored[way]["all"], scored[way]["templates_kept_apart"]
            table.add_row(
                _with_threshold(method, scored),
                label,
                *_decision_cells(scores),
                _number(scored[way]["without_low_confidence"]["f1"]),
                "" if apart is None else _number(apart),
            )
    console.print(table)


def _show_events(events: Report, console: Console) -> None:
    table = empty_table(
        "same event (telegram_pairs)", "method", "language", "pairs", "P", "R", "F1", "95 %", "accuracy"
    )
    for method, scored in events["methods"].items():
        for lang, pairs in events["pairs"].items():
            scores = scored[lang]
            label = _with_threshold(method, scored)
            table.add_row(label, lang, str(pairs), *_decision_cells(scores), _number(scores["accuracy"]))
    console.print(table)


def _show_pours(pours: Report, console: Console) -> None:
    for way, title in POURS.items():
        if way in pours:
            console.print(_pour_table(pours[way], title))
    a_pair, a_group = next((found["threshold"], found["cut"]) for way in pours.values() for found in way.values())
    console.print(
        f"joined: the height at which the two became one story; two single articles need {_number(a_pair)}. single: the"
        f" strongest score of a stranger to one of the two; mean: to both, which is what would join; a group needs"
        f" {_number(a_group)}",
        style="dim",
        highlight=False,
    )


def _pour_table(poured: Report, title: str) -> Table:
    table = empty_table(title, "set", "joined", "above", "strangers", "nearest stranger")
    for column in ("single", "below", "mean", "below"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, found in poured.items():
        nearest, margins = found["nearest"], found["margins"]
        ids = dict.fromkeys(stranger["id"] for stranger in nearest.values())
        cells = []
        for way in ("single", "mean"):
            cells += [_number_or_none(nearest[way]["score"] if nearest else None), _margin(margins[f"{way}_below"])]
        strangers = ", ".join(found["strangers"]) or "none"
        table.add_row(name, _joined(found), _margin(margins["joined_above"]), strangers, ", ".join(ids), *cells)
    return table


def _show_all_in_one(mixed: Report, console: Console) -> None:
    title = f"all in one: {', '.join(mixed['sets'])} ({mixed['articles']} articles, {mixed['stories']} stories)"
    table = empty_table(title, "method", "P", "R", "BCubed F1", "95 %", "ARI")
    for method, scores in mixed["methods"].items():
        table.add_row(
            method, *_story_cells(scores), _interval(scores["intervals"]["bcubed_f1"]), _number(scores["ari"])
        )
    table.add_row("dedup, each set apart", *_story_cells(mixed["dedup_apart"]), "", "")
    console.print(table)


def _show_batches(batches: Report, console: Console) -> None:
    table = empty_table(
        f"{batches['batches']} batches of 2 to 20 articles", "method", "P", "R", "BCubed F1", "95 %", "pair F1"
    )
    for method, scores in batches["methods"].items():
        table.add_row(
            method, *_story_cells(scores), _interval(scores["intervals"]["bcubed_f1"]), _number(scores["pair_f1"])
        )
    console.print(table)


def _show_stream(stream: Report, console: Console) -> None:
    judged = ", ".join(f"{count} {label}" for label, count in stream["pairs"].items())
    title = f"real stream: {stream['articles']} articles; judged pairs: {judged}"
    table = empty_table(title, "method", "stories", "of 2+", "max", "together", "95 %", "apart", "95 %")
    for method, scores in stream["methods"].items():
        counted = [str(scores[name]) for name in ("stories", "of_several", "largest")]
        shares = [cell for name in ("same_together", "different_apart") for cell in _share_cells(scores[name])]
        table.add_row(method, *counted, *shares)
    console.print(table)
    console.print(
        "together: of the pairs judged same; apart: of those judged different. The pairs were stories of two to an"
        " earlier dedup: no fair sample, and for others a side note",
        style="dim",
        highlight=False,
    )


def _show_summary(report: Report, console: Console) -> None:
    sets, mean = report["sets"], report["mean"]
    if sets:
        methods = list(next(iter(sets.values()))["methods"])
        tuned = "linkage_tuned"
        compared = tuned in methods
        table = empty_table("BCubed F1", "set", *methods, *(["ahead"] if compared else []))
        behind = []
        for name, scored in sets.items():
            found = {method: scored["methods"][method]["bcubed_f1"] for method in methods}
            over = found["dedup"] - found[tuned] if compared else 0.0
            table.add_row(name, *map(_number, found.values()), *([_margin(over)] if compared else []))
            if over < 0:
                interval = _signed(scored["methods"][tuned]["ahead"]["bcubed_f1"])
                behind.append(f"below {tuned}: {name} by {_number(-over)} (95 % of the difference: {interval})")
        if mean:
            label = f"mean of {len(mean['sets'])}"
            table.add_row(label, *(_number(mean["methods"][method]["bcubed_f1"]) for method in methods))
        console.print(table)
        for line in behind:
            console.print(line, highlight=False)
    for name, text in report["methods"].items():
        console.print(f"{name}: {text}", style="dim", highlight=False)
    for reason in sorted(set(report["skipped"].values())):
        names = [name for name, why in report["skipped"].items() if why == reason]
        console.print(f"left out: {', '.join(names)} ({reason})", highlight=False)
    machine, commit = report["machine"], report["commit"]
    revision = f"{commit['revision'][:12]}{' with changes' if commit['dirty'] else ''}" if commit else "no checkout"
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores; Python {report['versions']['python']}; {revision};"
        f" seed {report['seed']}; {sum(report['seconds'].values()):.0f} s",
        highlight=False,
    )


def empty_table(title: str, first: str, *columns: str) -> Table:
    """Return a table with a title and column headings, without rows."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for column in columns:
        folds = "stranger" in column  # ids of any length; all else is short
        justify: JustifyMethod = "left" if column in {"limit", "unit", "bar"} else "right"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=not folds, min_width=9 if folds else None)
    return table


def _story_cells(scores: Report) -> Sequence[str]:
    return [_number(scores[name]) for name in ("bcubed_precision", "bcubed_recall", "bcubed_f1")]


def _decision_cells(scores: Report) -> Sequence[str]:
    return [*(_number(scores[name]) for name in ("precision", "recall", "f1")), _interval(scores["intervals"]["f1"])]


def _with_threshold(method: str, scores: Report) -> str:
    return f"{method} {_short(scores['threshold'], '.2f')}" if "threshold" in scores else method


def _joined(poured: Report) -> str:
    """Return the height at which the two were joined, which one text does not have."""
    if not poured["together"]:
        return "no"
    return _number_or_none(poured["joined_at"]) or "copies"


def _share_cells(share: Report) -> Sequence[str]:
    if share["share"] is None:
        return ["", ""]
    return [f"{share['count']}/{share['of']} {_number(share['share'])}", _interval(share["interval"])]


def _number_or_none(value: float | None) -> str:
    return "" if value is None else _number(value)


def _margin(value: float | None) -> str:
    return "" if value is None else _short(value, "+.3f")


def _number(value: float) -> str:
    return _short(value, ".3f")


def _interval(ends: Sequence[float]) -> str:
    return " ".join(_short(end, ".3f") for end in ends)


def _signed(ends: Sequence[float]) -> str:
    return " ".join(_short(end, "+.3f") for end in ends)


def _short(value: float, form: str) -> str:
    """Format a share in four characters, without a sign."""
    text = format(value, form)
    return text.replace("0.", ".", 1) if text.lstrip("+-").startswith("0.") else text[:-1]


def show_calibration(report: Report, console: Console) -> None:
    """Print a line per set, the pooled scores and the curves."""
    table = empty_table(
        "probabilities on sets they were not fitted to", "set", "links", "right", "said", "error", "95 %", "chance"
    )
    for name, judged in [*report["sets"].items(), ("copies (a tenth held out)", report["copies"])]:
        table.add_row(name, *_cells(judged))
    for name, judged in report["sets"].items():
        table.add_row(f"{name}, left apart", *_cells(judged["apart"]))
    console.print(table)
    pooled = report["pooled"]
    console.print(
        f"mean error of the fitted sets {pooled['mean_error']:.3f}; all their links together {pooled['error']:.3f},"
        f" every set weighing the same, {pooled['error_by_links']:.3f} every link",
        highlight=False,
    )
    for name, curve in report["table"]["curves"].items():
        terms = ", ".join(
            f"{value:g} {feature}" for feature, value in zip(curve["features"], curve["curve"], strict=True)
        )
        console.print(f"{name}: {terms} ({curve['pairs']:,} pairs)", highlight=False)


def show_density(report: Report, console: Console) -> None:
    """Print the scores of each set in more and more of the stream."""
    table = empty_table(
        "in a stream", "set", "articles", "stories P", "R", "F1", "strangers", "storylines P", "R", "F1", "strangers"
    )
    for name, sizes in report["sets"].items():
        for size, found in sizes.items():
            cells = [
                cell
                for level, share in (("stories", "strangers"), ("storylines", "in_storylines"))
                for cell in (
                    *(
                        _number(found[level][f"bcubed_{measure}"]) if level in found else ""
                        for measure in ("precision", "recall", "f1")
                    ),
                    _number(found[share]),
                )
            ]
            table.add_row(name, f"{int(size):,}", *cells)
    console.print(table)


def show_judged(report: Report, console: Console) -> None:
    """Print a table per collection of judged pairs, with a line per kind."""
    for name in ("stream_pairs_dev", "sample"):
        if name not in report:
            continue
        found = report[name]
        table = empty_table(f"{name}, {report['articles']:,} articles", "pairs", "count", "right", "P", "R")
        rows = {"all": found["all"], "high confidence": found["high_confidence"], **found["by_drawing"]}
        for kind, scores in rows.items():
            table.add_row(
                kind, str(scores["pairs"]), *(f"{scores[one]:.3f}" for one in ("right", "precision", "recall"))
            )
        console.print(table)
        for kind in ("calibration", "calibration_high_confidence"):
            bins = ", ".join(f"{said:.2f}: {right:.2f}" for _, said, right in found[kind]["bins"])
            console.print(
                f"{kind} of {found[kind]['links']} links: error {found[kind]['error']:.3f} ({bins})", highlight=False
            )


def show_knob(report: Report, console: Console) -> None:
    """Print a table per set with a line per granularity."""
    for name, found in report["sets"].items():
        title = f"{name}: {found['articles']} articles, {found['stories']} stories"
        table = empty_table(title, "granularity", "score", "stories", "P", "R", "F1", "largest")
        measures = ("bcubed_precision", "bcubed_recall", "bcubed_f1")
        for place, granularity in enumerate(report["granularities"]):
            numbers = [f"{found[measure][place]:.3f}" for measure in measures]
            largest = " ".join(map(str, found["largest"][place]))
            threshold = f"{report['thresholds'][place]:.3f}"
            table.add_row(f"{granularity:.2f}", threshold, str(found["found"][place]), *numbers, largest)
        console.print(table)


def show_opinion(report: Report, console: Console) -> None:
    """Print a line per set and embedding."""
    table = empty_table("with a second opinion", "set", "embedding", "P", "R", "F1", "gain", "texts")
    for name, found in report["sets"].items():
        for embedding, scores in found.items():
            numbers = [f"{scores[f'bcubed_{measure}']:.4f}" for measure in ("precision", "recall", "f1")]
            gain = scores["bcubed_f1"] - found["none"]["bcubed_f1"]
            table.add_row(name, embedding, *numbers, f"{gain:+.4f}", str(scores["texts"]))
    console.print(table)


def _cells(judged: Report) -> list[str]:
    if not judged["links"]:
        return ["0"]
    numbers = [f"{judged[name]:.3f}" for name in ("right", "said", "error")]
    interval = " ".join(f"{end:.3f}" for end in judged["interval"])
    return [str(judged["links"]), *numbers, interval, f"{judged['chance']:.3f}"]
