"""The tokens of an article."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dedup.text.tokens import SEGMENT, Tokens, tokenize

REPEATED = 3
"""Words of the shortest title that is removed from the beginning of a text that repeats it."""
LABEL = 8
"""Words of the longest label of a title."""
_SEGMENT = bytes(int(flags & SEGMENT > 0) for flags in range(256))
"""Translates what tokens begin to whether they begin a segment."""


@dataclass(frozen=True, slots=True)
class Document:
    """The tokens of one article.

    Attributes:
        title: the tokens of the title, without a label at its end.
        body: the tokens of the text, without a repetition of the title at its start.
        label: the number of tokens of the label, see `label_of`.
    """

    title: Tokens
    body: Tokens
    label: int = 0

    @classmethod
    def of(cls, title: str, text: str) -> Document:
        """The document of a title and a text."""
        head, body = tokenize(title), tokenize(text)
        if len(head) >= REPEATED and body.words[: len(head)] == head.words:
            label = label_of(head, body)
            return cls(head.before(len(head) - label), body.after(len(head)), label)
        return cls(head, body)

    @property
    def main(self) -> Tokens:
        """The tokens by which copies are detected: the body, or the title of an article without one.

        Copies often have another title.
        """
        return self.body if self.body.words else self.title

    @property
    def words(self) -> list[str]:
        """The words of `main`."""
        return self.main.words

    def where(self, title: Iterable[object], body: Iterable[object]) -> Document:
        """The document with the tokens of title and body for which `title` and `body` are true."""
        return Document(self.title.where(title), self.body.where(body), self.label)


def label_of(title: Tokens, text: Tokens) -> int:
    """The number of words at the end of a title that are the name of an outlet, as a text of the same words shows.

    Aggregators have the headline and the outlet as text, but not the separator that they put between them in the title.

    Args:
        title: the tokens of the title.
        text: those of the text, which begin with the same words.
    """
    begins = title.begins.translate(_SEGMENT).rfind(1)
    label = len(title) - begins
    is_label = begins > 0 and len(text) == len(title) and not text.begins[begins] & SEGMENT
    return label if is_label and label <= LABEL and 2 * label <= len(title) else 0
