"""Calibration of `Link.probability`, and the fit of its curves.

Every labelled set is left out once: the curves are fitted to the others and judged on it. The error is the expected
calibration error (Naeini, Cooper and Hauskrecht 2015): links in ten bins of equal width by their probability, in each
the distance between the mean probability and the share that is right, averaged by links. In a fit all sets have
equal weight, except for those with fewer than `FULL_WEIGHT` pairs, which weigh less.

    sets     by set: links, right (the share that is), said (the mean probability), error, interval (95 %, found stories
             drawn with replacement), chance (the mean error if every probability were true and links independent), bins
             (a curve to draw: of each fifth of the links, or fewer parts of `FEWEST` and more, by probability, its
             share of the links, the mean probability, the share that is right);
             `apart` has these values for scored pairs that were not joined
             `stream` and `telegram_pairs` are judged pairs used in no fit, both selected to be hard
    pooled   error, and bins as above by tenths, of all held-out links, with equal weight per set;
             error_by_links, with equal weight per link; mean_error, the mean of the sets
    copies   for the judged pairs that are found to be copies, the fit leaving out a tenth of them at a time
    table    the content of `dedup/match/probability.json`: the curves, fitted to all sets, and their provenance
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import bootstrap, data
from benchmarks.data import LabelledPairs, LabelledSet
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from benchmarks.pairs import COPY_LABELS
from dedup import cluster
from dedup.match import probability
from dedup.match.probability import TABLE, Probabilities, joined_features, log_score
from dedup.results.clustering import Clustering
from dedup.results.evidence import StoredEvidence
from dedup.settings import METHOD_VERSION
from dedup.vectorize.exact import SCORE_UNIT

COMMAND = "python -m benchmarks calibration --write"
SHIPPED = Path(str(probability.__file__)).with_name(TABLE)
RESAMPLES = 1000
SEED = 20240527
BINS = 10
FULL_WEIGHT = 50
"""A set with at least this many pairs has full weight in a fit."""
FOLDS = 10
FEWEST = 40
FITTED = ("fnc1_train", "mmds_dev", "basil", "newswcl50", "meantime")
"""Sets left out of the fit: our own seeds, where every join is right by construction. They are measured too."""
COPIES_FILE = "copy_pairs_dev"
SAME, DIFFERENT = "same", "different"

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Observed:
    """The scored pairs of a set that are not copies, with their labels.

    Attributes:
        name: name of the set.
        score, background: of each pair, shape (pairs,).
        foreign: whether its articles are in two languages.
        joined: whether both are in one story at the default granularity, so that the pair is a link.
        right: whether both are of one gold story.
        story: the predicted story of the first.
    """

    name: str
    score: Floats
    background: Floats
    foreign: Truth
    joined: Truth
    right: Truth
    story: NDArray[np.int64]


def observe(collection: LabelledSet) -> Observed:
    """Return the pairs of a set, scored with the default settings."""
    evidence = _evidence(cluster(collection.articles))
    pairs = evidence.pairs.where(~evidence.pairs.among(evidence.copies))
    label = evidence.events
    truth = collection.truth
    _, gold = np.unique([truth[places[0]] for places in evidence.collection.members], return_inverse=True)
    return Observed(
        collection.name,
        np.asarray(pairs.score * SCORE_UNIT, np.float64),
        evidence.density(pairs.a, pairs.b),
        evidence.foreign(pairs.a, pairs.b),
        label[pairs.a] == label[pairs.b],
        gold[pairs.a] == gold[pairs.b],
        label[pairs.a],
    )


def observe_judged(labelled: LabelledPairs) -> Observed:
    """Return the judged pairs that dedup scored in the collection, without those nobody could judge."""
    evidence = _evidence(cluster(labelled.articles))
    pairs = evidence.pairs.where(~evidence.pairs.among(evidence.copies))
    place = {pair: number for number, pair in enumerate(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True))}
    kept, right = [], []
    for pair in labelled.pairs:
        a, b = sorted((int(evidence.distinct[pair.a]), int(evidence.distinct[pair.b])))
        if (a, b) in place and pair.label in (SAME, DIFFERENT):
            kept.append(place[a, b])
            right.append(pair.label == SAME)
    one, other = pairs.a[kept], pairs.b[kept]
    return Observed(
        labelled.name,
        np.asarray(pairs.score[kept] * SCORE_UNIT, np.float64),
        evidence.density(one, other),
        evidence.foreign(one, other),
        evidence.events[one] == evidence.events[other],
        np.array(right, bool),
        np.arange(len(kept)),  # each pair is its own cluster
    )


def observe_copies(labelled: LabelledPairs) -> tuple[Floats, Truth]:
    """Return the overlap of the judged pairs that dedup calls copies, and whether they are."""
    evidence = _evidence(cluster(labelled.articles))
    copies = evidence.copies
    places = zip(copies.a.tolist(), copies.b.tolist(), strict=True)
    overlap = dict(zip(places, copies.overlap.tolist(), strict=True))
    found = []
    for pair in labelled.pairs:
        a, b = sorted((int(evidence.distinct[pair.a]), int(evidence.distinct[pair.b])))
        if (a, b) in overlap:
            found.append((overlap[a, b], pair.label in COPY_LABELS))
    return np.array([value for value, _ in found]), np.array([right for _, right in found], bool)


def run(folder: Path | None, *, resamples: int, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Measure the calibration and fit the curves.

    Raises:
        BenchmarkError: there are too few sets to leave one out, or no judged copies.
    """
    whole = [collection for collection in data.labelled_sets(folder) if not collection.view_of]
    copies = data.copy_pairs(folder)
    if sum(collection.name in FITTED for collection in whole) < 3 or copies is None:
        raise BenchmarkError("a calibration needs three labelled sets and the judged copies: give their folder")
    observed = {}
    for collection in whole:
        with watch.step(f"{collection.name}: dedup"):
            observed[collection.name] = observe(collection)
    for judged in (data.stream_pairs(folder), data.telegram_pairs(folder)):
        if judged:
            with watch.step(f"{judged.name}: dedup"):
                observed[judged.name] = observe_judged(judged)
    with watch.step("copies: dedup"):
        overlap, right = observe_copies(copies)
    with watch.step("fit"):
        held_out = {name: _held_out(name, observed) for name in observed}
        said = _copies_held_out(overlap, right)
    report: dict[str, Any] = {"benchmark": "calibration", "seed": seed, "resamples": resamples, **provenance()}
    with watch.step("intervals"):
        report["sets"] = {
            name: {
                **_judge_pairs(pairs, held_out[name], pairs.joined, resamples, seed),
                "apart": _judge_pairs(pairs, held_out[name], ~pairs.joined, resamples, seed),
            }
            for name, pairs in observed.items()
        }
        report["copies"] = judge(said, right, np.arange(len(right)), resamples, seed)
    fitted = [name for name in FITTED if name in observed]
    report["pooled"] = _pooled(
        [(held_out[name][observed[name].joined], observed[name].right[observed[name].joined]) for name in fitted]
    )
    report["pooled"]["mean_error"] = fmean(report["sets"][name]["error"] for name in fitted)
    report["table"] = _table([observed[name] for name in fitted], overlap, right, report, data.digests(folder))
    report["seconds"] = watch.seconds
    return report


