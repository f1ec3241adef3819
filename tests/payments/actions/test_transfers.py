"""Sending to another customer: who may, how much, confirmed for what, and that a refusal moves nothing."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import policy
from accounts.actions.suspensions import suspend
from accounts.errors import Suspended
from accounts.models import StepUpChallenge, User
from payments import posting, transfer_queries
from payments.actions import payees
from payments.actions.findability import change_findability
from payments.actions.payees import find_payee
from payments.actions.store_payments import refund_payment, take_payment
from payments.actions.transfers import check_send
from payments.errors import (
    BadAmount,
    CoolingOff,
    InsufficientFunds,
    NotSendable,
    PayeeNotFound,
    PayeeUnavailable,
    RiskDelayed,
    SendLimitReached,
    WalletFrozen,
)
from payments.models import JournalKind, Payee, Payment, RiskDecision, Transfer
from payments.person_names import masked_name, plain_message
from payments.verification import verify_books
from tests.payments.books import (
    TESTS,
    Counter,
    at_once,
    customer_with,
    fresh_key,
    open_counter,
    shown_code,
    wallet,
)
from tests.payments.sending import balances, confirm_all, knows, send, sent_by, signed_in, try_send
from tests.payments.topping import audited
from tests.people import Person, make_customer, make_staff
from tests.support.switchboard import pull, release
from wallet_site.errors import InvalidInput, StepUpRequired, TooManyTries
from wallet_site.idempotency.once import KeyReused
from wallet_site.outbox.models import Event
from wallet_site.switches.errors import SwitchedOff
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _room(settings: Settings) -> None:
    """Customers of tests were born a moment ago."""
    settings.SEND_NEW_ACCOUNT_DAYS = 0


def pair(amount: int = 20_000) -> tuple[Person, Person, Payee]:
    aya, ken = customer_with(amount), make_customer("ken")
    return aya, ken, knows(aya, ken)


@pytest.mark.requirement(36)
def test_a_send_moves_once_tells_both_and_keeps_its_tracks() -> None:
    aya, ken, payee = pair()
    actor, key = signed_in(aya), fresh_key()
    with pytest.raises(StepUpRequired) as asked:
        try_send(actor, aya, payee, 3_000, key=key, message="お昼代\u202e\n ありがとう")
    assert asked.value.extra["step_up"]["payee"] == "K•• M••"
    assert balances(aya, ken) == [20_000, 0]
    confirm_all(actor)
    sent = try_send(actor, aya, payee, 3_000, key=key, message="お昼代\u202e\n ありがとう")
    again = try_send(actor, aya, payee, 3_000, key=key, message="お昼代 ありがとう")
    assert (sent.repeated, again.repeated, again.transfer) == (False, True, sent.transfer)
    assert balances(aya, ken) == [17_000, 3_000]
    assert sent.transfer.message == "お昼代 ありがとう"
    with pytest.raises(KeyReused):
        try_send(actor, aya, payee, 3_001, key=key)
    owed = Event.objects.filter(payload__transfer=str(sent.transfer.public_id)).order_by("pk")
    assert [(one.topic, one.user_id) for one in owed] == [
        ("payments:transfer:sent", aya.user.pk),
        ("payments:transfer:received", ken.user.pk),
    ]
    assert audited(ken, "payments:transfer:received")[0]["amount_minor"] == 3_000
    decision = RiskDecision.objects.get(user=aya.user, action="send")
    assert (decision.went_on, decision.subject_id) == (True, str(sent.transfer.public_id))
    # Who got money knows who sent it and can send some back.
    assert transfer_queries.payees_of(ken.user.pk).get().person == aya.user


@pytest.mark.requirement(36)
def test_the_proof_dies_with_payee_amount_age_and_use() -> None:
    aya, ken, payee = pair()
    actor = signed_in(aya)
    other = knows(aya, make_customer("mio"))
    with pytest.raises(StepUpRequired):
        try_send(actor, aya, payee, 2_000)
    confirm_all(actor)
    for who, amount in ((payee, 2_001), (other, 2_000)):
        with pytest.raises(StepUpRequired):
            try_send(actor, aya, who, amount)
    with pytest.raises(StepUpRequired):
        try_send(signed_in(aya), aya, payee, 2_000)  # another session
    assert balances(aya, ken) == [20_000, 0]
    try_send(actor, aya, payee, 2_000)
    with pytest.raises(StepUpRequired):
        try_send(actor, aya, payee, 2_000)
    confirm_all(actor, since=timedelta(minutes=6))
    with pytest.raises(StepUpRequired):
        try_send(actor, aya, payee, 2_000)
    assert sent_by(aya) == [2_000]


def test_one_key_sixty_ways_moves_once() -> None:
    aya, ken, payee = pair()
    actor, key = signed_in(aya), fresh_key()
    with pytest.raises(StepUpRequired):
        try_send(actor, aya, payee, 500, key=key)
    confirm_all(actor)
    results = at_once(20, lambda _n: [try_send(actor, aya, payee, 500, key=key) for _ in range(3)])
    sent = [one for result in results for one in result]  # type: ignore[union-attr]
    assert len(sent) == 60 and len({one.transfer.pk for one in sent}) == 1
    assert [one.repeated for one in sent].count(False) == 1
    assert balances(aya, ken) == [19_500, 500]


def ledger_send(sender: Person, recipient: Person, amount: int, **changed: object) -> tuple[int, bool]:
    """The database's own function, as a bug above it would call it: nothing but its guards stands here."""
    arguments: dict[str, object] = {
        "sender_id": sender.user.pk,
        "recipient_id": recipient.user.pk,
        "idempotency_key": uuid.uuid4().hex,
        "fingerprint": b"x",
        "amount_minor": amount,
        "currency": "JPY",
        "message": "",
        "request_id": None,
        "per_send_minor": 10**6,
        "per_day_minor": 10**6,
        "per_month_minor": 10**6,
    }
    with recorded(TESTS):
        return posting.send(**(arguments | changed))  # type: ignore[arg-type]


