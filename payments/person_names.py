"""How one customer is shown to another: enough to recognise whom one knows, too little to learn who it is."""

from __future__ import annotations

import unicodedata

_DOTS = "••"


def masked_name(full_name: str) -> str:
    """ "Emma Wilson" -> "E•• W••", "田中 芽衣" -> "田•• 芽••", "森 彩" -> "森 ••": never whole, and no length told."""
    words = full_name.split()
    if not words:
        return _DOTS
    shown = [word[0] + _DOTS if len(word) > 1 else _DOTS for word in words]
    if len(words[0]) == 1:
        shown[0] = words[0] if len(words) > 1 else _DOTS
    return " ".join(shown[:3])


def initial_of(full_name: str) -> str:
    """What stands in the round before the name."""
    return full_name.strip()[:1].upper()


def plain_message(text: str) -> str:
    """What somebody wrote to somebody: one line, without signs that steer, hide or turn text round.

    Kinds C* are control, format (bidi overrides, zero-width), private and unassigned; Z* are separators.
    """
    kinds = ((sign, unicodedata.category(sign)) for sign in unicodedata.normalize("NFC", text))
    spaced = "".join(
        " " if kind[0] == "Z" or sign in "\t\r\n" else sign
        for sign, kind in kinds
        if kind[0] != "C" or sign in "\t\r\n"
    )
    return " ".join(spaced.split())
