"""Which plain function gives the same as each kernel, to the last bit.

`tests/backends/test_twins.py` calls both on random and on special cases. It fails for a kernel that is missing here. A
plain function in `plain_forms` is beside that test: the product does not need one there, because the plain backend has
other data structures.
"""

from __future__ import annotations

from typing import NamedTuple


class Twin(NamedTuple):
    """A function by kernels and its plain form, by their names inside the package.

    Attributes:
        kernel: the function that Python calls.
        plain: the function that specifies it.
        runs: the compiled functions that `kernel` runs, inside the same folder of kernels; none where it is compiled.
    """

    kernel: str
    plain: str
    runs: tuple[str, ...] = ()

    def compiled(self) -> tuple[str, ...]:
        """The names of the compiled functions inside the package."""
        folder = self.kernel[: self.kernel.index("kernels.") + len("kernels.")] if self.runs else ""
        return tuple(folder + name for name in self.runs) or (self.kernel,)


TWINS = (
    Twin("vectorize.kernels.encoding.encoded", "plain_forms.encoded", ("encoding._encode_all",)),
    Twin("vectorize.kernels.extractor.Extractor.words", "vectorize.features.HashedWords.of", ("onepass.read_block",)),
    Twin(
        "vectorize.kernels.extractor.Extractor.sketch", "vectorize.features.plain_features", ("onepass.sketch_block",)
    ),
    Twin("vectorize.kernels.murmur.hash_words", "vectorize.hashing.hashes_of", ("murmur.hash_block",)),
    Twin(
        "vectorize.kernels.vocabulary.CompiledTable.add",
        "vectorize.vocabulary.PlainTable.add",
        ("vocabulary.add_words",),
    ),
    Twin("vectorize.kernels.languages.detect", "vectorize.language.detect", ("languages.detect_block",)),
    Twin(
        "vectorize.kernels.boilerplate.held_passages",
        "vectorize.boilerplate.held_passages",
        ("boilerplate._count", "boilerplate._collect", "boilerplate._held_by_enough"),
    ),
    Twin(
        "vectorize.kernels.boilerplate.lines_among",
        "vectorize.boilerplate.lines_among",
        ("boilerplate._lines",),
    ),
    Twin(
        "vectorize.kernels.boilerplate.outside_boilerplate",
        "vectorize.boilerplate.outside_boilerplate",
        ("boilerplate._hash_set", "boilerplate._outside"),
    ),
    Twin("vectorize.kernels.relations.lists", "vectorize.boilerplate.lists", ("relations._lists",)),
    Twin(
        "vectorize.kernels.relations.relations",
        "vectorize.boilerplate.relations",
        ("relations._distinctive_words", "relations._shares", "relations._speaking"),
    ),
    Twin(
        "vectorize.kernels.tfidf.frequencies",
        "vectorize.frequencies.Frequencies.of",
        ("tfidf._first_terms", "tfidf._places", "tfidf._count"),
    ),
    Twin(
        "vectorize.kernels.tfidf.tfidf",
        "vectorize.tfidf.tfidf",
        ("tfidf._look_up", "tfidf._weigh", "tfidf._compact"),
    ),
    Twin(
        "vectorize.kernels.cross_lingual.cross_lingual_vectors",
        "vectorize.cross_lingual.cross_lingual_vectors",
        ("cross_lingual._names_and_figures",),
    ),
    Twin("vectorize.kernels.overlaps.shared_shingles", "match.copies.overlaps", ("overlaps.overlap_chunk",)),
    Twin("vectorize.kernels.overlaps.own_words", "match.suspects.own_words", ("overlaps.overlap_chunk",)),
    Twin(
        "match.kernels.bands.band_candidates",
        "match.copies.band_candidates",
        ("bands._hash_bands", "bands._shared_keys", "bands._distinct", "bands._join"),
    ),
    Twin("index.features.kernels.look_up", "index.features.tfidf.look_up"),
    Twin(
        "index.features.kernels.weigh",
        "index.features.tfidf.Weigher.weigh",
        ("_weigh", "_lay_out"),
    ),
    Twin("match.kernels.bands.agreeing_slots", "match.copies.agreeing_slots", ("bands._agreeing_slots",)),
    Twin("match.kernels.templates.matching_blocks", "match.templates.matching_blocks", ("templates._blocks",)),
    Twin("match.kernels.templates.shared_words", "match.templates.shared_words", ("templates._shared",)),
    Twin(
        "match.kernels.stories.story_pairs",
        "match.stories.story_pairs",
        ("ranked._statistics", "ranked._lay_out", "sweep._reaches", "floor._index", "floor._scan", "best._by"),
    ),
    Twin("match.kernels.stories.related_to", "match.stories.related_to", ("floor._scan",)),
    Twin("match.kernels.best.among_best", "match.stories.among_best", ("best._among_best",)),
    Twin("match.kernels.products.products", "match.stories.products", ("products._products",)),
    Twin(
        "group.kernels.linkage.average_linkage", "group.linkage.average_linkage", ("linkage._number", "linkage._chains")
    ),
    Twin("group.kernels.cut.cut", "group.cut.cut", ("cut._cut",)),
    Twin("index.features.kernels.unpack_vectors", "index.features.sketch.Vector.unpacked"),
    Twin("index.features.kernels.cross_lingual_parts", "index.features.sketch.Vector.names"),
    Twin("index.search.kernels.layout.sort_by_term", "plain_forms.sort_by_term"),
    Twin("index.search.kernels.layout.term_statistics", "plain_forms.term_statistics"),
    Twin("index.search.kernels.layout.segment_arrays", "plain_forms.segment_arrays"),
    Twin("index.search.kernels.scan.locate_terms", "plain_forms.locate_terms"),
    Twin("index.search.kernels.prefixes.any_prefix_agrees", "plain_forms.any_prefix_agrees"),
    Twin("index.search.kernels.prefixes.any_prefix_listed", "plain_forms.any_prefix_agrees"),
    Twin("index.search.kernels.scan.scan_for_one", "index.search.postings.PlainPostings.above"),
    Twin("index.search.kernels.scan.scan_open_rows", "index.search.postings.PlainPostings.above"),
    Twin("index.search.kernels.scan.scan_for_many", "index.search.postings.PlainPostings.all_above"),
    Twin("index.search.kernels.scoring.score_pairs", "index.stories.regroup._by_numpy"),
    Twin("index.search.kernels.scoring.score_hits", "index.search.neighbours.score_by_numpy"),
    Twin("index.search.kernels.scoring.sums_by_story", "index.search.neighbours.sums_by_story"),
    Twin("index.search.kernels.scoring.strongest", "index.search.neighbours.strongest"),
    Twin("match.kernels.probability.of_links", "match.probability.Probabilities.of_stories"),
)
