"""Disputes: each posted exactly once whatever comes first and how often, and people called where no step is right."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from django.db import DatabaseError, connection, connections, transaction

from accounts import policy
from payments.actions.disputes import say
from payments.actions.top_ups import apply_outcome
from payments.errors import DisputeClosed, DisputeTooEarly
from payments.models import CardState, Dispute, DisputeState, TopUp, TopUpState
from payments.processors.base import NotSent
from support.models import Case
from tests.payments.books import customer_with, move, wallet
from tests.payments.charged import charged, dispute_event, disputed, hear, total
from tests.payments.topping import audited, balance, books_balance
from tests.people import Person, make_customer
from wallet_site.outbox.models import Event

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.money(11),
    # A worker would take what is hurried along to a processor of its own.
    pytest.mark.usefixtures("no_worker"),
]


def spend(person: Person, amount_minor: int) -> None:
    move(wallet(person).pk, wallet(make_customer("ken")).pk, amount_minor)


def reread(dispute: Dispute) -> Dispute:
    return Dispute.objects.select_related("top_up__card").get(pk=dispute.pk)


def test_a_dispute_takes_what_is_left_keeps_the_rest_in_suspense_and_stops_the_card() -> None:
    aya = make_customer("aya")
    made = charged(aya)
    spend(aya, 1_000)
    suspense, loss = total("suspense"), total("fraud_loss")
    for _ in range(2):
        hear(dispute_event(made))
    dispute = Dispute.objects.get(top_up=made)
    assert (dispute.state, dispute.amount, dispute.from_wallet) == (DisputeState.NEEDS_RESPONSE, 3_000, 2_000)
    assert (balance(aya), total("suspense"), total("fraud_loss")) == (0, suspense - 1_000, loss)
    assert dispute.top_up.state == TopUpState.DISPUTED
    assert dispute.top_up.card.state == CardState.BLOCKED
    assert policy.is_stopped(aya.user.pk, "top_up")
    assert books_balance()
    assert Case.objects.filter(customer=aya.user, queue="top_up_dispute").count() == 1
    for key in (f"top-up-disputed:{made.public_id}", f"card-blocked:{made.card.public_id}"):
        assert Event.objects.filter(key=key).count() == 1


@pytest.mark.parametrize(("end", "left", "lost"), [("won", 2_000, 0), ("lost", 0, 1_000)])
def test_every_order_of_news_ends_the_same(end: str, left: int, lost: int) -> None:
    """Of opened, answered and decided, each twice, whichever comes first."""
    for order in permutations(("open", "answered", end)):
        aya = make_customer("aya")
        made = charged(aya)
        spend(aya, 1_000)
        suspense, loss = total("suspense"), total("fraud_loss")
        for state in (*order, *reversed(order)):
            hear(dispute_event(made, state))
        dispute = Dispute.objects.get(top_up=made)
        assert (order, dispute.state, balance(aya)) == (order, end, left)
        assert (total("suspense"), total("fraud_loss")) == (suspense, loss - lost)
        assert Event.objects.filter(key=f"dispute-{end}:{dispute.public_id}").count() == 1
        assert [row["amount_minor"] for row in audited(aya, f"payments:dispute:{end}")] == [3_000]
    assert books_balance()


def test_an_end_that_comes_many_times_at_once_is_posted_once() -> None:
    aya = make_customer("aya")
    made = charged(aya)
    spend(aya, 1_000)
    loss = total("fraud_loss")

    def once(_number: int) -> None:
        try:
            hear(dispute_event(made, "lost"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(once, range(6)))
    assert total("fraud_loss") == loss - 1_000
    assert len(audited(aya, "payments:dispute:lost")) == 1


def test_what_the_wallet_paid_whole_is_nobodys_loss() -> None:
    aya = make_customer("aya")
    made = charged(aya)
    suspense, loss = total("suspense"), total("fraud_loss")
    hear(dispute_event(made, "lost"))
    dispute = Dispute.objects.get(top_up=made)
    assert (dispute.state, dispute.from_wallet, dispute.closing_id) == (DisputeState.LOST, 3_000, None)
    assert (total("suspense"), total("fraud_loss")) == (suspense, loss)


def test_a_part_of_a_charge_takes_that_part_alone() -> None:
    aya = make_customer("aya")
    made = charged(aya)
    hear(dispute_event(made, amount_minor=1_200))
    assert balance(aya) == 1_800
    hear(dispute_event(made, "won", amount_minor=1_200))
    assert balance(aya) == 3_000


def test_a_second_verdict_moves_nothing_and_calls_people() -> None:
    aya = make_customer("aya")
    dispute = disputed(aya)
    for state in ("lost", "won"):
        hear(dispute_event(dispute.top_up, state))
    assert (reread(dispute).state, balance(aya)) == (DisputeState.LOST, 0)
    assert (
        Case.objects.filter(customer=aya.user, text__startswith="payments:dispute:decided_twice").count() == 1
    )


def test_a_second_dispute_of_one_charge_moves_nothing_and_calls_people() -> None:
    aya = customer_with(5_000)
    dispute = disputed(aya)
    hear(dispute_event(dispute.top_up, reference="dp_another"))
    assert balance(aya) == 5_000
    assert (
        Case.objects.filter(customer=aya.user, text__startswith="payments:top_up:disputed_again").count() == 1
    )


def test_a_dispute_of_what_was_never_charged_waits_or_calls_people() -> None:
    aya = customer_with(5_000)
    made = charged(aya)
    unknown = dispute_event(made, reference="dp_unknown")
    stranger = type(unknown)("dp_stranger", "", "pi_of_a_stranger", 3_000, "fraudulent", "open")
    hear(stranger)
    assert balance(aya) == 8_000
    assert Case.objects.filter(customer=None, text="payments:dispute:unknown_charge dp_stranger").count() == 1
    hear(stranger)
    assert Case.objects.filter(customer=None, text="payments:dispute:unknown_charge dp_stranger").count() == 1
    opened = TopUp.objects.create(
        user=aya.user, card=made.card, amount=900, currency="JPY", request_key="k", request_fingerprint=b"k"
    )
    event = type(unknown)("dp_early", str(opened.public_id), "", 900, "fraudulent", "open")
    with pytest.raises(DisputeTooEarly):
        hear(event)
    assert not Dispute.objects.filter(top_up=opened).exists()
    # No sweep finds it open: nobody was ever asked to charge it.
    apply_outcome(opened.pk, NotSent(), actor=aya.actor)


# --- The customer's word
def test_the_customers_word_is_kept_once_while_it_is_open() -> None:
    aya = make_customer("aya")
    dispute = disputed(aya)
    assert say(dispute, "not_me", text="never", actor=aya.actor).customer_said == "not_me"
    assert say(dispute, "not_me", text="again", actor=aya.actor).customer_text == "never"
    with pytest.raises(DisputeClosed):
        say(dispute, "me", actor=aya.actor)
    assert len(audited(aya, "payments:dispute:customer_said_not_me")) == 1
    decided = disputed(make_customer("ken"))
    hear(dispute_event(decided.top_up, "won"))
    with pytest.raises(DisputeClosed):
        say(decided, "me", actor=aya.actor)
    assert reread(decided).customer_said == ""


# --- By hand
def test_no_hand_alters_a_dispute_or_its_money() -> None:
    dispute = disputed(make_customer("aya"))
    other = disputed(make_customer("ken"))
    for sql in (
        "UPDATE payments_dispute SET amount = 1 WHERE id = %s",
        "UPDATE payments_dispute SET from_wallet = 0 WHERE id = %s",
        "UPDATE payments_dispute SET state = 'won', closed_at = now() WHERE id = %s",
        f"UPDATE payments_dispute SET state = 'won', closed_at = now(), closing_id = {other.opening_id} WHERE id = %s",
        f"UPDATE payments_dispute SET state = 'lost', closed_at = now(), closing_id = {other.opening_id} WHERE id = %s",
        "UPDATE payments_dispute SET state = 'lost' WHERE id = %s",
        "DELETE FROM payments_dispute WHERE id = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [dispute.pk])
    hear(dispute_event(dispute.top_up, "lost"))
    for sql in (
        "SET state = 'won'",
        "SET state = 'needs_response', closed_at = NULL",
        "SET customer_said = 'me'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE payments_dispute {sql} WHERE id = %s", [dispute.pk])
