"""The libraries that dedup is measured beside: which are here, and how to get the others. Nothing is installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

INSTALL = "pip install -e '.[bench]'"


@dataclass(frozen=True, slots=True)
class Peer:
    """A library.

    Attributes:
        name: as it is called in results, and its distribution.
        module: what is imported.
        used: what is measured of it.
    """

    name: str
    module: str
    used: str


PEERS = (
    Peer("datasketch", "datasketch", "MinHash.bulk, MinHashLSH"),
    Peer("rensa", "rensa", "RMinHash over full sets; its Rho sketch, which samples, is not the same thing"),
    Peer("fastsketchlsh", "FastSketchLSH", "FastSimilaritySketch, LSH"),
    Peer("gaoya", "gaoya", "MinHashStringIndex, whose text cannot be had without the index"),
    Peer("scikit-learn", "sklearn", "HashingVectorizer"),
    Peer("sparse-dot-topn", "sparse_dot_topn", "sp_matmul_topn"),
    Peer("scipy", "scipy", "the product of sparse matrices"),
    Peer("orjson", "orjson", "a limit: how fast JSON can be parsed"),
)
WITHOUT = {
    "text-dedup": "its recipe is measured (runs of five words, SHA-1, 61-bit permutations by NumPy); the package itself"
    " is a set of scripts, and wants Spark and older releases of libraries that others here use",
}
"""Peers that are not installed beside the others, and what stands for them."""


def is_here(name: str) -> bool:
    """Whether a peer can be imported."""
    return find_spec(next(peer.module for peer in PEERS if peer.name == name)) is not None


def missing() -> dict[str, str]:
    """The peers that are not here, and how to get each."""
    return {peer.name: f"{INSTALL}, or pip install {peer.name}" for peer in PEERS if not is_here(peer.name)}