def test_many_race_for_funds_that_serve_some_and_opposite_ones_do_not_deadlock() -> None:
    aya, ken = customer_with(1_000), customer_with(1_000, "ken")

    def work(number: int) -> int:
        """Half of them send from Aya what is enough for ten of twenty; the others send back and forth."""
        done = 0
        for _ in range(5):
            try:
                ledger_send(*((aya, ken) if number % 2 else (ken, aya)), 100)
                done += 1
            except InsufficientFunds:
                pass
        return done

    drained = customer_with(1_000, "mio")
    racing = at_once(16, lambda _n: _tries(drained, ken, 100, 2))
    assert sum(racing) == 10  # type: ignore[arg-type]
    assert wallet(drained).balance == 0
    assert all(isinstance(one, int) for one in at_once(12, work))
    assert sum(balances(aya, ken)) == 3_000
    assert verify_books().fault is None


def _tries(source: Person, target: Person, amount: int, times: int) -> int:
    done = 0
    for _ in range(times):
        try:
            ledger_send(source, target, amount)
            done += 1
        except InsufficientFunds:
            pass
    return done


def test_parallel_sends_never_pass_a_limit_together() -> None:
    aya, ken = customer_with(100_000), make_customer("ken")

    def work(_number: int) -> bool:
        try:
            ledger_send(aya, ken, 1_000, per_day_minor=5_500)
        except posting.LimitReached:
            return False
        return True

    assert at_once(16, work).count(True) == 5
    assert balances(aya, ken) == [95_000, 5_000]
    with pytest.raises(posting.LimitReached):
        ledger_send(aya, ken, 1_000, per_month_minor=5_500)
    assert wallet(ken).balance == 5_000


