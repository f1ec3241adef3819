"""Closing a wallet: told, waited for, all of it in one step, every yen accounted for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.actions.suspensions import suspend
from accounts.models import CredentialChange, User
from payments import posting
from payments.actions import closures
from payments.actions.auto_top_ups import top_up_if_due
from payments.actions.claims import send_due_claims
from payments.actions.closures import ask_to_close, call_off, close_due_wallets, close_one
from payments.actions.money_requests import ask_for_money
from payments.actions.store_payments import refund_payment, take_payment
from payments.errors import ClosureNotPossible, NoClosure
from payments.models import (
    Account,
    AccountKind,
    AutoTopUp,
    CardLinking,
    CardState,
    Claim,
    Closure,
    JournalKind,
    MoneyRequest,
    Payee,
    Payment,
    PaymentStatus,
    TopUp,
)
from payments.processors.base import RefundRefused, Unknown
from payments.verification import verify_books
from tests.accounts.mails import mails_to
from tests.api_client import Phone
from tests.payments.books import (
    TESTS,
    Counter,
    at_once,
    customer_with,
    fresh_key,
    move,
    open_counter,
    shown_code,
    wallet,
)
from tests.payments.closing import asked_to_close, give, is_closed, owed, refunded_at, wait_is_over
from tests.payments.processors.harness import MASTERCARD, SandboxHarness
from tests.payments.sending import knows
from tests.payments.topping import SWEEP, balance, linked_card, top_up
from tests.people import Person, make_customer, make_staff, signed_in_client
from tests.support.switchboard import pull, release_all
from wallet_site.errors import Problem, StepUpRequired
from wallet_site.outbox.models import Event
from wallet_site.switches.errors import SwitchedOff
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up", "no_worker")]


def sell(counter: Counter, digits: str, amount: int, *, authorize: bool = False) -> Payment:
    return take_payment(
        counter.terminal,
        code=digits,
        amount_minor=amount,
        currency="JPY",
        reference=uuid.uuid4().hex,
        idempotency_key=uuid.uuid4().hex,
        actor=counter.actor,
        **({"capture": False} if authorize else {}),
    ).payment


def told(person: Person, topic: str) -> int:
    return Event.objects.filter(user_id=person.user.pk, topic=topic).count()


@pytest.mark.requirement(34, 36)
def test_a_wallet_closes_after_its_wait_and_every_yen_has_a_way_out(
    harness: SandboxHarness, owner_connection: psycopg.Connection
) -> None:
    aya, counter = make_customer("aya"), open_counter()
    first, second = linked_card(aya, harness), linked_card(aya, harness, MASTERCARD)
    earlier, later = top_up(aya, first, 3_000).top_up, top_up(aya, second, 4_500).top_up
    give(aya, 700, JournalKind.GOODWILL)
    paid = sell(counter, shown_code(aya), 200)
    give(aya, 300, JournalKind.COMPENSATION)
    move(wallet(customer_with(400, "ken")).pk, wallet(aya).pk, 400)
    browser, phone = signed_in_client(aya), Phone.signed_in(aya)

    with pytest.raises(StepUpRequired):
        ask_to_close(aya.user, actor=aya.actor)
    assert not Closure.objects.filter(user=aya.user).exists()
    closure = asked_to_close(aya)
    assert (closure.closes_at - closure.asked_at).days == 7
    assert asked_to_close(aya) == closure, "asking again is the same wish"
    assert told(aya, "payments:closure:asked") == 1
    close_due_wallets()
    assert (balance(aya), closure.state) == (8_700, "waiting"), "everything goes on until its time"
    digits = shown_code(aya)

    wait_is_over(owner_connection, aya)
    assert close_one(closure.pk, actor=SWEEP)
    assert not close_one(closure.pk, actor=SWEEP)

    assert is_closed(aya)
    assert owed(aya) == [
        ("card", "closed", 4_500, "owed"),
        ("card", "closed", 3_000, "owed"),
        ("desk", "closed", 400, "owed"),
        ("desk", "comp", 300, "owed"),
    ]
    closure.refresh_from_db()
    assert (closure.state, closure.lapsed) == ("closed", 500)
    assert (told(aya, "payments:closure:closed"), told(aya, "payments:claim:made")) == (1, 2)
    assert {card.state for card in aya.user.cards.all()} == {CardState.REMOVED}
    assert browser.get(reverse("payments:home")).status_code == 302
    assert phone.get("/api/v1/wallet").status == 401
    assert sell(counter, digits, 10).status == PaymentStatus.DECLINED
    change = CredentialChange.objects.filter(user=aya.user).latest("pk")
    assert change.kind in {"account_deactivated", "api_device_removed"}

    for _round in range(2):
        Claim.objects.filter(user=aya.user, state="owed").update(check_at=closure.asked_at)
        send_due_claims(SWEEP)
    assert [row[3] for row in owed(aya)] == ["paid", "paid", "owed", "owed"]
    assert refunded_at(harness, TopUp.objects.get(pk=earlier.pk).processor_reference) == 3_000
    assert refunded_at(harness, TopUp.objects.get(pk=later.pk).processor_reference) == 4_500
    assert told(aya, "payments:claim:paid") == 2

    refund_payment(
        counter.terminal,
        payment_public_id=paid.public_id,
        amount_minor=150,
        idempotency_key=uuid.uuid4().hex,
        actor=counter.actor,
    )
    assert is_closed(aya), "what a store gives back later is no balance"
    assert (len(owed(aya)), told(aya, "payments:claim:made")) == (4, 2), "it was paid with goodwill"
    assert verify_books().fault is None


def test_goodwill_is_no_money_after_the_closing_either(owner_connection: psycopg.Connection) -> None:
    """Buy with it, close, return the goods: goodwill lapses, compensation is decided about, one's own money is owed."""
    aya, counter = customer_with(1_000), open_counter()
    own = sell(counter, shown_code(aya), 300)
    give(aya, 500, JournalKind.GOODWILL)
    give(aya, 200, JournalKind.COMPENSATION)
    gift = sell(counter, shown_code(aya), 600)
    assert close_one(asked_to_close(aya, owner_connection).pk, actor=SWEEP)
    before = own_balance(AccountKind.GOODWILL)
    for payment, amount in ((gift, 550), (gift, 50), (own, 300)):
        refund_payment(
            counter.terminal,
            payment_public_id=payment.public_id,
            amount_minor=amount,
            idempotency_key=uuid.uuid4().hex,
            actor=counter.actor,
        )
    assert is_closed(aya)
    assert owed(aya) == [
        ("desk", "closed", 700, "owed"),
        ("desk", "comp", 100, "owed"),
        ("desk", "comp", 100, "owed"),
        ("desk", "late", 300, "owed"),
    ]
    assert own_balance(AccountKind.GOODWILL) - before == 500
    assert told(aya, "payments:claim:made") == 4
    assert verify_books().fault is None


