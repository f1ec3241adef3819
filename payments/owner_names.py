"""Is the name on a card the customer's? A pure comparison that never guesses across scripts."""

from __future__ import annotations

import unicodedata

from payments.models.cards import OwnerMatch

# Titles that cards and forms carry and that say nothing about who somebody is.
_TITLES = {"MR", "MRS", "MS", "DR"}


def compare(customer_name: str, card_name: str) -> OwnerMatch | None:
    """How the two names compare; None when they are plainly two people's.

    Case, width, accents, the order of the words, titles and initials do not matter. A name in Kanji or Kana against
    one in Latin letters is incomparable: no reading is guessed.
    """
    ours, theirs = _words(customer_name), _words(card_name)
    if not ours or not theirs:
        return None
    if _is_latin(ours) != _is_latin(theirs):
        return OwnerMatch.INCOMPARABLE
    if not _is_latin(ours):
        # Kanji names are written with and without a space between their parts.
        return OwnerMatch.SAME if "".join(ours) == "".join(theirs) else None
    if sorted(ours) == sorted(theirs) or _each_found(ours, theirs) or _each_found(theirs, ours):
        return OwnerMatch.SAME
    return None


def _words(name: str) -> list[str]:
    """ "Dr. José Núñez" -> ["JOSE", "NUNEZ"]."""
    decomposed = unicodedata.normalize("NFKD", name)
    # Only Latin loses its marks: が without its mark is another sound, and another name.
    plain = "".join(
        character
        for character in decomposed
        if not (unicodedata.combining(character) and character not in "\u3099\u309a")
    )
    composed = unicodedata.normalize("NFC", plain).upper()
    spaced = "".join(character if character.isalpha() else " " for character in composed)
    return [word for word in spaced.split() if word not in _TITLES]


def _is_latin(words: list[str]) -> bool:
    return all("LATIN" in unicodedata.name(character, "") for word in words for character in word)


def _each_found(few: list[str], many: list[str]) -> bool:
    """Whether two or more whole words are shared and every other word of the shorter name is an initial of the rest."""
    left = list(many)
    whole = [word for word in few if word in left]
    for word in whole:
        left.remove(word)
    initials = [word for word in few if word not in whole]
    return len(whole) >= 2 and all(
        len(word) == 1 and any(other.startswith(word) for other in left) for word in initials
    )