@pytest.mark.requirement(34)
def test_after_a_stop_has_answered_nothing_is_sent() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")

    def work(number: int) -> int | None:
        if number == 0:
            suspend(aya.user, scope="sending", reason_code="fraud", reason="x", channel="agent", actor=TESTS)
            return wallet(aya).balance
        for _ in range(25):
            try:
                ledger_send(aya, ken, 1)
            except WalletFrozen:
                return None
        return None

    left = at_once(9, work)[0]
    assert wallet(aya).balance == left
    payee, actor = knows(aya, ken), signed_in(aya)
    with pytest.raises(Suspended):
        try_send(actor, aya, payee, 1)
    # Topping up and receiving go on.
    ledger_send(customer_with(10, "mio"), aya, 10)
    assert wallet(aya).balance == left + 10  # type: ignore[operator]


def test_the_switch_stops_sending_and_looking_for_payees() -> None:
    aya, ken, payee = pair()
    actor = signed_in(aya)
    with pytest.raises(StepUpRequired):
        try_send(actor, aya, payee, 100)
    confirm_all(actor)
    pull("sending")
    try:
        with pytest.raises(SwitchedOff):
            try_send(actor, aya, payee, 100)
        with pytest.raises(SwitchedOff):
            find_payee(aya.user, address=ken.email, actor=actor)
    finally:
        release("sending")
    assert balances(aya, ken) == [20_000, 0]
    try_send(actor, aya, payee, 100)  # The proof was not used up by the refusal.


def test_the_database_refuses_oneself_staff_closed_accounts_and_odd_amounts() -> None:
    aya, ken, staff = customer_with(1_000), make_customer("ken"), make_staff("rin")
    User.objects.filter(pk=ken.user.pk).update(is_active=False)
    for recipient in (aya, staff, ken):
        with pytest.raises(PayeeUnavailable):
            ledger_send(aya, recipient, 100)
        with pytest.raises(DatabaseError), transaction.atomic():
            Payee.objects.create(owner=aya.user, person=recipient.user, how="email")
    open_one = make_customer("mio")
    for amount in (0, -1):
        with pytest.raises(BadAmount):
            ledger_send(aya, open_one, amount)
    assert wallet(aya).balance == 1_000 and wallet(ken).balance == 0
    transfer = Transfer.objects.get(pk=ledger_send(aya, open_one, 100)[0])
    with pytest.raises(DatabaseError), transaction.atomic():
        Transfer.objects.filter(pk=transfer.pk).update(amount=1)
    assert balances(aya, open_one) == [900, 100]


def test_goodwill_can_be_spent_but_not_sent() -> None:
    """Not by way of a payment that is refunded either."""
    aya, ken, counter = customer_with(300), make_customer("ken"), open_counter()
    account = wallet(aya).pk
    with recorded(TESTS):
        posting.post(
            event_key=fresh_key(),
            kind=JournalKind.GOODWILL,
            debit_account_id=posting.own_account("goodwill", other_side=account),
            credit_account_id=account,
            amount_minor=1_000,
            reference="x",
        )
        assert posting.goodwill_left(account) == 1_000
    with pytest.raises(NotSendable):
        ledger_send(aya, ken, 301)
    assert balances(aya, ken) == [1_300, 0]
    payment = _pay_and_refund(aya, counter, 700)
    assert payment.refunded == 700
    with pytest.raises(NotSendable):
        ledger_send(aya, ken, 301)
    ledger_send(aya, ken, 300)
    assert balances(aya, ken) == [1_000, 300]


def _pay_and_refund(person: Person, counter: Counter, amount: int) -> Payment:
    taken = take_payment(
        counter.terminal,
        code=shown_code(person),
        amount_minor=amount,
        currency="JPY",
        reference=fresh_key("r")[:60],
        idempotency_key=fresh_key(),
        actor=counter.actor,
    )
    assert posting.goodwill_left(wallet(person).pk) == 300
    refund_payment(
        counter.terminal,
        payment_public_id=taken.payment.public_id,
        amount_minor=amount,
        idempotency_key=fresh_key(),
        actor=counter.actor,
    )
    taken.payment.refresh_from_db()
    return taken.payment


