"""The books against a model: whatever happens in whatever order, both say the same after every step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Suspension
from payments import posting
from payments.errors import (
    BadAmount,
    HoldNotOpen,
    InsufficientFunds,
    LimitReached,
    PayeeUnavailable,
    WalletFrozen,
)
from payments.models import Account, JournalKind
from payments.verification import first_fault
from tests.effort import effort
from tests.payments.books import fresh_key, wallet
from tests.people import make_customer

WALLETS = st.integers(0, 2)
AMOUNTS = st.integers(1, 700)


class Books(RuleBasedStateMachine):
    """Three wallets, holds, freezes and repeats. Each step is a savepoint: a refusal must leave nothing behind."""

    holds = Bundle("holds")
    posted = Bundle("posted")

    @initialize()
    def open(self) -> None:
        self.people = [make_customer(name) for name in ("aya", "ken", "mio")]
        self.ids = [wallet(person).pk for person in self.people]
        self.balance = [0, 0, 0]
        self.held = [0, 0, 0]
        self.sent = [0, 0, 0]
        self.frozen: list[int | None] = [None, None, None]
        self.open_holds: dict[int, tuple[int, int]] = {}

    def attempt(self, call: Any, **arguments: Any) -> Any:
        """What came out: a result or the type of the refusal."""
        try:
            with transaction.atomic():
                return call(**arguments)
        except (
            InsufficientFunds,
            WalletFrozen,
            HoldNotOpen,
            BadAmount,
            LimitReached,
            PayeeUnavailable,
        ) as refusal:
            return type(refusal)

    def available(self, which: int) -> int:
        return self.balance[which] - self.held[which]

    @rule(which=WALLETS, amount=AMOUNTS)
    def top_up(self, which: int, amount: int) -> None:
        self.attempt(
            posting.post_top_up,
            event_key=fresh_key(),
            wallet_account_id=self.ids[which],
            amount_minor=amount,
            reference="x",
        )
        self.balance[which] += amount

    @rule(
        target=posted, source=WALLETS, sink=WALLETS, amount=AMOUNTS, kind=st.sampled_from(["payment", "send"])
    )
    def transfer(self, source: int, sink: int, amount: int, kind: str) -> Any:
        if source == sink:
            sink = (sink + 1) % 3
        asked = {
            "event_key": fresh_key(),
            "kind": JournalKind(kind),
            "debit_account_id": self.ids[source],
            "credit_account_id": self.ids[sink],
            "amount_minor": amount,
            "reference": "x",
        }
        result = self.attempt(posting.post, **asked)
        if self.frozen[source] is not None:
            assert result is WalletFrozen
        elif self.available(source) < amount:
            assert result is InsufficientFunds
        else:
            assert result.repeated is False
            self.balance[source] -= amount
            self.balance[sink] += amount
            return asked, result.journal_id
        return None

    @rule(
        source=WALLETS, sink=WALLETS, amount=AMOUNTS, cap=st.sampled_from([300, 10**6]), again=st.booleans()
    )
    def send(self, source: int, sink: int, amount: int, cap: int, again: bool) -> None:
        """By the call that sends between customers: with its limits of the day, and to oneself not at all."""
        asked = {
            "sender_id": self.people[source].user.pk,
            "recipient_id": self.people[sink].user.pk,
            "idempotency_key": fresh_key(),
            "fingerprint": b"x",
            "amount_minor": amount,
            "currency": "JPY",
            "message": "",
            "request_id": None,
            "per_send_minor": 600,
            "per_day_minor": cap,
            "per_month_minor": 10**6,
        }
        result = self.attempt(posting.send, **asked)
        if source == sink:
            assert result is PayeeUnavailable
        elif amount > 600 or self.sent[source] + amount > cap:
            assert result is LimitReached
        elif self.frozen[source] is not None:
            assert result is WalletFrozen
        elif self.available(source) < amount:
            assert result is InsufficientFunds
        else:
            assert result[1] is False
            self.sent[source] += amount
            self.balance[source] -= amount
            self.balance[sink] += amount
            if again:
                assert self.attempt(posting.send, **asked) == (result[0], True)

    @rule(earlier=posted)
    def repeat(self, earlier: tuple[dict[str, Any], int] | None) -> None:
        """Also where the wallet is empty or frozen by now: the first answer stands."""
        if earlier is not None:
            asked, journal_id = earlier
            assert self.attempt(posting.post, **asked) == posting.Posted(journal_id, repeated=True)

    @rule(target=holds, which=WALLETS, amount=AMOUNTS)
    def hold(self, which: int, amount: int) -> int | None:
        result = self.attempt(
            posting.place_hold,
            event_key=fresh_key(),
            kind=JournalKind.PAYMENT,
            account_id=self.ids[which],
            amount_minor=amount,
            reference="x",
            expires_at=timezone.now() + timedelta(hours=1),
        )
        if self.frozen[which] is not None:
            assert result is WalletFrozen
            return None
        if self.available(which) < amount:
            assert result is InsufficientFunds
            return None
        self.held[which] += amount
        self.open_holds[result[0]] = (which, amount)
        return int(result[0])

    @rule(hold=holds, amount=AMOUNTS)
    def capture(self, hold: int | None, amount: int) -> None:
        if hold is None:
            return
        which, most = self.open_holds.get(hold, (0, 0))
        sink = (which + 1) % 3
        result = self.attempt(
            posting.capture_hold,
            hold_id=hold,
            event_key=fresh_key(),
            kind=JournalKind.PAYMENT,
            credit_account_id=self.ids[sink],
            amount_minor=amount,
        )
        if hold not in self.open_holds:
            assert result is HoldNotOpen
        elif amount > most:
            assert result is BadAmount
        elif self.frozen[which] is not None:
            assert result is WalletFrozen
        else:
            del self.open_holds[hold]
            self.held[which] -= most
            self.balance[which] -= amount
            self.balance[sink] += amount

    @rule(hold=holds)
    def release(self, hold: int | None) -> None:
        if hold is None:
            return
        released = self.attempt(posting.release_hold, hold_id=hold)
        assert released == (hold in self.open_holds)
        if released:
            which, amount = self.open_holds.pop(hold)
            self.held[which] -= amount

    @rule(which=WALLETS)
    def freeze_or_thaw(self, which: int) -> None:
        known = self.frozen[which]
        if known is None:
            self.frozen[which] = Suspension.objects.create(
                user=self.people[which].user, scope="all", reason_code="other", reason="x", channel="customer"
            ).pk
        else:
            Suspension.objects.filter(pk=known).update(lifted_at=timezone.now(), lift_reason="x")
            self.frozen[which] = None

    @invariant()
    def the_same_as_the_model(self) -> None:
        found = Account.objects.in_bulk(self.ids)
        assert [found[one].balance for one in self.ids] == self.balance
        assert [found[one].held for one in self.ids] == self.held

    @invariant()
    def sound(self) -> None:
        with connection.cursor() as cursor:
            assert first_fault(cursor) is None


@pytest.mark.money(1)
@pytest.mark.django_db
def test_books_follow_their_model() -> None:
    class Isolated(Books):
        """Each example in a savepoint that is rolled back, so that examples do not see each other."""

        def __init__(self) -> None:
            super().__init__()
            self.savepoint = transaction.savepoint()

        def teardown(self) -> None:
            transaction.savepoint_rollback(self.savepoint)

    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Isolated,
        settings=settings(
            max_examples=effort(200, hard=5_000),
            stateful_step_count=effort(15, hard=40),
            suppress_health_check=checks,
        ),
    )