def own_balance(kind: AccountKind) -> int:
    return sum(Account.objects.filter(kind=kind).values_list("balance", flat=True))


def test_money_or_a_card_on_its_way_holds_a_closing_up(owner_connection: psycopg.Connection) -> None:
    aya, counter = customer_with(1_000), open_counter()
    held = sell(counter, shown_code(aya), 300, authorize=True)
    closure = asked_to_close(aya, owner_connection)

    assert not close_one(closure.pk, actor=SWEEP)
    closure.refresh_from_db()
    assert (closure.held_up_by, closure.state, balance(aya)) == ("payments", "waiting", 1_000)
    with recorded(TESTS):
        posting.cancel_store_payment(str(held.public_id))
        CardLinking.objects.create(user=aya.user, processor="sandbox", expires_at=closure.asked_at)
    assert not close_one(closure.pk, actor=SWEEP)
    closure.refresh_from_db()
    assert closure.held_up_by == "linkings"
    CardLinking.objects.filter(user=aya.user).update(state="abandoned", ended_at=closure.asked_at)
    assert close_one(closure.pk, actor=SWEEP)
    assert owed(aya) == [("desk", "closed", 1_000, "owed")]


def test_it_can_be_called_off_and_a_stopped_wallet_never_closes(owner_connection: psycopg.Connection) -> None:
    aya = customer_with(1_000)
    with pytest.raises(NoClosure):
        call_off(aya.user, actor=aya.actor)
    asked_to_close(aya)
    assert call_off(aya.user, actor=aya.actor).state == "called_off"
    assert told(aya, "payments:closure:called_off") == 1

    again = asked_to_close(aya, owner_connection)
    suspend(aya.user, scope="sending", reason_code="takeover", reason="a lock", channel="lock", actor=TESTS)
    assert not close_one(again.pk, actor=SWEEP)
    again.refresh_from_db()
    assert (again.state, balance(aya)) == ("called_off", 1_000)
    aya.user.refresh_from_db()
    assert aya.user.is_active
    with pytest.raises(ClosureNotPossible):
        asked_to_close(aya)
    assert told(aya, "payments:closure:called_off") == 2