@pytest.mark.requirement(29)
def test_after_a_credential_change_known_payees_only_and_less(monkeypatch: pytest.MonkeyPatch) -> None:
    aya, ken, payee = pair()
    actor = signed_in(aya)
    send(actor, aya, payee, 100)
    new = knows(aya, make_customer("mio"))
    # What belongs to the opening of an account is told by the clock, and this one was opened a moment ago.
    monkeypatch.setattr(policy, "_OPENING", timedelta(0))
    with recorded(aya.actor):
        aya.user.set_password("another quiet harbour")
        aya.user.save(update_fields=["password"])
    with pytest.raises(CoolingOff) as waits:
        try_send(actor, aya, new, 100)
    assert waits.value.extra["ends_at"] > timezone.now().isoformat()
    with pytest.raises(CoolingOff):
        find_payee(aya.user, address=ken.email, actor=actor)
    with pytest.raises(SendLimitReached) as low:
        try_send(actor, aya, payee, 5_001)
    assert low.value.extra["limit"] == "cool-off-sending-per-day"
    send(actor, aya, payee, 200)
    assert sent_by(aya) == [100, 200]


def test_each_limit_says_which_it_is_and_when_it_ends(settings: Settings) -> None:
    aya, ken, payee = pair(90_000)
    settings.SEND_PER_SEND, settings.SEND_PER_DAY, settings.SEND_PER_MONTH = 9_000, 12_000, 13_000
    actor = signed_in(aya)
    for amount, limit in ((9_001, "per-send"), (8_000, ""), (4_001, "sending-per-day")):
        if not limit:
            send(actor, aya, payee, amount)
            continue
        with pytest.raises(SendLimitReached) as refused:
            try_send(actor, aya, payee, amount)
        assert refused.value.extra["limit"] == limit
    assert "left_minor" in refused.value.extra and "ends_at" in refused.value.extra
    settings.SEND_PER_DAY = 90_000
    with pytest.raises(SendLimitReached) as monthly:
        check_send(aya.user, payee_id=payee.public_id, amount_minor=5_001, message="", actor=actor)
    assert monthly.value.extra["limit"] == "sending-per-month"
    settings.SEND_NEW_ACCOUNT_DAYS, settings.SEND_NEW_ACCOUNT_PER_DAY = 14, 8_100
    with pytest.raises(SendLimitReached) as young:
        try_send(actor, aya, payee, 101)
    assert young.value.extra["limit"] == "new-account-sending-per-day"
    assert balances(aya, ken) == [82_000, 8_000]


def test_risk_puts_a_quick_series_off_and_keeps_why(settings: Settings) -> None:
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {"sends_in_ten_minutes_delay": 2}
    aya, ken, payee = pair()
    actor = signed_in(aya)
    for amount in (100, 101):
        send(actor, aya, payee, amount)
    with pytest.raises(RiskDelayed):
        try_send(actor, aya, payee, 102)
    kept = RiskDecision.objects.filter(user=aya.user, action="send").latest("pk")
    assert (kept.outcome, kept.went_on, kept.facts["tries_in_ten_minutes"]) == ("delay", False, 2)
    assert not StepUpChallenge.objects.filter(user=aya.user, amount_minor=102).exists()
    assert balances(aya, ken) == [19_799, 201]


