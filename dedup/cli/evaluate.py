"""`dedup evaluate`: score the stories found in labelled articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

import dedup
from dedup.article import Notice
from dedup.cli.index_options import StoreInsteadOption, opened_to_read
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import ConfigurationOptions, JsonOption, LogJsonOption, VerboseOption, grouped
from dedup.cli.output import standard_output
from dedup.cli.progress import ProgressBar
from dedup.formats.escaping import visible
from dedup.formats.json_text import json_text
from dedup.report import counted

if TYPE_CHECKING:
    from dedup.article import Article
    from dedup.config import Configuration
    from dedup.evaluation.scores import PairScores, Scores
    from dedup.results.clustering import Clustering

HELP = """Cluster articles whose stories are known, and score the result.

Each FILE is one set, named by the file name up to its first dot. The field `story` of a record is its label. Records
without one are clustered with the others, but not scored. A field `storyline` is the label of a storyline: these are
scored beside the stories. If a set has several languages (`lang`), the stories of each are also scored separately,
within the clustering of the complete set; a file with that language alone can score differently.

\b
Examples:
  dedup evaluate labelled.jsonl                a table
  dedup evaluate dev.jsonl test.csv --json     two sets, for a program
  dedup evaluate dev.csv --field story=event   the label is in that column
  dedup evaluate dev.jsonl --set granularity=.4  with another setting
  dedup evaluate news/ --labels labels.jsonl   by pairs that a person judged
  dedup evaluate labelled.jsonl --store s.db   the stories that an index has

\b
Scores, each at best 1:
  BCubed  averages over articles: P is the share of the found story that
          belongs to the true one, R the share of the true story that is
          found; F1 is their harmonic mean
  ARI     adjusted Rand index over pairs; 0 is the level of chance
  pairs   P is the share of pairs found together that belong together, R the
          share of pairs that belong together and are found; F1 as above
A dash marks a score that is not defined because there are no such pairs.

With --labels the judged pairs are scored: pairs found in one story count as right if judged same story or same text,
pairs found in one copy group if judged same text. The granularity that fits the judgements best is reported.

With --store nothing is clustered: the stories are those that an index has, as it placed its articles. The labels are
those of FILE by id, or of the articles in the index, or with --labels the judged pairs.

The scores go to standard output; progress and messages go to standard error.

\b
Exit codes:
  0    done
  1    no usable input: a set without a labelled record (others are scored)
  2    wrong usage: an unknown option, setting, field or format
  130  interrupted; 141 when the reader of the output closed it
"""

_UNDECLARED = "unknown"


@dataclass(frozen=True, slots=True)
class _Scored:
    """The scores of a set.

    Attributes:
        stories: of all articles with a story under "", and by language if there are several; empty without any.
        storylines: None without a storyline.
        across: of the pairs of articles in two languages, by the two.
    """

    stories: Mapping[str, Scores]
    storylines: Scores | None
    across: Mapping[tuple[str, str], PairScores]

    def across_all(self) -> PairScores:
        """Return the scores of all pairs of articles in two languages."""
        first, *others = self.across.values()
        return sum(others, first)

    def parts(self) -> list[tuple[str, Scores]]:
        """Return the rows of the table: all stories, storylines, languages; each with its name."""
        rows: list[tuple[str, Scores]] = [(part, scores) for part, scores in self.stories.items() if not part]
        rows += [("storylines", self.storylines)] if self.storylines else []
        return rows + [(part, scores) for part, scores in self.stories.items() if part]


@grouped
def command(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Labelled records, one set per file.", show_default=False)
    ] = None,
    *,
    store: StoreInsteadOption = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            metavar="LABELS",
            help="Score the pairs judged in this file (written by 'dedup judge'), over all FILEs together.",
            show_default=False,
        ),
    ] = None,
    configuration: ConfigurationOptions,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Parse, cluster and score each set, and print the scores."""
    begin_logging(verbose, as_json=log_json)
    given = configuration.configured()
    if given.told_by_file:
        say(given.told_by_file)
    if not files and not store:
        raise typer.BadParameter("give labelled records, or an index by --store", param_hint="FILE")
    files = files or []
    if labels:
        _judged(files, store, labels, given, json=json)
        return
    if store:
        stored = _stored_scores(files, store, given)
        _print({set_name(str(store)): stored} if stored else {}, json=json)
        if not stored:
            raise typer.Exit(1)
        return
    names = [set_name(file) for file in files]
    for name in names:
        if names.count(name) > 1:
            problem = f"two files are sets named {visible(name)}: rename one (the name ends at the first dot)"
            raise typer.BadParameter(problem, param_hint="FILE")
    scored: dict[str, _Scored] = {}
    try:
        for name, file in zip(names, files, strict=True):
            scores = _scores(name, file, given)
            if scores:
                scored[name] = scores
    except KeyboardInterrupt:
        say(f"Interrupted; {len(scored)} of {len(files)} sets are scored")
        _print(scored, json=json)
        raise
    _print(scored, json=json)
    if len(scored) < len(files):
        raise typer.Exit(1)