def write(report: Mapping[str, Any], path: Path = SHIPPED) -> None:
    """Write the fitted curves to the file that dedup reads."""
    path.write_text(json.dumps(report["table"], indent=1) + "\n", encoding="ascii")


def fit(features: Sequence[Floats], right: Sequence[Truth]) -> list[float]:
    """Fit a logistic curve over several sets, rounded as shipped; return the constant, then the slopes."""
    from sklearn.linear_model import LogisticRegression

    weights = [np.full(len(each), min(1.0, len(each) / FULL_WEIGHT) / len(each)) for each in right if len(each)]
    every = np.concatenate(features)
    scale = FULL_WEIGHT * len(weights) / sum(each.sum() for each in weights)
    model = LogisticRegression(C=1e6, solver="newton-cholesky", max_iter=1_000, tol=1e-8)  # nearly unpenalised
    model.fit(every, np.concatenate(right), np.concatenate(weights) * scale)
    return [round(float(value), 3) for value in (*model.intercept_, *model.coef_[0])]


def fit_joined(observed: Sequence[Observed]) -> list[float]:
    """Fit the curve of the joined pairs."""
    features = [
        np.stack(joined_features(log_score(each.score), each.background, each.foreign), axis=1)[each.joined]
        for each in observed
    ]
    return fit(features, [each.right[each.joined] for each in observed])


def fit_apart(observed: Sequence[Observed]) -> list[float]:
    """Fit the curve of the pairs left apart."""
    features = [log_score(each.score)[~each.joined].reshape(-1, 1) for each in observed]
    return fit(features, [each.right[~each.joined] for each in observed])


