"""Claims: what the card's holder takes back through their bank is not paid beside that, by nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import DatabaseError, connection, connections

from payments.actions import claims
from payments.actions.claims import refund_to_card, send_due_claims
from payments.actions.closures import close_one
from payments.actions.disputes import write_dispute
from payments.errors import ClaimDisputed
from payments.models import AccountKind, Claim, TopUp
from payments.processors.base import Refunded, RefundOutcome, RefundRefused, RefundRequest
from payments.verification import verify_books
from support.actions.approvals import approve
from support.actions.claims import ask_to_pay_out
from support.models import Case
from tests.payments.charged import WEBHOOK, charged, dispute_event, hear, total
from tests.payments.closing import asked_to_close, owed
from tests.payments.topping import SWEEP, audited
from tests.people import Person, make_customer, signed_in_client
from tests.support.desk import agent, supervisor
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up", "no_worker")]

Answers = Callable[[Callable[[RefundRequest], RefundOutcome]], None]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Lets the processor answer refunds so."""

    def set_to(answer: Callable[[RefundRequest], RefundOutcome]) -> None:
        monkeypatch.setattr(
            "payments.processors.sandbox.client.SandboxProcessor.refund",
            lambda _self, request: answer(request),
        )

    return set_to


def closed(owner: psycopg.Connection) -> tuple[Person, TopUp, Claim]:
    """Somebody whose wallet is closed, their charge, and what their card gets back of it."""
    aya = make_customer("aya")
    made = charged(aya)
    assert close_one(asked_to_close(aya, owner).pk, actor=SWEEP)
    return aya, made, Claim.objects.select_related("top_up__card").get(user=aya.user)


def write_paid(claim: Claim) -> None:
    """As somebody would who asks nobody but the database."""
    with recorded(SWEEP):
        claims._write_paid(claim.pk, "re_tests", AccountKind.PROCESSOR_SETTLEMENT, SWEEP)


@pytest.mark.money(11)
def test_a_disputed_charge_is_not_refunded_too_and_one_that_we_won_is(
    owner_connection: psycopg.Connection, answers: Answers
) -> None:
    asked: list[RefundRequest] = []
    answers(lambda request: asked.append(request) or Refunded("re_1"))
    lost, its_charge, claim = closed(owner_connection)
    won, other_charge, other = closed(owner_connection)
    payable, loss = total("claims_payable"), total("fraud_loss")
    for state in ("open", "lost"):
        hear(dispute_event(its_charge, state))
        hear(dispute_event(other_charge))
        send_due_claims(SWEEP)
        for one in (claim, other):
            with pytest.raises(ClaimDisputed):
                refund_to_card(one, actor=SWEEP)
            with pytest.raises(DatabaseError, match="disputed"):
                write_paid(one)
    assert (asked, owed(lost), owed(won)) == ([], *[[("card", "closed", 3_000, "owed")]] * 2)
    # The bank has paid instead of us: what is owed lies against the loss, until people decide.
    assert (total("claims_payable"), total("fraud_loss")) == (payable, loss - 3_000)

    hear(dispute_event(other_charge, "won"))
    send_due_claims(SWEEP)
    assert [request.key for request in asked] == [other.processor_key]
    assert (owed(lost)[0][3], owed(won)[0][3]) == ("owed", "paid")
    assert verify_books().fault is None


def test_a_refund_that_meets_a_dispute_calls_people(
    owner_connection: psycopg.Connection, answers: Answers
) -> None:
    aya, made, claim = closed(owner_connection)

    def both(_request: RefundRequest) -> RefundOutcome:
        hear(dispute_event(made))
        return Refunded("re_late")

    answers(both)
    refund_to_card(claim, actor=SWEEP)
    assert owed(aya) == [("card", "closed", 3_000, "owed")]
    assert [row["reference"] for row in audited(aya, "payments:claim:refunded_and_disputed")] == ["re_late"]
    assert Case.objects.filter(
        text__startswith="payments:claim:refunded_and_disputed", customer=aya.user
    ).exists()


def test_one_refund_that_fails_stops_no_other(owner_connection: psycopg.Connection, answers: Answers) -> None:
    (first, _charge, bad), (second, _other, _good) = closed(owner_connection), closed(owner_connection)

    def answer(request: RefundRequest) -> RefundOutcome:
        if request.key == bad.processor_key:
            raise DatabaseError("tests")
        return Refunded("re_2")

    answers(answer)
    send_due_claims(SWEEP)
    assert (owed(first)[0][3], owed(second)[0][3]) == ("owed", "paid")


@pytest.mark.requirement(40)
def test_the_desk_sees_a_dispute_and_cannot_pay_beside_it(
    owner_connection: psycopg.Connection, answers: Answers
) -> None:
    aya, made, claim = closed(owner_connection)
    answers(lambda _request: RefundRefused("charge_disputed"))
    refund_to_card(claim, actor=SWEEP)
    rin, sota = agent(), supervisor()
    waiting = ask_to_pay_out(claim, reference="20260503-1", reason="checked", actor=rin.actor)
    browser, said = signed_in_client(sota), "taking this charge back"
    pages = (f"/admin/approvals/{waiting.public_id}/", f"/admin/claims/{claim.public_id}/pay/")
    assert [said in browser.get(page).content.decode() for page in pages] == [False, False]
    hear(dispute_event(made))
    assert [said in browser.get(page).content.decode() for page in pages] == [True, True]
    with pytest.raises(ClaimDisputed):
        approve(waiting, reason="seen", actor=sota.actor)
    with pytest.raises(ClaimDisputed):
        ask_to_pay_out(claim, reference="20260503-2", reason="again", actor=rin.actor)
    assert owed(aya) == [("desk", "closed", 3_000, "owed")]
    hear(dispute_event(made, "won"))
    approve(waiting, reason="seen", actor=sota.actor)
    assert owed(aya)[0] == ("desk", "closed", 3_000, "paid")


def test_a_payment_waits_for_the_news_that_is_being_written(owner_connection: psycopg.Connection) -> None:
    aya, made, claim = closed(owner_connection)

    def pay() -> Exception | None:
        try:
            write_paid(claim)
        except DatabaseError as error:
            return error
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(1) as thread:
        with recorded(WEBHOOK):
            write_dispute("sandbox", dispute_event(made), actor=WEBHOOK)
            paid = thread.submit(pay)
            give_up = time.monotonic() + 10
            while not (_somebody_waits() or paid.done()) and time.monotonic() < give_up:
                time.sleep(0.02)
        assert "disputed" in str(paid.result())
    assert owed(aya) == [("card", "closed", 3_000, "owed")]


def _somebody_waits() -> bool:
    """For a row that this transaction has locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])
