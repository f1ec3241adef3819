"""Asking for money: paid as a send with all its guards, declined, taken back, over; and nobody is pestered."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from payments.actions.money_requests import (
    MadeRequest,
    ask_for_money,
    cancel_request,
    decline_request,
    expire_requests,
    pay_request,
    unblock_requester,
)
from payments.actions.transfers import Sent
from payments.errors import (
    InsufficientFunds,
    PayeeUnavailable,
    RequestNotFound,
    RequestNotOpen,
    SendLimitReached,
    TooManyRequests,
)
from payments.models import MoneyRequest, Payee, RequestBlock
from tests.payments.books import TESTS, at_once, customer_with
from tests.payments.sending import balances, confirm_all, knows, requests_to, signed_in
from tests.people import Person, make_customer
from wallet_site.actor import Actor
from wallet_site.errors import NotFound, StepUpRequired
from wallet_site.idempotency.once import KeyReused
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _room(settings: Settings) -> None:
    settings.SEND_NEW_ACCOUNT_DAYS = 0


def ask(person: Person, payee: Payee, amount: int = 1_200, *, key: str = "") -> MadeRequest:
    return ask_for_money(
        person.user,
        payee_id=payee.public_id,
        amount_minor=amount,
        message="ランチ",
        request_key=key or uuid.uuid4().hex,
        actor=person.actor,
    )


def pay(person: Person, request: MoneyRequest, actor: Actor, *, key: str = "") -> Sent:
    return pay_request(
        person.user, request_id=request.public_id, request_key=key or f"r:{request.public_id}", actor=actor
    )


def moved_back(request: MoneyRequest, owner) -> None:  # type: ignore[no-untyped-def]
    """Its time is over."""
    with owner.transaction():
        owner.execute("ALTER TABLE payments_moneyrequest DISABLE TRIGGER keeps_its_steps")
        owner.execute(
            "UPDATE payments_moneyrequest SET expires_at = now() - interval '1 second' WHERE id = %s",
            [request.pk],
        )
        owner.execute("ALTER TABLE payments_moneyrequest ENABLE TRIGGER keeps_its_steps")


@pytest.mark.requirement(36)
def test_a_request_is_paid_once_by_who_was_asked_with_a_bound_proof() -> None:
    aya, ken, mio = make_customer("aya"), customer_with(5_000, "ken"), customer_with(5_000, "mio")
    key = uuid.uuid4().hex
    made = ask(aya, knows(aya, ken), key=key)
    assert ask(aya, knows(aya, ken), key=key).request == made.request
    with pytest.raises(KeyReused):
        ask(aya, knows(aya, ken), 1_201, key=key)
    assert Event.objects.get(key=f"request:{made.request.public_id}").user_id == ken.user.pk
    # Who is asked knows who asks, and can pay without looking for them.
    actor = signed_in(ken)
    for nobody in (mio, aya):
        with pytest.raises(RequestNotFound):
            pay(nobody, made.request, signed_in(nobody))
    with pytest.raises(StepUpRequired):
        pay(ken, made.request, actor)
    confirm_all(actor)
    results = at_once(
        12, lambda n: pay(ken, made.request, actor, key=f"try:{n % 3}:{made.request.public_id}")
    )
    assert len({one.transfer.pk for one in results if isinstance(one, Sent)}) == 1
    assert balances(aya, ken) == [1_200, 3_800]
    made.request.refresh_from_db()
    assert (made.request.state, made.request.transfer.amount) == ("paid", 1_200)  # type: ignore[union-attr]
    with pytest.raises(RequestNotOpen):
        pay(ken, made.request, actor, key="another-key")
    with pytest.raises(RequestNotOpen):
        decline_request(ken.user, request_id=made.request.public_id, actor=ken.actor)


def test_declining_raced_with_paying_leaves_one_of_both() -> None:
    aya, ken = make_customer("aya"), customer_with(5_000, "ken")
    request = ask(aya, knows(aya, ken)).request
    actor = signed_in(ken)
    with pytest.raises(StepUpRequired):
        pay(ken, request, actor)
    confirm_all(actor)

    def work(number: int) -> str:
        try:
            if number % 2:
                pay(ken, request, actor)
                return "paid"
            return decline_request(ken.user, request_id=request.public_id, actor=ken.actor).state
        except (RequestNotOpen, StepUpRequired):
            return ""

    ends = {one for one in at_once(8, work) if one}
    request.refresh_from_db()
    assert ends == {request.state}
    assert balances(aya, ken) == ([1_200, 3_800] if request.state == "paid" else [0, 5_000])


def test_an_answer_is_final_and_time_answers_too(owner_connection) -> None:  # type: ignore[no-untyped-def]
    aya, ken = make_customer("aya"), customer_with(5_000, "ken")
    payee = knows(aya, ken)
    declined, taken_back, over = (ask(aya, payee).request for _ in range(3))
    decline_request(ken.user, request_id=declined.public_id, actor=ken.actor)
    decline_request(ken.user, request_id=declined.public_id, actor=ken.actor)
    with pytest.raises(RequestNotFound):
        cancel_request(ken.user, request_id=taken_back.public_id, actor=ken.actor)
    cancel_request(aya.user, request_id=taken_back.public_id, actor=aya.actor)
    moved_back(over, owner_connection)
    actor = signed_in(ken)
    for request in (declined, taken_back, over):
        with pytest.raises(RequestNotOpen):
            pay(ken, request, actor)
    expire_requests(TESTS)
    assert requests_to(ken) == ["declined", "cancelled", "expired"]
    assert balances(aya, ken) == [0, 5_000]
    with pytest.raises(DatabaseError), transaction.atomic():
        MoneyRequest.objects.filter(pk=declined.pk).update(state="open", closed_at=None)
    fresh = ask(aya, payee).request
    with pytest.raises(DatabaseError), transaction.atomic():
        MoneyRequest.objects.filter(pk=fresh.pk).update(amount=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        MoneyRequest.objects.filter(pk=fresh.pk).update(state="paid", closed_at=timezone.now())


def test_nobody_is_pestered() -> None:
    """Three open ones to one person; a block that looks like a wallet that is closed; none to oneself."""
    aya, ken, gone = make_customer("aya"), customer_with(5_000, "ken"), make_customer("mio")
    payee, left = knows(aya, ken), knows(aya, gone)
    requests = at_once(5, lambda _n: ask(aya, payee))
    assert sum(isinstance(one, TooManyRequests) for one in requests) == 2
    first = MoneyRequest.objects.filter(payer=ken.user).order_by("pk")[0]
    decline_request(ken.user, request_id=first.public_id, block=True, actor=ken.actor)
    assert set(requests_to(ken)) == {"declined"}
    User.objects.filter(pk=gone.user.pk).update(is_active=False)
    said = set()
    for whom in (payee, left):
        with pytest.raises(PayeeUnavailable) as refused:
            ask(aya, whom)
        said.add(str(refused.value.detail))
    assert len(said) == 1
    # Money still gets through, only requests do not; and a block can be lifted by its owner alone.
    block = RequestBlock.objects.get(owner=ken.user)
    with pytest.raises(NotFound):
        unblock_requester(aya.user, block_id=block.pk, actor=aya.actor)
    with pytest.raises(PayeeUnavailable):
        ask(aya, payee)
    unblock_requester(ken.user, block_id=block.pk, actor=ken.actor)
    ask(aya, payee)
    with pytest.raises(DatabaseError), recorded(TESTS):
        MoneyRequest.objects.create(
            requester=aya.user, payer=aya.user, amount=1, currency="JPY", request_key="x", fingerprint=b"",
            expires_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip


def test_paying_a_request_has_the_guards_of_a_send(settings: Settings) -> None:
    aya, ken = make_customer("aya"), customer_with(1_000, "ken")
    actor = signed_in(ken)
    request = ask(aya, knows(aya, ken)).request
    with pytest.raises(StepUpRequired):
        pay(ken, request, actor)
    confirm_all(actor)
    with pytest.raises(InsufficientFunds):
        pay(ken, request, actor)
    settings.SEND_PER_DAY = 1_199
    with pytest.raises(SendLimitReached):
        pay(ken, request, actor)
    with pytest.raises(SendLimitReached):
        ask(aya, knows(aya, ken), settings.SEND_PER_SEND + 1)
    request.refresh_from_db()
    assert request.state == "open" and balances(aya, ken) == [0, 1_000]
