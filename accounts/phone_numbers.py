"""Reading a typed phone number, as people write theirs, and showing one the way they do.

`phonenumbers` knows the plans of all countries; only regions in `SMS_REGIONS` and numbers that take SMS are accepted:
every other one would cost money, or reach nobody.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from wallet_site.errors import FieldError, InvalidInput

# A number without a country's code is one of this country.
HOME_REGION: Final = "JP"
_TAKE_SMS: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
LONGEST: Final = 40


def read_phone(text: str, *, pointer: str = "/phone") -> str:
    """ "090-1234-5678", "（090）１２３４５６７８", "+81 90 1234 5678" -> "+819012345678" (E.164).

    Raises `InvalidInput` for what is no mobile number, or one of a country that we do not write to.
    """
    number = _parse(text)
    if number is None or not phonenumbers.is_valid_number(number) or number.extension:
        raise _refused(pointer, _("Enter a mobile phone number, such as 090-1234-5678."), "not-a-number")
    if phonenumbers.region_code_for_number(number) not in settings.SMS_REGIONS:
        raise _refused(pointer, _("We cannot send messages to numbers of this country."), "region")
    if phonenumbers.number_type(number) not in _TAKE_SMS:
        raise _refused(
            pointer, _("This number cannot receive messages. Enter a mobile number."), "not-mobile"
        )
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def show_phone(number: str) -> str:
    """ "+819012345678" -> "090-1234-5678"; a number of another country with its code: "+1 650-253-0000"."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return number
    at_home = phonenumbers.region_code_for_number(parsed) == HOME_REGION
    style = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, style))


def _parse(text: str) -> PhoneNumber | None:
    # Japanese keyboards give full-width signs, and the long vowel's stroke where a hyphen is meant.
    plain = unicodedata.normalize("NFKC", text).replace("ー", "-")
    if len(text) > LONGEST or any(sign.isalpha() for sign in plain):
        return None
    try:
        return phonenumbers.parse(plain, HOME_REGION)
    except NumberParseException:
        return None


def _refused(pointer: str, detail: str, code: str) -> InvalidInput:
    return InvalidInput(errors=[FieldError(pointer, detail, code)])
