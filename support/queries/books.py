"""The books as finance and auditors read them: every journal, newest first, and what all accounts stand at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Prefetch, Sum

from payments.models import Account, AccountKind, Entry, Journal

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Some journals, newest first. `next_before`: the cursor of the page after, None on the last."""

    journals: Sequence[Journal]
    next_before: int | None


def _with_entries() -> Prefetch[str]:
    entries = Entry.objects.select_related("account__owner", "account__merchant").order_by("leg")
    return Prefetch("entries", queryset=entries)


def journals_page(*, before: int | None = None, size: int = PAGE_SIZE) -> JournalPage:
    """Journals below the number `before`: one index range and the entries of what it found, two queries."""
    found = Journal.objects.prefetch_related(_with_entries()).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    journals = list(found[: size + 1])
    more = len(journals) > size
    return JournalPage(journals[:size], journals[size - 1].pk if more else None)


def journal_of(number: int) -> Journal | None:
    """One journal with its entries and what it reverses."""
    found = Journal.objects.select_related("reversal_of", "reversed_by").prefetch_related(_with_entries())
    return found.filter(pk=number).first()


@dataclass(frozen=True, slots=True)
class Balance:
    """All accounts of one kind and currency. Above zero: what we owe (credit); below: what we are owed (debit)."""

    kind: str
    currency: str
    accounts: int
    total: int

    @property
    def label(self) -> str:
        """The kind in words."""
        return str(AccountKind(self.kind).label)

    @property
    def debit(self) -> int:
        return max(0, -self.total)

    @property
    def credit(self) -> int:
        return max(0, self.total)


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """One currency. Sound books have `debit` equal to `credit`."""

    currency: str
    rows: Sequence[Balance]

    @property
    def debit(self) -> int:
        return sum(row.debit for row in self.rows)

    @property
    def credit(self) -> int:
        return sum(row.credit for row in self.rows)

    @property
    def is_sound(self) -> bool:
        return self.debit == self.credit


def trial_balance() -> list[TrialBalance]:
    """What every kind of account stands at, of one moment; one query."""
    sums = Account.objects.values("currency", "kind").annotate(accounts=Count("pk"), total=Sum("balance"))
    order = list(AccountKind.values)
    by_currency: dict[str, list[Balance]] = {}
    for row in sorted(sums, key=lambda row: (row["currency"], order.index(row["kind"]))):
        balance = Balance(row["kind"], row["currency"], row["accounts"], int(row["total"]))
        by_currency.setdefault(balance.currency, []).append(balance)
    return [TrialBalance(currency, rows) for currency, rows in by_currency.items()]
