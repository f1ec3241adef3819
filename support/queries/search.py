"""One search box over customers: names, addresses (past ones too), phone, customer and transaction numbers.

Every way is a range of an index (migration 0003), so a list of a million customers opens as fast as one of ten. Lists
are paged by key; nothing counts them.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Lower

from accounts.models import FormerAddress, User
from payments.models import Account, Entry, Payment, Refund, TopUp

PAGE = 25
_UUID = re.compile(r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$")
_CUSTOMER_NUMBER = re.compile(r"^k[-\s]?([0-9]{1,4})[-\s]?([0-9]{0,4})$")
_DIGITS = re.compile(r"^\+?[0-9][0-9\s()-]{0,20}$")


@dataclass(frozen=True, slots=True)
class Page:
    """Some customers, newest first. `after`: the key of the next page, None on the last."""

    customers: Sequence[User]
    after: int | None


def customers(text: str = "", *, after: int | None = None) -> Page:
    """The customers that fit; all of them for an empty text. `text` holds printable characters only."""
    found = User.objects.filter(kind=User.Kind.CUSTOMER)
    wanted = unicodedata.normalize("NFKC", text).strip().lower()[:100]
    if wanted:
        found = found.filter(pk__in=_ids(wanted))
    if after is not None:
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-pk")[: PAGE + 1])
    return Page(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def _ids(wanted: str) -> set[int]:
    """Where to look is told by the text's shape; a name may look like anything, so it is looked for last."""
    if _UUID.match(wanted):
        return _of_transaction(uuid.UUID(wanted))
    if match := _CUSTOMER_NUMBER.match(wanted):
        return _first(User.objects.filter(customer_number__startswith=_number_prefix(*match.groups())))
    if "@" in wanted:
        return _of_address(wanted)
    if _DIGITS.match(wanted):
        return _of_digits(re.sub(r"[^0-9+]", "", wanted))
    return _of_name(wanted) | _of_address(wanted)


def _first(users: QuerySet[User]) -> set[int]:
    """Enough ids for many pages; who finds more has to type more."""
    return set(users.filter(kind=User.Kind.CUSTOMER).order_by().values_list("pk", flat=True)[:1000])


def _number_prefix(first: str, second: str) -> str:
    return f"K-{first.zfill(4)}-{second}" if second else f"K-{first}"


def _of_name(wanted: str) -> set[int]:
    last_word = Func(F("full_name"), Value(" "), Value(-1), function="split_part", output_field=TextField())
    named = User.objects.annotate(lower_name=Lower("full_name"), lower_last=Lower(last_word))
    by_name = named.filter(lower_name__startswith=wanted)
    # "abe rin" for "Rin Abe": people say names in both orders.
    turned = " ".join(reversed(wanted.split(" ", 1)))
    return (
        _first(by_name)
        | _first(named.filter(lower_last__startswith=wanted))
        | (_first(named.filter(lower_name__startswith=turned)) if turned != wanted else set())
    )


def _of_address(wanted: str) -> set[int]:
    former = FormerAddress.objects.filter(email__startswith=wanted).values_list("user_id", flat=True)
    return _first(User.objects.filter(email__startswith=wanted)) | set(former[:1000])


def _of_digits(digits: str) -> set[int]:
    """A phone number as written at home or abroad, the digits of a customer number, or a transaction's number."""
    international = digits if digits.startswith("+") else f"+81{digits.removeprefix('0')}"
    found = _first(User.objects.filter(phone__startswith=international))
    if digits.isdigit():
        padded = digits.zfill(8)
        found |= _first(User.objects.filter(customer_number=f"K-{padded[:-4]}-{padded[-4:]}"))
        found |= _of_journal(int(digits))
    return found


def _of_journal(journal_id: int) -> set[int]:
    if journal_id >= 2**63:
        return set()
    accounts = Entry.objects.filter(journal_id=journal_id).values("account_id")
    owners = Account.objects.filter(pk__in=accounts, owner__isnull=False)
    return set(owners.values_list("owner_id", flat=True))


def _of_transaction(number: uuid.UUID) -> set[int]:
    # A declined payment with an unknown code is nobody's.
    payments = Payment.objects.filter(public_id=number, customer__isnull=False)
    refunds = Refund.objects.filter(public_id=number)
    return {
        *(payment.customer_id or 0 for payment in payments),
        *TopUp.objects.filter(public_id=number).values_list("user_id", flat=True),
        *(refund.payment.customer_id or 0 for refund in refunds.select_related("payment")),
        *User.objects.filter(public_id=number).values_list("pk", flat=True),
    }