def test_a_failure_in_the_middle_leaves_nothing_done(
    owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    aya = customer_with(1_000)
    closure = asked_to_close(aya, owner_connection)
    monkeypatch.setattr(closures, "write_ends", lambda *_args, **_kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        close_one(closure.pk, actor=SWEEP)
    aya.user.refresh_from_db()
    assert (balance(aya), aya.user.is_active, owed(aya)) == (1_000, True, [])
    monkeypatch.undo()
    assert close_one(closure.pk, actor=SWEEP)
    assert owed(aya) == [("desk", "closed", 1_000, "owed")]


def test_a_payment_at_the_till_and_the_closing_at_once(owner_connection: psycopg.Connection) -> None:
    """Whoever is first: what was paid is paid, the rest is owed, and nothing is lost or made between them."""
    counter = open_counter()
    for _turn in range(3):
        aya = customer_with(1_000)
        closure = asked_to_close(aya, owner_connection)
        digits = shown_code(aya)

        def work(number: int, closure: Closure = closure, digits: str = digits) -> object:
            if number < 2:
                return close_one(closure.pk, actor=SWEEP)
            return sell(counter, digits, 400).status

        outcomes = at_once(5, work)
        paid = outcomes.count(PaymentStatus.CAPTURED)
        assert outcomes.count(True) == 1, outcomes
        assert paid <= 1
        assert outcomes.count(PaymentStatus.DECLINED) == 3 - paid
        assert is_closed(aya)
        assert owed(aya) == [("desk", "closed", 1_000 - 400 * paid, "owed")]
    assert verify_books().fault is None


def test_nobody_waits_for_money_from_or_for_a_closed_wallet(
    owner_connection: psycopg.Connection, harness: SandboxHarness
) -> None:
    aya, ken = customer_with(1_000), customer_with(1_000, "ken")
    for mine, other in ((aya, ken), (ken, aya)):
        payee = knows(mine, other)
        ask_for_money(
            mine.user,
            payee_id=payee.public_id,
            amount_minor=100,
            message="",
            request_key=uuid.uuid4().hex,
            actor=mine.actor,
        )
    AutoTopUp.objects.create(
        user=aya.user, is_on=True, card=linked_card(aya, harness), threshold=500, amount=1_000
    )
    assert close_one(asked_to_close(aya, owner_connection).pk, actor=SWEEP)
    made, received = MoneyRequest.objects.get(requester=aya.user), MoneyRequest.objects.get(payer=aya.user)
    assert (made.state, received.state) == ("cancelled", "declined")
    assert not AutoTopUp.objects.get(user=aya.user).is_on
    assert top_up_if_due(aya.user.pk, actor=SWEEP) is None
    with pytest.raises(Problem):
        ask_for_money(
            ken.user,
            payee_id=Payee.objects.get(owner=ken.user).public_id,
            amount_minor=100,
            message="",
            request_key=uuid.uuid4().hex,
            actor=ken.actor,
        )
    assert is_closed(aya)


@pytest.mark.parametrize("answer", ["refused", "time-out"])
def test_what_a_card_cannot_take_goes_to_the_desk_and_a_time_out_is_no_refusal(
    answer: str,
    harness: SandboxHarness,
    owner_connection: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aya = make_customer("aya")
    charged = top_up(aya, linked_card(aya, harness), 3_000).top_up
    closure = asked_to_close(aya, owner_connection)
    assert close_one(closure.pk, actor=SWEEP)
    outcome = RefundRefused("charge_disputed") if answer == "refused" else Unknown("no answer")
    with monkeypatch.context() as line:
        line.setattr("payments.processors.sandbox.client.SandboxProcessor.refund", lambda *_args: outcome)
        send_due_claims(SWEEP)
    claim = Claim.objects.get(user=aya.user)
    if answer == "refused":
        assert (claim.way, claim.state, claim.refused_because) == ("desk", "owed", "charge_disputed")
        assert told(aya, "payments:claim:made") == 1
        return
    assert (claim.way, claim.state, claim.checks) == ("card", "owed", 1)
    Claim.objects.filter(pk=claim.pk).update(check_at=closure.asked_at)
    send_due_claims(SWEEP)
    assert owed(aya) == [("card", "closed", 3_000, "paid")]
    assert refunded_at(harness, TopUp.objects.get(pk=charged.pk).processor_reference) == 3_000


@pytest.fixture
def released() -> Iterator[None]:
    """Whatever a test pulls is released after it."""
    yield
    release_all()


@pytest.mark.requirement(34)
@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("switch", ["credential_changes", "read_only"])
def test_a_pulled_switch_lets_nothing_close_and_calling_off_goes_on(
    owner_connection: psycopg.Connection, switch: str
) -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    waits = asked_to_close(aya, owner_connection)
    pull(switch)
    with pytest.raises(SwitchedOff):
        asked_to_close(ken)
    assert not close_one(waits.pk, actor=SWEEP)
    waits.refresh_from_db()
    assert (waits.state, balance(aya), owed(aya)) == ("waiting", 1_000, [])
    assert call_off(aya.user, actor=aya.actor).state == "called_off"


def refuses(sql: str, *values: object) -> bool:
    """Whether the database refuses it to the application's role, and nothing of it stays."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, list(values))
    except DatabaseError:
        return True
    return False


@pytest.mark.money(15)
def test_the_database_guards_a_closing_and_a_closed_wallet(owner_connection: psycopg.Connection) -> None:
    aya, ken = customer_with(1_000), customer_with(5_000, "ken")
    user, early = aya.user.pk, asked_to_close(aya)
    # --- Before its time.
    closed = "UPDATE payments_closure SET state = 'closed', ended_at = now() WHERE id = %s"
    assert refuses(closed, early.pk)
    assert refuses("UPDATE payments_closure SET closes_at = now() WHERE id = %s", early.pk)
    assert refuses("DELETE FROM payments_closure WHERE id = %s", early.pk)
    assert refuses("SELECT ledger_close_wallet(%s, 'JPY')", user)
    assert refuses("UPDATE payments_account SET closed_at = now() WHERE owner_id = %s", user)
    wait_is_over(owner_connection, aya)
    assert refuses("SELECT ledger_close_wallet(%s, 'JPY')", user), "there is money, and somebody signed in"
    assert refuses(closed, early.pk), "the wallet is open"
    assert refuses(
        "INSERT INTO payments_closure (public_id, user_id, state, lapsed, held_up_by)"
        " VALUES (gen_random_uuid(), %s, 'waiting', 0, '')",
        make_staff("rin").user.pk,
    ), "staff have no wallet"
    zoe = customer_with(0, "zoe")
    asked_to_close(zoe)
    with recorded(TESTS):
        User.objects.filter(pk=zoe.user.pk).update(is_active=False)
    assert refuses("SELECT ledger_close_wallet(%s, 'JPY')", zoe.user.pk), "its time has not come"
    wait_is_over(owner_connection, zoe)
    assert not refuses("SELECT ledger_close_wallet(%s, 'JPY')", zoe.user.pk)
    # --- Closed.
    assert close_one(early.pk, actor=SWEEP)
    account = Account.objects.get(owner=aya.user, kind="wallet")
    assert refuses("UPDATE payments_closure SET state = 'waiting', ended_at = NULL WHERE id = %s", early.pk)
    for kind in ("send", "goodwill", "payment", "settlement"):
        post = "SELECT * FROM ledger_post(%s, %s, 'x', %s, %s, 10::bigint)"
        assert refuses(post, fresh_key(), kind, wallet(ken).pk, account.pk), f"{kind} to a closed wallet"
    with pytest.raises(psycopg.DatabaseError):
        owner_connection.execute("UPDATE payments_account SET closed_at = NULL WHERE id = %s", [account.pk])
    now, later = "now()", "now() + interval '5 minutes'"
    assert refuses(
        "INSERT INTO payments_onetimecode (customer_id, digest, expires_at)"
        f" VALUES (%s, sha256(random()::text::bytea), {later})",
        user,
    )
    assert refuses(
        "INSERT INTO payments_cardlinking (public_id, user_id, processor, reference, state, failure_reason, device,"
        f" expires_at) VALUES (gen_random_uuid(), %s, 'sandbox', '', 'started', '', '', {now})",
        user,
    )
    # --- Claims.
    claim = Claim.objects.get(user=aya.user)
    twice = (
        "INSERT INTO payments_claim (public_id, user_id, amount, currency, reason, way, state, journal_id,"
        " refused_because, payment_reference) SELECT gen_random_uuid(), %s, %s, currency, reason, way, state,"
        " journal_id, '', '' FROM payments_claim WHERE id = %s"
    )
    assert refuses(twice, user, 1, claim.pk), "more than the journal brought"
    assert refuses("UPDATE payments_claim SET amount = amount + 1 WHERE id = %s", claim.pk)
    assert refuses("UPDATE payments_claim SET user_id = %s WHERE id = %s", ken.user.pk, claim.pk)
    assert refuses("UPDATE payments_claim SET way = 'card' WHERE id = %s", claim.pk)
    assert refuses(
        "UPDATE payments_claim SET state = 'paid', paid_at = now(), payment_reference = 'x',"
        " paid_journal_id = journal_id WHERE id = %s",
        claim.pk,
    ), "paid without its journal"
    assert refuses("DELETE FROM payments_claim WHERE id = %s", claim.pk)
    assert owed(aya) == [("desk", "closed", 1_000, "owed")]
    assert is_closed(aya)


@pytest.mark.requirement(26)
def test_every_address_is_told_of_every_step_in_both_languages(owner_connection: psycopg.Connection) -> None:
    subjects = {
        "ja": [
            "ウォレットを解約します",
            "ウォレットはそのままご利用いただけます",
            "ウォレットを解約しました",
            "お客さまにお支払いする金額があります",
        ],
        "en": [
            "Your wallet will be closed",
            "Your wallet stays open",
            "Your wallet is closed",
            "We owe you money",
        ],
    }
    for language, expected in subjects.items():
        aya = customer_with(1_000, "aya" if language == "ja" else "mio")
        newer = f"new.{aya.email}"
        with recorded(aya.actor):
            User.objects.filter(pk=aya.user.pk).update(email=newer)
        asked_to_close(aya)
        call_off(aya.user, actor=aya.actor)
        assert close_one(asked_to_close(aya, owner_connection).pk, actor=SWEEP)
        for address in (aya.email, newer):
            mails = mails_to(address)
            got = [mail.subject for mail in mails]
            assert set(expected) <= set(got), (address, got)
            asked = next(mail for mail in mails if mail.subject == expected[0])
            assert "/lock/" in str(asked.body), "who did not ask for it can stop it"