@pytest.mark.requirement(5)
def test_who_does_not_allow_it_is_found_like_nobody() -> None:
    aya, ken, mio, closed = (make_customer(name) for name in ("aya", "ken", "mio", "emi"))
    change_findability(ken.user, by_email=True, by_phone=False, actor=ken.actor)
    for person in (closed, make_customer("ena")):
        change_findability(person.user, by_email=True, by_phone=True, actor=person.actor)
    User.objects.filter(pk=closed.user.pk).update(is_active=False)
    staff = make_staff("rin")
    said = set()
    for address in (mio.email, closed.email, staff.email, aya.email, "nobody.at.all@example.com"):
        with pytest.raises(PayeeNotFound) as refused:
            find_payee(aya.user, address=address, actor=aya.actor)
        said.add((refused.value.code, str(refused.value.detail), str(refused.value.extra)))
    assert len(said) == 1
    assert not Payee.objects.filter(owner=aya.user).exists()
    payee = find_payee(aya.user, address=ken.email.upper(), actor=aya.actor)
    assert (payee.person, payee.how) == (ken.user, "email")
    assert find_payee(aya.user, address=ken.email, actor=aya.actor).pk == payee.pk
    with pytest.raises(InvalidInput):
        find_payee(aya.user, address="not an address", actor=aya.actor)
    assert all("@" not in str(row) for row in audited(aya, "payments:payee:looked_up"))


def test_a_number_must_be_one_person_s_alone_and_looking_is_counted() -> None:
    aya, ken, mio = (make_customer(name) for name in ("aya", "ken", "mio"))
    number = f"+8190{uuid.uuid4().int % 10**8:08d}"
    for person in (ken, mio):
        User.objects.filter(pk=person.user.pk).update(phone=number)
    change_findability(ken.user, by_email=False, by_phone=True, actor=ken.actor)
    local = "0" + number[3:]
    assert find_payee(aya.user, address=local, actor=aya.actor).person == ken.user
    change_findability(mio.user, by_email=False, by_phone=True, actor=mio.actor)
    with pytest.raises(PayeeNotFound):
        find_payee(aya.user, address=local, actor=aya.actor)
    found = []
    for _try in range(20):
        try:
            find_payee(aya.user, address="nobody@example.com", actor=aya.actor)
        except (PayeeNotFound, TooManyTries) as refused:
            found.append(refused.code)
    assert found == ["payee-not-found"] * 13 + ["too-many-tries"] * 7


@pytest.mark.requirement(5)
def test_looking_is_counted_over_a_network_s_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payees, "LOOKUPS_PER_NETWORK_A_DAY", 2)
    network = f"2001:db8:{uuid.uuid4().int % 2**16:x}:{uuid.uuid4().int % 2**16:x}::"
    for host, refused in ((1, PayeeNotFound), (2, PayeeNotFound), (3, TooManyTries)):
        person = make_customer("aya")
        with pytest.raises(refused):
            find_payee(
                person.user,
                address="nobody@example.com",
                actor=replace(person.actor, network=f"{network}{host}"),
            )


@pytest.mark.requirement(44)
def test_another_s_payee_and_transfer_are_not_found() -> None:
    aya, ken, payee = pair()
    mio = customer_with(1_000, "mio")
    with pytest.raises(PayeeNotFound):
        try_send(signed_in(mio), mio, payee, 100)
    transfer = send(signed_in(aya), aya, payee, 100).transfer
    with pytest.raises(transfer_queries.TransferNotFound):
        transfer_queries.transfer_of(mio.user.pk, transfer.public_id)
    assert balances(mio, ken) == [1_000, 100]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Emma Wilson", "E•• W••"), ("田中 芽衣", "田•• 芽••"), ("森 彩", "森 ••"), ("彩", "••"), ("", "••"),
     ("Nguyễn Thị Linh", "N•• T•• L••"), ("Madonna", "M••")],
)  # fmt: skip
def test_a_name_is_never_shown_whole(name: str, shown: str) -> None:
    assert masked_name(name) == shown


def test_a_message_is_one_line_without_signs_that_steer() -> None:
    assert plain_message(" a\u200b\u202eb\x00\n\tc\u3000d ") == "ab c d"
    aya, _ken, payee = pair()
    with pytest.raises(InvalidInput):
        try_send(signed_in(aya), aya, payee, 100, message="x" * 81)
