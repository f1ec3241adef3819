"""Linking cards: step-up, tries, 3-D Secure, whose card it is, how many; and taking cards away."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import policy
from accounts.actions.suspensions import suspend
from accounts.errors import Suspended
from payments import card_queries
from payments.actions.card_endings import forget_ended_cards, remove_card
from payments.actions.linkings import finish_linking, settle_expired_linkings, start_linking
from payments.errors import CardNotFound, CoolingOff, LinkingNotFound, TooManyCards, TopUpLimitReached
from payments.models import Card, CardLinking, CardState, LinkingState, OwnerMatch
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import SWEEP, audited, begin_linking, fresh, linked_card, top_up
from tests.people import Person, fresh_network, make_customer
from wallet_site.actor import Actor
from wallet_site.errors import StepUpRequired, TooManyTries, Unavailable
from wallet_site.local.valkey import Valkey
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up")]


def link(person: Person, harness: SandboxHarness, number: str = cards.SUCCEEDS, **form: str) -> CardLinking:
    linking, url = begin_linking(person)
    harness.submit_card(url, number, **({"holder": person.user.full_name} | form))
    harness.decide(url)
    return finish_linking(linking, actor=person.actor)


def no_card_of(person: Person) -> bool:
    return not Card.objects.filter(user=person.user).exists()


def test_a_card_is_linked_told_and_written_down(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    linking = link(aya, harness)
    assert linking.state == LinkingState.LINKED
    card = linking.card
    assert card is not None
    assert (card.brand, card.last_four, card.expires) == ("visa", "4242", "12/34")
    assert (card.three_d_secure, card.owner_match) == ("authenticated", OwnerMatch.SAME)
    assert Event.objects.filter(key=f"card-linked:{card.public_id}", priority="security").count() == 1
    assert audited(aya, "payments:card:linked")[0]["card"] == "visa 4242"
    finish_linking(CardLinking.objects.get(pk=linking.pk), actor=aya.actor)
    assert Card.objects.filter(user=aya.user).count() == 1


def test_linking_needs_a_fresh_second_factor(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    for verified_at in (None, timezone.now() - timedelta(seconds=301)):
        with pytest.raises(StepUpRequired):
            start_linking(aya.user, actor=replace(aya.actor, verified_at=verified_at))
    assert not CardLinking.objects.filter(user=aya.user).exists()


@pytest.mark.parametrize("scope", ["card_linking", "all"])
def test_a_suspended_customer_links_nothing(harness: SandboxHarness, scope: str) -> None:
    aya = make_customer("aya")
    stop(aya, scope)
    with pytest.raises(Suspended):
        begin_linking(aya)
    assert no_card_of(aya)
    assert audited(aya, "payments:linking:refused") == [{"problem": "suspended"}]


def stop(person: Person, scope: str) -> None:
    suspend(
        person.user,
        scope=scope,
        reason_code="fraud",
        reason="test",
        channel="system",
        actor=Actor.system("tests"),
    )


def test_a_suspension_meanwhile_stops_the_card_at_the_end(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    linking, url = begin_linking(aya)
    harness.submit_card(url, cards.SUCCEEDS)
    stop(aya, "card_linking")
    harness.decide(url)
    ended = finish_linking(linking, actor=aya.actor)
    assert (ended.state, ended.failure_reason) == (LinkingState.FAILED, "suspended")
    assert no_card_of(aya)


def test_right_after_a_credential_change_no_card_is_linked(
    harness: SandboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What belongs to the opening of an account is told by the clock, and this one was opened a moment ago.
    monkeypatch.setattr(policy, "_OPENING", timedelta(0))
    aya = make_customer("aya")
    with recorded(aya.actor):
        aya.user.set_password("another quiet harbour")
        aya.user.save(update_fields=["password"])
    with pytest.raises(CoolingOff) as refused:
        begin_linking(aya)
    assert refused.value.extra["ends_at"]
    assert no_card_of(aya)
    card = linked_card(aya, harness)
    with pytest.raises(TopUpLimitReached) as limited:
        top_up(aya, card, 3_001)
    assert limited.value.extra["limit"] == "cool-off-per-day"


def test_five_tries_a_day(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    for _ in range(5):
        begin_linking(replace(aya, network=fresh_network()))
    with pytest.raises(TooManyTries) as refused:
        begin_linking(replace(aya, network=fresh_network()))
    assert refused.value.retry_after
    assert CardLinking.objects.filter(user=aya.user).count() == 5


def test_a_networks_tries_are_counted_over_its_customers(harness: SandboxHarness, settings: Settings) -> None:
    settings.CARD_LINKINGS_PER_NETWORK_A_DAY = 2
    # One line at home: a computer there takes a new address whenever it likes.
    network = f"2001:db8:{secrets.randbelow(2**16):x}:{secrets.randbelow(2**16):x}::"
    for host in range(2):
        begin_linking(replace(make_customer("aya"), network=f"{network}{host + 1}"))
    ken = replace(make_customer("ken"), network=f"{network}3")
    with pytest.raises(TooManyTries):
        begin_linking(ken)
    assert not CardLinking.objects.filter(user=ken.user).exists()


def test_tries_that_cannot_be_counted_are_refused(harness: SandboxHarness, valkey: Valkey) -> None:
    aya = make_customer("aya")
    valkey.kill()
    with pytest.raises(Unavailable):
        begin_linking(aya)
    assert not CardLinking.objects.filter(user=aya.user).exists()


def test_a_processor_that_is_not_there(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    with pytest.raises(Unavailable):
        begin_linking(aya)
    assert CardLinking.objects.get(user=aya.user).failure_reason == "processor_unavailable"


# --- 3-D Secure
def test_without_3d_secure_no_card(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    linking, url = begin_linking(aya)
    harness.submit_card(url, cards.NOT_ENROLLED)
    assert finish_linking(linking, actor=aya.actor).state == LinkingState.STARTED
    harness.submit_card(url, cards.SUCCEEDS)
    assert finish_linking(linking, actor=aya.actor).state == LinkingState.STARTED
    harness.decide(url, decision="decline")
    ended = finish_linking(linking, actor=aya.actor)
    assert (ended.state, ended.failure_reason) == (LinkingState.FAILED, "authentication_failed")
    assert no_card_of(aya)


def test_an_abandoned_linking_is_ended_by_the_sweep(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    linking, url = begin_linking(aya)
    harness.submit_card(url, cards.SUCCEEDS)
    with time_machine.travel(linking.expires_at + timedelta(minutes=1)):
        settle_expired_linkings(SWEEP)
    linking.refresh_from_db()
    assert linking.state == LinkingState.ABANDONED
    harness.decide(url)
    assert finish_linking(linking, actor=aya.actor).state == LinkingState.ABANDONED
    assert no_card_of(aya)


def test_one_that_was_finished_without_coming_back_is_linked_by_the_sweep(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    linking, url = begin_linking(aya)
    harness.submit_card(url, cards.SUCCEEDS)
    harness.decide(url)
    with time_machine.travel(linking.expires_at + timedelta(minutes=1)):
        settle_expired_linkings(SWEEP)
    linking.refresh_from_db()
    assert linking.state == LinkingState.LINKED


def test_finished_twice_at_once_makes_one_card(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    linking, url = begin_linking(aya)
    harness.submit_card(url, cards.SUCCEEDS)
    harness.decide(url)

    def finish(_number: int) -> tuple[str, str]:
        try:
            ended = finish_linking(CardLinking.objects.get(pk=linking.pk), actor=aya.actor)
            return ended.state, str(ended.card)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(finish, range(8))) == {(LinkingState.LINKED, "visa 4242")}
    assert Card.objects.filter(user=aya.user).count() == 1


# --- Whose card, and on how many wallets
def test_somebody_elses_name_links_nothing_and_the_processor_forgets_it(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    linking = link(aya, harness, holder="Ken Mori")
    assert (linking.state, linking.failure_reason) == (LinkingState.FAILED, "owner_differs")
    assert no_card_of(aya)
    token = harness.api("GET", f"/v1/setup_intents/{linking.reference}")["payment_method"]
    assert harness.api("GET", f"/v1/payment_methods/{token}")["customer"] is None


def test_the_same_card_twice_on_one_wallet(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    link(aya, harness)
    assert link(aya, harness).failure_reason == "already_linked"
    assert Card.objects.filter(user=aya.user).count() == 1


def test_one_card_on_at_most_two_wallets_even_after_removal(harness: SandboxHarness) -> None:
    aya, ken, mio = make_customer("aya"), make_customer("ken"), make_customer("mio")
    first = link(aya, harness)
    assert first.state == link(ken, harness).state == LinkingState.LINKED
    assert link(mio, harness).failure_reason == "card_on_too_many_wallets"
    assert first.card is not None
    remove_card(first.card, actor=fresh(aya))
    assert link(mio, harness).failure_reason == "card_on_too_many_wallets"
    assert no_card_of(mio)


def test_at_most_five_cards(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    for _ in range(5):
        linked_card(aya, harness)
    with pytest.raises(TooManyCards):
        begin_linking(aya)
    with pytest.raises(DatabaseError, match="five cards"):
        linked_card(aya, harness)


def test_the_caps_hold_for_linkings_at_once(harness: SandboxHarness) -> None:
    people = [make_customer("aya") for _ in range(5)]
    waiting = []
    for person in people:
        linking, url = begin_linking(person)
        harness.submit_card(url, cards.SUCCEEDS)
        harness.decide(url)
        waiting.append((person, linking))

    def finish(one: tuple[Person, CardLinking]) -> str:
        try:
            return finish_linking(one[1], actor=one[0].actor).state
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as threads:
        states = list(threads.map(finish, waiting))
    assert sorted(states) == [LinkingState.FAILED] * 3 + [LinkingState.LINKED] * 2


# --- Removing
def test_removing_needs_a_fresh_second_factor(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    with pytest.raises(StepUpRequired):
        remove_card(card, actor=aya.actor)
    card.refresh_from_db()
    assert card.state == CardState.LIVE


def test_a_removed_card_is_told_forgotten_and_never_charged(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    for _ in range(2):
        remove_card(card, actor=fresh(aya))
    card.refresh_from_db()
    assert card.state == CardState.REMOVED
    assert card.forgotten_at is not None
    assert harness.api("GET", f"/v1/payment_methods/{card.token}")["customer"] is None
    assert Event.objects.filter(key=f"card-removed:{card.public_id}").count() == 1
    with pytest.raises(CardNotFound):
        top_up(aya, card)


def test_what_the_processor_was_not_told_the_sweep_tells(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    right_url = settings.SANDBOX_URL
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    remove_card(card, actor=fresh(aya))
    card.refresh_from_db()
    assert card.state == CardState.REMOVED
    assert card.forgotten_at is None
    settings.SANDBOX_URL = right_url
    assert forget_ended_cards(SWEEP) >= 1
    card.refresh_from_db()
    assert card.forgotten_at is not None


def test_strangers_find_neither_card_nor_linking(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    card = linked_card(aya, harness)
    linking, _url = begin_linking(aya)
    with pytest.raises(CardNotFound):
        card_queries.card_of(ken.user, card.public_id)
    with pytest.raises(LinkingNotFound):
        card_queries.linking_of(ken.user, linking.public_id)


def test_no_hand_revives_moves_or_erases_a_card(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    card = linked_card(aya, harness)
    remove_card(card, actor=fresh(aya))
    for sql in (
        "UPDATE payments_card SET state = 'live', ended_at = NULL WHERE id = %s",
        f"UPDATE payments_card SET user_id = {ken.user.pk} WHERE id = %s",
        "UPDATE payments_card SET fingerprint = 'other' WHERE id = %s",
        "UPDATE payments_card SET linked_at = linked_at - interval '1 year' WHERE id = %s",
        "DELETE FROM payments_card WHERE id = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [card.pk])
