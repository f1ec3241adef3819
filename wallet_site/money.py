"""Money as whole minor units (yen have none smaller than one). Never a float, never a silent rounding."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from django.utils.translation import gettext as _

from wallet_site.errors import FieldError, InvalidInput

MINUS: Final = "\u2212"
# ISO 4217: how many digits stand behind the decimal point, and the sign shown.
_CURRENCIES: Final = {"JPY": (0, "¥"), "USD": (2, "$"), "EUR": (2, "€")}
LARGEST_MINOR: Final = 10**15 - 1  # Fifteen digits: far above any wallet, far below bigint.


def format_money(amount_minor: int, currency: str = "JPY", *, signed: bool = False) -> str:
    """`-842` -> "−¥842" (a true minus sign), `3200` with `signed` -> "+¥3,200". Zero has no sign.

    Raises `KeyError` for a currency that the portal does not hold.
    """
    digits, sign = _CURRENCIES[currency]
    whole, fraction = divmod(abs(amount_minor), 10**digits)
    text = f"{sign}{whole:,}" + (f".{fraction:0{digits}d}" if digits else "")
    if amount_minor < 0:
        return MINUS + text
    return f"+{text}" if signed and amount_minor > 0 else text


def parse_amount(text: str, currency: str = "JPY", *, pointer: str = "/amount") -> int:
    """A person's typing -> minor units: "1,200", "¥1200", "１２００円". Positive and exact, or `InvalidInput`."""
    digits, sign = _CURRENCIES[currency]
    plain = (
        unicodedata.normalize("NFKC", text)
        .strip()
        .replace(",", "")
        .removeprefix(sign)
        .removesuffix("円")
        .strip()
    )
    pattern = r"[0-9]{1,15}" if not digits else rf"[0-9]{{1,13}}(\.[0-9]{{1,{digits}}})?"
    if not re.fullmatch(pattern, plain):
        raise InvalidInput(
            errors=[FieldError(pointer, _("Enter a whole amount in yen, such as 3,000."), "not-an-amount")]
        )
    whole, _dot, fraction = plain.partition(".")
    amount: int = int(whole) * 10**digits + (int(fraction.ljust(digits, "0")) if fraction else 0)
    if not 0 < amount <= LARGEST_MINOR:
        raise InvalidInput(errors=[FieldError(pointer, _("Enter an amount above zero."), "out-of-range")])
    return amount
