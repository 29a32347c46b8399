"""The tokens of an article."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dedup.text.tokens import Tokens, tokenize

REPEATED = 3
"""Words of the shortest title that is removed from the beginning of a text that repeats it."""


@dataclass(frozen=True, slots=True)
class Document:
    """The tokens of one article.

    Attributes:
        title: the tokens of the title.
        body: the tokens of the text, without a repetition of the title at its start.
    """

    title: Tokens
    body: Tokens

    @classmethod
    def of(cls, title: str, text: str) -> Document:
        """The document of a title and a text."""
        head, body = tokenize(title), tokenize(text)
        if len(head) >= REPEATED and body.words[: len(head)] == head.words:
            body = body.after(len(head))
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
        return Document(self.title.where(title), self.body.where(body))
