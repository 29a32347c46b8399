"""Write an explanation for a terminal: the decisions, the score part by part, shared passages and mentions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from dedup.formats.escaping import visible

if TYPE_CHECKING:
    from rich.text import Text

    from dedup.article import Article
    from dedup.comparison import Mentions, Passage
    from dedup.results.clustering import Explanation, Link
    from dedup.settings import Settings

_WORDS = 15
_PASSAGES = 12
_PASSAGE_LENGTH = 280  # characters
_MENTIONS = 8
_EXCERPT = 900  # characters

_YES, _NO, _HEAD, _FAINT, _A, _B, _BOTH = "bold green", "bold yellow", "bold", "dim", "red", "green", "cyan"


def write_comparison(
    explanation: Explanation, first: Article, second: Article, settings: Settings, out: TextIO, *, colour: bool
) -> None:
    """Write why two articles were joined or not. Text of A alone is red, text of B alone is green.

    Without colour, differences are marked by signs: `[-only in A-]{+only in B+}`.
    """
    _print(_lines(explanation, first, second, settings), out, colour=colour)


def write_pair(first: Article, second: Article, out: TextIO, *, colour: bool, full: bool = False) -> None:
    """Write two articles for a person to judge, without the scores of dedup.

    Args:
        first, second: the articles, with their texts.
        out: a text stream.
        colour: whether to mark shared passages by colour.
        full: whether to write complete texts instead of excerpts.
    """
    from dedup.match.passages import shared_passages

    passages = shared_passages(first.text, second.text)
    _print(_pair(first, second, passages, None if full else _EXCERPT), out, colour=colour)


def _pair(first: Article, second: Article, passages: tuple[Passage, ...], most: int | None) -> Iterator[Text]:
    for side, article, style in (("a", first, _A), ("b", second, _B)):
        details = (article.source, article.published.isoformat()[:10] if article.published else "no date", article.id)
        yield _line((f"{side.upper()}  ", style), (article.title or "(no title)", _HEAD))
        yield _line("   ", (" · ".join(filter(None, details)), _FAINT))
        places = sorted((getattr(one, f"{side}_start"), getattr(one, f"{side}_end")) for one in passages)
        yield _line(
            "   ",
            *_highlighted(article.text[:most], places),
            "…" if len(article.text) > len(article.text[:most]) else "",
        )
        yield _line()
    words = sum(passage.words for passage in passages)
    yield _line(
        (f"{len(passages):,} passages in both, {words:,.0f} words" if passages else "No passage in both", _FAINT)
    )


def _highlighted(text: str, places: list[tuple[int, int]]) -> list[str | tuple[str, str]]:
    """Return a text with the passages at some offsets in colour."""
    shown: list[str | tuple[str, str]] = []
    at = len(text) - len(text.lstrip())  # skips an empty line below the headline
    for start, end in places:
        if end > at:
            shown += [text[at : max(at, start)], (text[max(at, start) : end], _BOTH)]
            at = end
    return [*shown, text[at:]]


def _print(lines: Iterator[Text], out: TextIO, *, colour: bool) -> None:
    from rich.console import Console

    if not colour:
        out.writelines(line.plain + "\n" for line in lines)
        return
    console = Console(file=out, force_terminal=True, highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(line, soft_wrap=True)


def _lines(explanation: Explanation, first: Article, second: Article, settings: Settings) -> Iterator[Text]:
    link = explanation.link
    yield _line(("A  ", _A), _title_line(first))
    yield _line(("B  ", _B), _title_line(second))
    yield _line()
    yield _answer("Same text?   ", explanation.same_text)
    yield _line(
        f"  {explanation.shared_shingles:,} phrases of {settings.shingle_size} words in both;"
        f" A has {explanation.shingles_a:,}, B has {explanation.shingles_b:,}"
    )
    yield _measure("containment", link.containment or 0.0, "of the shorter text's phrases")
    yield _measure("Jaccard", link.jaccard or 0.0, "of both texts' phrases together")
    yield _measure("overlap", explanation.overlap, f"of words, on average   (a copy from {settings.copy_overlap:g})")
    yield _line()
    yield _answer("Same story?  ", explanation.same_story)
    yield _measure("cosine", link.cosine, "of their weighted words")
    yield _measure("background", -explanation.background or 0.0, "their mean similarity to other articles")
    yield _measure("dates", -explanation.date_penalty or 0.0, _date_distance(link.days))
    if explanation.outlet_penalty:
        yield _measure("outlet", -explanation.outlet_penalty, f"both of {first.source}")
    if explanation.headline:
        yield _measure("headline", explanation.headline, "one of them has no text")
    if explanation.second_opinion:
        yield _measure("opinion", explanation.second_opinion, "from the second opinion")
    if explanation.embedding is not None:
        yield _measure("embedding", explanation.embedding, "chance of one story at their closeness in meaning")
    yield _measure("score", link.score, f"(same story from {explanation.threshold:.3g})", _HEAD)
    yield _measure("probability", link.probability, _claim(link), _HEAD)
    yield _line()
    yield from _words(explanation)
    yield from _passages(explanation.passages, first.text, second.text)
    yield from _mentions(explanation)
    yield _line((explanation.reason, _HEAD))
    for lack in explanation.missing if not explanation.same_text else ():
        yield _line((lack, _FAINT))


def _line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    shown = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((visible(text), style) for text, style in shown))


def _answer(question: str, answer: bool) -> Text:
    return _line((question, _HEAD), ("yes", _YES) if answer else ("no", _NO))


def _measure(name: str, value: float, meaning: str, style: str = "") -> Text:
    return _line(f"  {name:13}", (f"{value:6.3f}", style or "bold"), ("   " + meaning, style or _FAINT))


def _words(explanation: Explanation) -> Iterator[Text]:
    if not explanation.words:
        yield _line("No shared words contribute to the score.")
        yield _line()
        return
    yield _line(("Contributions to the cosine", _HEAD))
    for word in explanation.words[:_WORDS]:
        yield _line(f"  {word.weight:6.3f}  ", (word.word, _BOTH))
    rest = explanation.words[_WORDS:]
    if rest:
        yield _line(f"  {sum(word.weight for word in rest):6.3f}  in {len(rest):,} more words")
    yield _line()


def _passages(passages: tuple[Passage, ...], first: str, second: str) -> Iterator[Text]:
    """Yield the longest passages, each with its offsets and the changes inside it."""
    if not passages:
        return
    yield _line(("Passages in both", _HEAD), ("   (characters of A, of B)", _FAINT))
    longest = sorted(sorted(passages, key=lambda passage: -passage.words)[:_PASSAGES], key=lambda one: one.a_start)
    for passage in longest:
        how = "verbatim" if passage.verbatim else "with changes"
        places = f"A {passage.a_start:,}–{passage.a_end:,}, B {passage.b_start:,}–{passage.b_end:,}"
        yield _line(f"  {places}: ", (f"{passage.words:,.0f} words, {how}", _FAINT))
        yield _line("    ", *_marked(passage, first, second))
    if len(passages) > _PASSAGES:
        yield _line((f"  and {len(passages) - _PASSAGES:,} shorter ones", _FAINT))
    yield _line()


def _marked(passage: Passage, first: str, second: str) -> list[str | tuple[str, str]]:
    """Return the beginning of a passage, with text of only one article between signs."""
    shown: list[str | tuple[str, str]] = []
    length = 0
    a_end, b_end = passage.a_start, passage.b_start
    for piece in passage.pieces:
        removed, added = first[a_end : piece.a_start].strip(), second[b_end : piece.b_start].strip()
        if a_end > passage.a_start:
            shown.append(" ")
        if removed:
            shown.append((f"[-{removed}-]", _A))
        if added:
            shown.append((f"{{+{added}+}}", _B))
        if removed or added:
            shown.append(" ")
        same = first[piece.a_start : piece.a_end]
        shown.append((same if length + len(same) <= _PASSAGE_LENGTH else same[: _PASSAGE_LENGTH - length] + "…", _BOTH))
        length += len(removed) + len(added) + len(same)
        if length > _PASSAGE_LENGTH:
            break
        a_end, b_end = piece.a_end, piece.b_end
    return shown


def _mentions(explanation: Explanation) -> Iterator[Text]:
    kinds = (("Names", explanation.names), ("Numbers", explanation.numbers), ("Dates", explanation.dates))
    present = [(name, found) for name, found in kinds if found.both or found.only_a or found.only_b]
    for name, found in present:
        yield from _kind(name, found)
    if present:
        yield _line()


def _kind(name: str, found: Mentions) -> Iterator[Text]:
    rows = (("both", found.both, _BOTH), ("A only", found.only_a, _A), ("B only", found.only_b, _B))
    label = name
    for where, mentions, style in rows:
        if mentions:
            rest = f" and {len(mentions) - _MENTIONS:,} more" if len(mentions) > _MENTIONS else ""
            yield _line((f"{label:9}", _HEAD), (f"{where:8}", _FAINT), (", ".join(mentions[:_MENTIONS]), style), rest)
            label = ""


def _title_line(article: Article) -> str:
    title = article.title or article.text[:80]
    date = f" ({article.published.isoformat()[:10]})" if article.published else ""
    return f"{article.id}: {title}{date}"


def _date_distance(days: float | None) -> str:
    if days is None:
        return "a date is unknown"
    return "on the same day" if days < 1 else f"{days:.0f} day{'' if round(days) == 1 else 's'} apart"


def _claim(link: Link) -> str:
    return "that they are the same text" if link.kind == "copy" else "that they report the same event"