def _judged(files: list[str], store: Path | None, labels: Path, given: Configuration, *, json: bool) -> None:
    """Cluster all files together, or take the stories of an index, and score the judged pairs."""
    from dedup.evaluation.judgements import FEW, read_judgements, score_judgements

    if not labels.is_file():
        raise typer.BadParameter(visible(f"there is no file {labels}"), param_hint="--labels")
    judgements = read_judgements(labels)
    if store:
        if files:
            raise typer.BadParameter("with --labels the stories are those of the index alone", param_hint="FILE")
        clustering = _placements(store)
    else:
        notices: list[Notice] = []
        with ProgressBar() as progress:
            articles = list(dedup.read_articles(files, notices=notices, **given.reading))
            clustering = dedup.cluster(articles, given.settings, progress=progress)
        report([*notices, *clustering.notices])
    found = score_judgements(clustering, judgements)
    with standard_output() as out:
        if json:
            out.write(json_text(asdict(found)) + "\n")
            return
        more = f"; {found.unknown:,} more have articles that are not in the input" if found.unknown else ""
        out.write(f"{counted(found.judged, 'judged pair', 'judged pairs')}{more}\n\n")
        out.write(f"{'':12}    P     R    F1\n")
        for name, scores in (
            ("Same story", (found.precision, found.recall, found.f1)),
            ("Same text", (found.copy_precision, found.copy_recall, found.copy_f1)),
        ):
            out.write(f"{name:12}{'':1}{' '.join(map(_figure, _defined(*scores)))}\n")
        out.write("\n")
        if found.best_f1 is None:
            out.write("These are the stories as the index has them; FILE instead of --store finds a granularity.\n")
        elif found.suggested is None:
            out.write("All judgements are of one kind: judge pairs of both kinds to find a granularity.\n")
        else:
            out.write(
                f"Granularity {found.granularity:.2f} has F1 {found.f1:.3f}; {found.suggested:.2f} fits best, with"
                f" {found.best_f1:.3f} (--set granularity={found.suggested:g})\n"
            )
            if found.judged < FEW:
                out.write(f"With fewer than {FEW} judgements this is uncertain: 'dedup judge' asks for more.\n")


def _defined(precision: float, recall: float, f1: float) -> tuple[float | None, float | None, float]:
    """Replace by None a precision or recall that is 1 only because no pair was found, or none was to be found."""
    return (precision if f1 or precision < 1 else None), (recall if f1 or recall < 1 else None), f1


def _figure(share: float | None) -> str:
    return f"{'–' if share is None else f'{share:.3f}':>5}"


def _print(scored: Mapping[str, _Scored], *, json: bool) -> None:
    with standard_output() as out:
        if json:
            out.write(json_text({"sets": {name: _record(scores) for name, scores in scored.items()}}) + "\n")
        elif scored:
            _write(scored, out)


def set_name(file: str) -> str:
    """Return the file name up to its first dot, not counting a leading one; `stdin` for standard input."""
    return "stdin" if file == "-" else Path(file).resolve().name.lstrip(".").split(".")[0]


def _scores(name: str, file: str, given: Configuration) -> _Scored | None:
    """Return the scores of the labelled articles of a file, None without any."""
    notices: list[Notice] = []
    with ProgressBar() as progress:
        read = dedup.read_articles([file], notices=notices, **given.reading)
        articles = list(read)
        clustering = dedup.cluster(articles, given.settings, progress=progress) if articles else None
    report([*notices, *(clustering.notices if clustering else ())])
    return _scored(name, file, articles, clustering)


def _scored(name: str, file: str, articles: Sequence[Article], clustering: Clustering | None) -> _Scored | None:
    from dedup.evaluation.scores import score_across

    labels = clustering.labels if clustering else ()
    lines = [clustering.stories[label].storyline for label in labels] if clustering else []
    labelled = [
        (article.story, found, article.lang or _UNDECLARED)
        for article, found in zip(articles, labels, strict=True)
        if article.story is not None
    ]
    of_line = [
        (article.storyline, found)
        for article, found in zip(articles, lines, strict=True)
        if article.storyline is not None
    ]
    if not labelled and not of_line:
        say(f"Error: {file} has no article with a story to score (name the field that has it with --field story=NAME)")
        return None
    for rows, what in ((labelled, "story"), (of_line, "storyline")):
        if rows and len(rows) < len(articles):
            left = len(articles) - len(rows)
            say(f"{name}: {left:,} of {len(articles):,} articles have no {what} and are not scored")
    parts = {"": labelled} if labelled else {}
    languages = sorted({language for _, _, language in labelled})
    if len(languages) > 1:
        parts |= {language: [row for row in labelled if row[2] == language] for language in languages}
    return _Scored(
        {
            part: dedup.score([truth for truth, _, _ in rows], [found for _, found, _ in rows])
            for part, rows in parts.items()
        },
        dedup.score([truth for truth, _ in of_line], [found for _, found in of_line]) if of_line else None,
        score_across(*zip(*labelled, strict=True)) if labelled else {},
    )


