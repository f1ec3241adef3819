"""The reckoning after a storm: processor, books, tills, codes, receipts and records must all tell one story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum
from django.utils import timezone

from payments.actions.top_ups import request_for
from payments.models import Account, Entry, Journal, OneTimeCode, Payment, TopUp, TopUpState
from payments.models.store_payments import SpendingDay
from payments.models.top_ups import OPEN_STATES
from payments.verification import verify_books
from tests.drill.customers import Customer, Sale, Taking, TopUpWish, Wish
from tests.payments.processors.harness import SandboxHarness
from tests.processes import Worker
from wallet_site.audit.models import AuditRow
from wallet_site.audit.recording import first_break
from wallet_site.local.processes import wait_until
from wallet_site.outbox.models import Delivery, Event

# A charge that the processor has never heard of counts as lost after a minute; the rest is for a busy machine.
SETTLED_WITHIN_SECONDS = 120.0
TOLD_WITHIN_SECONDS = 60.0


def until_settled(customers: Sequence[Customer], worker: Worker) -> int:
    """Waits until the real sweep has settled everything that was left open; returns how much that was."""
    open_ones = TopUp.objects.filter(user__in=_users(customers), state__in=OPEN_STATES)
    left = open_ones.count()

    def settled() -> bool:
        # Its growing pauses are for processors that are away for hours.
        open_ones.filter(check_at__gt=timezone.now()).update(check_at=timezone.now())
        return not open_ones.exists()

    wait_until(
        settled,
        within_seconds=SETTLED_WITHIN_SECONDS,
        otherwise=lambda: f"still open: {list(open_ones.values())}\n{worker.said()}",
    )
    return left


def until_told(customers: Sequence[Customer], worker: Worker) -> int:
    """Waits until every notice that is owed was sent; returns how many there were."""
    events = Event.objects.filter(user_id__in=_users(customers))
    waiting = Delivery.objects.filter(event__in=events).exclude(state=Delivery.State.SENT)
    wait_until(
        lambda: not events.filter(expanded_at=None).exists() and not waiting.exists(),
        within_seconds=TOLD_WITHIN_SECONDS,
        otherwise=lambda: f"{waiting.count()} notices wait, as {waiting.first()}\n{worker.said()}",
    )
    return Delivery.objects.filter(event__in=events).count()


def _users(customers: Sequence[Customer]) -> list[int]:
    return [one.person.user.pk for one in customers]


@dataclass
class Reckoning:
    """What processor and tills say has happened, held against what the portal's tables say."""

    customers: Sequence[Customer]
    wishes: Sequence[Wish]
    bank: SandboxHarness

    def __post_init__(self) -> None:
        self.users = _users(self.customers)
        self.top_ups = [wish for wish in self.wishes if isinstance(wish, TopUpWish)]
        self.sales = [wish for wish in self.wishes if isinstance(wish, Sale)]
        self.expected: Counter[int] = Counter(dict.fromkeys(self.users, 0))
        self.journals: set[int] = set()

    def hold(self) -> None:
        """Every assertion. Top-ups and sales are counted first; the sums need them."""
        self.each_top_up_is_charged_and_credited_once_or_not_at_all()
        self.each_sale_is_booked_as_its_till_was_told()
        self.no_code_paid_twice()
        self.nothing_else_is_in_the_books()
        self.each_balance_is_what_came_less_what_went()
        self.each_event_is_owed_and_recorded_once()
        assert verify_books().fault is None
        assert first_break() is None
        assert Account.objects.aggregate(total=Sum("balance"))["total"] == 0

    def each_top_up_is_charged_and_credited_once_or_not_at_all(self) -> None:
        rows = TopUp.objects.filter(user__in=self.users).select_related("card")
        found = {(row.user_id, row.request_key): row for row in rows}
        asked = {(wish.customer.person.user.pk, wish.key): wish for wish in self.top_ups}
        assert len(rows) == len(found) == len(asked)
        for name, wish in asked.items():
            row = found[name]
            charges = [charge["amount_received"] for charge in self.bank.charges_of(request_for(row))]
            entries = list(self._entries(row.journal_id, row.user_id)) if row.journal_id else []
            credited = row.state == TopUpState.SUCCEEDED
            assert charges == entries == ([wish.amount] if credited else []), row
            assert str(row.public_id) == wish.told["id"]
            assert credited or row.state == TopUpState.FAILED, row
            if wish.told["state"] in (TopUpState.SUCCEEDED, TopUpState.FAILED):
                assert row.state == wish.told["state"], "an answer was taken back"
            self.expected[row.user_id] += sum(charges)
            self.journals |= {row.journal_id} if row.journal_id else set()

    def each_sale_is_booked_as_its_till_was_told(self) -> None:
        rows = Payment.objects.filter(customer__in=self.users)
        found = {row.idempotency_key: row for row in rows}
        assert len(found) == len(rows) == sum(len(sale.takings) for sale in self.sales)
        for sale in self.sales:
            for taking in sale.takings:
                self._is_booked(sale, taking, found[taking.key])

    def _is_booked(self, sale: Sale, taking: Taking, row: Payment) -> None:
        user = sale.customer.person.user.pk
        assert (str(row.public_id), row.reference) == (taking.told["id"], taking.reference)
        assert (row.customer_id, row.amount) == (user, sale.amount)
        entries = list(self._entries(row.journal_id, user)) if row.journal_id else []
        assert entries == ([-sale.amount] if taking.approved else []), row
        assert row.captured == (sale.amount if taking.approved else 0)
        self.expected[user] -= row.captured
        self.journals |= {row.journal_id} if row.journal_id else set()

    def _entries(self, journal: int, user: int) -> Sequence[int]:
        return Entry.objects.filter(journal_id=journal, account__owner_id=user).values_list(
            "amount", flat=True
        )

    def no_code_paid_twice(self) -> None:
        paid = Payment.objects.filter(customer__in=self.users, status="captured")
        codes = Counter(paid.values_list("code_id", flat=True))
        used = OneTimeCode.objects.filter(customer__in=self.users).exclude(used_at=None)
        assert set(codes.values()) == {1}
        assert set(codes) == set(used.values_list("pk", flat=True))
        for first, second in (sale.takings for sale in self.sales if len(sale.takings) == 2):
            # A decline leaves the code good: the second till may then find money that has come meanwhile.
            assert not first.approved or second.told["decline"]["code"] == "code-used"

    def nothing_else_is_in_the_books(self) -> None:
        legs = Entry.objects.filter(account__owner__in=self.users)
        assert set(legs.values_list("journal_id", flat=True)) == self.journals
        assert legs.count() == len(self.journals)
        keys = Journal.objects.filter(pk__in=self.journals).values_list("reference", flat=True)
        assert len(set(keys)) == len(self.journals), "a business event was posted under two keys"

    def each_balance_is_what_came_less_what_went(self) -> None:
        wallets = Account.objects.filter(owner__in=self.users)
        assert dict(wallets.values_list("owner_id", "balance")) == dict(self.expected)
        taken: Counter[int] = Counter()
        for sale in self.sales:
            for taking in sale.takings:
                merchant = taking.counter.till.counter.terminal.store.merchant_id
                taken[merchant] += sale.amount if taking.approved else 0
        payable = (
            Account.objects.filter(merchant__in=taken).values("merchant_id").annotate(sum=Sum("balance"))
        )
        assert {row["merchant_id"]: row["sum"] for row in payable} == dict(taken)
        spent = SpendingDay.objects.filter(wallet__owner__in=self.users).aggregate(sum=Sum("spent"))["sum"]
        assert spent == taken.total()

    def each_event_is_owed_and_recorded_once(self) -> None:
        came = TopUp.objects.filter(user__in=self.users, state=TopUpState.SUCCEEDED)
        went = Payment.objects.filter(customer__in=self.users, status="captured")
        receipts = {f"top-up-succeeded:{row.public_id}" for row in came} | {
            f"payment:{row.public_id}" for row in went
        }
        owed = Event.objects.filter(
            user_id__in=self.users, topic__in=["payments:top_up:succeeded", "payments:payment:captured"]
        )
        assert sorted(owed.values_list("key", flat=True)) == sorted(receipts)
        for action, rows in (("payments:top_up:succeeded", came), ("terminal:payment:captured", went)):
            recorded = AuditRow.objects.filter(user_id__in=self.users, action=action)
            assert sorted(recorded.values_list("subject_id", flat=True)) == sorted(
                str(row.pk) for row in rows
            )
