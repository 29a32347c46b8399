"""An article as the method sees it: the tokens of its title and of its body."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dedup.text.tokens import Tokens, tokenize

REPEATED = 3
"""Words a title must have to be taken for repeated where a text begins with them."""


@dataclass(frozen=True, slots=True)
class Document:
    """The tokens of one article.

    Attributes:
        title: the tokens of the title.
        body: the tokens of the text, without the title where the text repeats it at its start.
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
        """The tokens copies are looked for in: the body's, for a copy is often given another title."""
        return self.body if self.body.words else self.title

    @property
    def words(self) -> list[str]:
        """The words of `main`."""
        return self.main.words

    def where(self, title: Iterable[object], body: Iterable[object]) -> Document:
        """The document without the tokens of title and body for which the two are not true."""
        return Document(self.title.where(title), self.body.where(body))
