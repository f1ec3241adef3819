"""Which passwords are refused beyond length: common ones in disguise, and the customer's own data (requirement 3).

No composition rules. `AUTH_PASSWORD_VALIDATORS` names the classes; `refuse_weak` runs them all.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from wallet_site.errors import FieldError, InvalidInput

# "pa55w0rd!" is "password" to everybody who tries lists.
_LEET = str.maketrans(
    {"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
)
_SERVICE_WORDS = {"kakehashi", "wallet", "password", "passphrase", "letmein", "qwerty"}
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb")
_SHORTEST_WORD = 4
# What must be left of a password when the guessable parts are taken out.
_REST = 6


def refuse_weak(password: str, user: User, *, pointer: str = "/password") -> None:
    """Raise `InvalidInput` with every reason why `user` may not have this password. `user` need not be saved."""
    try:
        validate_password(password, user=user)
    except ValidationError as error:
        # Two rules may find the same fault: it is said once, in the words of the more telling one, which runs later.
        reasons = {one.code: " ".join(one.messages) for one in error.error_list}
        raise InvalidInput(
            errors=[FieldError(pointer, text, "weak-password") for text in reasons.values()]
        ) from error


class DisguisedCommonPasswordValidator:
    """Refuses a common password that is repeated, or only dressed up with digits and signs."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise `ValidationError` for one that a list and a few rules would find."""
        plain = unicodedata.normalize("NFKC", password).lower()
        unit = _repeated_unit(plain)
        bare = re.sub(r"^[^a-z]+|[^a-z]+$", "", plain)
        dressed = {unit, bare, bare.translate(_LEET), plain.translate(_LEET)} - {plain}
        if len(unit) <= _REST or _in_a_row(plain) or any(_is_common(word) for word in dressed if word):
            raise ValidationError(self.get_help_text(), code="password_too_common")

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        return _(
            "Choose a password that is harder to guess: this one is common, or a common one with additions."
        )


class OwnDataValidator:
    """Refuses a password that is mostly the person's own name, address, number or the service's name."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise `ValidationError` when little is left without those words."""
        rest = unicodedata.normalize("NFKC", password).lower()
        found = False
        for word in sorted(_own_words(user), key=len, reverse=True):
            if word in rest:
                rest, found = rest.replace(word, ""), True
        if found and len(set(re.sub(r"[\W\d_]", "", rest))) < _REST:
            raise ValidationError(self.get_help_text(), code="password_too_similar")

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        return _("Choose a password without your name, address or the name of this service.")


def _own_words(user: Any) -> set[str]:
    texts = [
        str(getattr(user, name, "") or "") for name in ("email", "full_name", "phone", "customer_number")
    ]
    words = {word for text in texts for word in re.split(r"[\W_]+", text.lower())}
    return {word for word in words | _SERVICE_WORDS if len(word) >= _SHORTEST_WORD}


def _repeated_unit(text: str) -> str:
    """ "abcabcabc" -> "abc"; a text that repeats nothing is its own unit."""
    where = (text + text).find(text, 1)
    return text[:where]


def _in_a_row(text: str) -> bool:
    """Whether it is only a walk over the alphabet, the digits or the keyboard, forward or back."""
    for row in _ROWS:
        walk = row * 3
        if text in walk or text in walk[::-1]:
            return True
    return False


@lru_cache(maxsize=1)
def _common() -> set[str]:
    return set(CommonPasswordValidator().passwords)


def _is_common(word: str) -> bool:
    return (len(word) >= _SHORTEST_WORD and word in _common()) or word in _SERVICE_WORDS