def _placements(store: Path) -> Clustering:
    with opened_to_read(store) as index:
        return index.placements()


def _stored_scores(files: list[str], store: Path, given: Configuration) -> _Scored | None:
    """Return the scores of the stories that an index has, against the labels of files, or of its own articles."""
    placements = _placements(store)
    articles = list(placements.articles)
    if files:
        notices: list[Notice] = []
        labelled = {article.id: article for article in dedup.read_articles(files, notices=notices, **given.reading)}
        report(notices)
        lacking = len(labelled.keys() - {article.id for article in articles})
        if lacking:
            say(f"{lacking:,} of {len(labelled):,} labelled articles are not in {visible(str(store))}, and not scored")
        articles = [labelled.get(one.id, replace(one, story=None, storyline=None)) for one in articles]
    return _scored(set_name(str(store)), str(store), articles, placements)


def _record(scored: _Scored) -> dict[str, Any]:
    languages = {language: part.to_dict() for language, part in scored.stories.items() if language}
    return {
        **(scored.stories[""].to_dict() if scored.stories else {}),
        **({"languages": languages} if languages else {}),
        **({"across_languages": _across(scored)} if scored.across else {}),
        **({"storyline": scored.storylines.to_dict()} if scored.storylines else {}),
    }


def _across(scored: _Scored) -> dict[str, Any]:
    pairs = [{"languages": [*names], **scores.to_dict()} for names, scores in scored.across.items()]
    return {**scored.across_all().to_dict(), "pairs": pairs}


def _write(sets: Mapping[str, _Scored], out: TextIO) -> None:
    from rich.cells import cell_len

    rows = [
        (visible(name) if not part else f"  {visible(part)}" if scored.stories else f"{visible(name)} {part}", scores)
        for name, scored in sets.items()
        for part, scores in scored.parts()
    ]
    width = max(len("Set"), *(cell_len(label) for label, _ in rows))
    out.write(f"{'':{width + 25}}{'BCubed':^17}{'':9}{'pairs':^17}".rstrip() + "\n")
    scores = f"{'P':>5} {'R':>5} {'F1':>5}"
    out.write(f"{'Set':{width}} Articles Stories  Found  {scores}  {'ARI':>6}  {scores}\n")
    for label, part in rows:
        bcubed = f"{part.bcubed_precision:5.3f} {part.bcubed_recall:5.3f} {part.bcubed_f1:5.3f}"
        precision = part.pair_precision if part.found < part.articles else None
        recall, f1 = (part.pair_recall, part.pair_f1) if part.stories < part.articles else (None, None)
        pairs = " ".join(map(_figure, (precision, recall, f1)))
        ari = _figure(None if f1 is None else part.ari).rjust(6)
        counts = f"{part.articles:8,} {part.stories:7,} {part.found:6,}"
        out.write(f"{label}{' ' * (width - cell_len(label))} {counts}  {bcubed}  {ari}  {pairs}\n")
    _write_across(sets, out)


def _write_across(sets: Mapping[str, _Scored], out: TextIO) -> None:
    """Write the scores of pairs of articles in two languages, if there are any."""
    from rich.cells import cell_len

    rows = [("Pairs in two languages", None)] + [
        row
        for name, scored in sets.items()
        if scored.across
        for row in (
            (visible(name), scored.across_all()),
            *((f"  {visible(' – '.join(names))}", scores) for names, scores in scored.across.items()),
        )
    ]
    if len(rows) == 1:
        return
    width = max(cell_len(label) for label, _ in rows)
    out.write("\n")
    for label, pairs in rows:
        if pairs is None:
            numbers = f"Together   Found  {'P':>5} {'R':>5} {'F1':>5}"
        else:
            shares = (pairs.precision if pairs.found else None, pairs.recall if pairs.gold else None)
            f1 = pairs.f1 if pairs.gold else None
            numbers = f"{pairs.gold:8,} {pairs.found:7,}  {' '.join(map(_figure, (*shares, f1)))}"
        out.write(f"{label}{' ' * (width - cell_len(label))} {numbers}\n")