def judge(said: Floats, right: Truth, clusters: NDArray[np.int64], resamples: int, seed: int) -> dict[str, Any]:
    """Score probabilities against labels, see the module. Clusters are resampled as units, shape (links,)."""
    _, cluster_of = np.unique(clusters, return_inverse=True)
    drawn = bootstrap.counts(int(cluster_of.max(initial=-1)) + 1, resamples, seed) if len(said) else np.empty((0, 0))
    errors = np.array([calibration_error(said, right, row[cluster_of]) for row in drawn])
    random = np.random.default_rng(seed)
    lucky = [calibration_error(said, random.random(len(said)) < said) for _ in range(resamples)]
    return {
        "links": len(said),
        "right": float(right.mean()) if len(said) else None,
        "said": float(said.mean()) if len(said) else None,
        "error": calibration_error(said, right),
        "chance": fmean(lucky) if lucky else None,
        "bins": even_bins(said, right, np.ones(len(said)), max(1, min(5, len(said) // FEWEST))),
        **bootstrap.intervals({"interval": errors} if len(errors) else {}),
    }


def _judge_pairs(pairs: Observed, said: Floats, which: Truth, resamples: int, seed: int) -> dict[str, Any]:
    return judge(said[which], pairs.right[which], pairs.story[which], resamples, seed)


def calibration_error(said: Floats, right: Truth, weights: Floats | None = None) -> float:
    """Return the expected calibration error."""
    return sum(share * abs(mean - true) for share, mean, true in bins(said, right, weights))


def bins(said: Floats, right: Truth, weights: Floats | None = None) -> list[tuple[float, float, float]]:
    """Return share, mean probability and share of right pairs of each bin that is not empty."""
    weights = np.ones(len(said)) if weights is None else weights
    place = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    sums = [np.bincount(place, values, minlength=BINS) for values in (weights, weights * said, weights * right)]
    return [
        (float(weight / weights.sum()), float(mean / weight), float(true / weight))
        for weight, mean, true in zip(*sums, strict=True)
        if weight > 0
    ]


def even_bins(said: Floats, right: Truth, weights: Floats, count: int) -> list[tuple[float, float, float]]:
    """Return `bins` of about equal weight, for a figure."""
    if not len(said):
        return []
    order = np.argsort(said, kind="stable")
    reached = np.cumsum(weights[order]) - weights[order] / 2
    place = np.minimum((reached / weights.sum() * count).astype(np.int64), count - 1)
    values = (weights[order], (weights * said)[order], (weights * right)[order])
    sums = [np.bincount(place, value, minlength=count) for value in values]
    return [
        (float(weight / weights.sum()), float(mean / weight), float(true / weight))
        for weight, mean, true in zip(*sums, strict=True)
        if weight > 0
    ]


def _evidence(clustering: Clustering) -> StoredEvidence:
    evidence = clustering._evidence
    if not isinstance(evidence, StoredEvidence):
        raise TypeError("a clustering made by the pipeline has its evidence")
    return evidence


def _held_out(name: str, observed: Mapping[str, Observed]) -> Floats:
    """Return the probabilities of a set's pairs by a fit to the other sets, rounded as shipped."""
    others = [observed[other] for other in FITTED if other in observed and other != name]
    curves = Probabilities(fit_joined(others), fit_apart(others), (0, 0))
    held = observed[name]
    return curves.of_stories(held.score, held.background, held.foreign, held.joined)


def _copies_held_out(overlap: Floats, right: Truth) -> Floats:
    said = np.empty(len(right))
    fold = np.arange(len(right)) % FOLDS
    for held in range(FOLDS):
        curve = fit([overlap[fold != held].reshape(-1, 1)], [right[fold != held]])
        said[fold == held] = Probabilities((0, 0, 0, 0), (0, 0), curve).of_copies(overlap[fold == held])
    return said


def _pooled(parts: Sequence[tuple[Floats, Truth]]) -> dict[str, Any]:
    said, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    weights = np.concatenate([np.full(len(each), 1 / len(each)) for each, _ in parts if len(each)])
    return {
        "error": calibration_error(said, right, weights),
        "error_by_links": calibration_error(said, right),
        "bins": even_bins(said, right, weights, 10),
    }


def _table(
    fitted: Sequence[Observed], overlap: Floats, right: Truth, report: Mapping[str, Any], digests: Mapping[str, str]
) -> dict[str, Any]:
    joined, apart = (sum(int((each.joined == kind).sum()) for each in fitted) for kind in (True, False))
    curves = {
        "joined": _curve(["ln(score)", "background", "between languages"], fit_joined(fitted), joined),
        "apart": _curve(["ln(score)"], fit_apart(fitted), apart),
        "copy": _curve(["overlap"], fit([overlap.reshape(-1, 1)], [right]), len(right)),
    }
    return {
        "made_by": COMMAND,
        "method_version": METHOD_VERSION,
        "curves": curves,
        "held_out_error": {each.name: round(report["sets"][each.name]["error"], 4) for each in fitted},
        "fitted_to": {name: digest for name, digest in digests.items() if name.split(".")[0] in (*FITTED, COPIES_FILE)},
    }


def _curve(features: Sequence[str], curve: Sequence[float], pairs: int) -> dict[str, Any]:
    return {"features": ["constant", *features], "curve": curve, "pairs": pairs}
