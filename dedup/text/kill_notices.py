"""Recognise the notices by which a wire withdraws what it has sent: "MANDATORY KILL", "ADVISORY: withdraw"."""

from __future__ import annotations

import re
from collections.abc import Iterator

HEAD = 240
"""Characters at the head of a text that are read as well as the title."""
FEWEST_WORDS = 4
"""Fewest words of a title by which a notice names an article ..."""
MOST_WORDS = 40
"""... and most."""

_LABELS = re.compile(
    r"\W*(?:[A-Z]{2,12}[ /-]+)?KILL\b(?: (?:STORY|BULLETIN|ADVISORY|NOTICE))?\s*(?:[:–—(-]|$)"  # in capitals
    r"|\W*(?:WITHDRAWN|RETRACTED|RETRACTION|WITHDRAWAL|DISREGARD)\s*[:–—-]"
)
_NOTICES = re.compile(
    r"\b(?:mandatory|bulletin|story|copy) kill\b"
    r"|\b(?:advisory|editors?|editors' note|note to editors|attention editors|clients|subscribers)\s?[:,/–—-].{0,60}"
    r"\b(?:withdraw(?:n|s|al)?|kill(?:ed|s)?|retract(?:ed|s)?|disregard)\b.{0,80}"
    r"\b(?:story|stories|item|report|article|release|headlined|slugged|titled|sent|moved|published|immediately)\b"
    r"|\badvisory\s*[:/–—-]+\s*(?:withdraw|kill|retract|disregard)"
    r"|\b(?:story|article|report|item) (?:has been |is |was )?(?:withdrawn|retracted)\b.{0,80}\bdo not (?:use|publish)"
    r"|\bnotice to disregard\b|\bdisregard (?:the )?(?:release|story|previous)\b"
    # German, French, Spanish, Portuguese, Italian, Dutch, Russian
    r"|\bmeldung (?:wird |wurde |ist )?(?:hiermit )?zurückgezogen\b|\bzurückziehung\s*:"
    r"|\bachtung\b.{0,60}\bzurückgezogen\b"
    r"|\bdépêche (?:est )?annulée\b|\bannulation\s*:|\b(?:merci de|veuillez) ne pas (?:utiliser|publier)\b"
    r"|\b(?:noticia|información|nota) anulada\b|\banulación\s*:|\bse anula la (?:noticia|información|nota)\b"
    r"|\b(?:notícia|matéria) (?:anulada|cancelada)\b|\banulação\s*:"
    r"|\bannullamento\s*:|\bnotizia annullata\b"
    r"|\bbericht (?:is )?ingetrokken\b|\bintrekking\s*:"
    r"|\bаннулирован[ао]?\b.{0,40}\b(?:новость|сообщение|материал)\b|\b(?:новость|сообщение) аннулирован[ао]\b"
    r"|\bпросьба не использовать\b",
    re.DOTALL,
)
_HINTS = (
    *("kill", "withdr", "retract", "disregard", "zurückgezogen", "zurückziehung", "annul", "anul", "cancelada"),
    *("ne pas utiliser", "ne pas publier", "ingetrokken", "intrekking", "аннулирован", "не использовать"),
)
"""A head without any of these is no notice: a look-up, where the patterns take fifty microseconds."""
_FORMS = ("{}", "{}:", "{},", "{}.", "({}", "{})", "{};", '"{}', "«{}", "{}»", "{}-", "{}—", "{}–")
WORDS = frozenset(
    form.format(word)
    for word in (
        *("kill", "kills", "withdraw", "withdraws", "withdrawn", "withdrawal", "retract", "retracts", "retracted"),
        *("retraction", "disregard", "advisory", "editors", "editor", "clients", "subscribers", "withdrawing"),
        *("zurückgezogen", "zurückziehung", "annulée", "annulation", "anulada", "anulación", "anula", "anulação"),
        *("cancelada", "annullamento", "annullata", "utiliser", "publier", "ingetrokken", "intrekking", "использовать"),
        *("аннулирован", "аннулировано", "аннулирована"),
    )
    for form in _FORMS
)
"""Words in lower case, with the signs at them, without any of which at its head an article withdraws nothing."""
_WORD = re.compile(r"[^\W_]+")


def is_kill_notice(title: str, text: str) -> bool:
    """Return whether an article withdraws another: by a label in capitals, or by the words of such a notice."""
    return any(_withdraws(head) for head in (title[:HEAD], text[:HEAD]))


def _withdraws(head: str) -> bool:
    folded = head.casefold()
    return any(hint in folded for hint in _HINTS) and bool(_LABELS.match(head) or _NOTICES.search(folded))


def names_title(title: str, text: str, other: str) -> bool:
    """Return whether a notice names another article by its title, which must have `FEWEST_WORDS`."""
    return title_key(other) in set(named_titles(title, text))


def named_titles(title: str, text: str) -> Iterator[str]:
    """Yield what may be a title in a notice, as `title_key` gives it: each run of `FEWEST_WORDS` to `MOST_WORDS`."""
    words = _WORD.findall(f"{title}\n{text[: 4 * HEAD]}".casefold())
    for first in range(len(words)):
        for last in range(first + FEWEST_WORDS, min(first + MOST_WORDS, len(words)) + 1):
            yield " ".join(words[first:last])


def title_key(title: str) -> str:
    """Return the words of a title with a space between them."""
    return " ".join(_WORD.findall(title.casefold()))
