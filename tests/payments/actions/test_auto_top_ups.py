"""Topping up by itself: on with a bound proof, once per event, within every limit, off by itself and told."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from pytest_django.fixtures import Settings

from accounts import policy
from accounts.actions.suspensions import suspend
from payments.actions import auto_top_ups, store_payments
from payments.actions.auto_top_ups import switch_off, switch_on, top_up_all_due, top_up_if_due
from payments.actions.card_endings import remove_card
from payments.actions.own_limits import set_own_limit
from payments.errors import CardNotFound, CoolingOff
from payments.models import AutoTopUp, Card, OwnLimit, TopUp
from payments.tasks import auto_top_up
from tests.payments.actions.test_own_limits import pay
from tests.payments.books import TESTS, at_once, customer_with, open_counter
from tests.payments.processors.harness import CHALLENGES, INSUFFICIENT, SUCCEEDS, SandboxHarness
from tests.payments.sending import confirm_all, signed_in
from tests.payments.topping import audited, balance, fresh, linked_card
from tests.people import Person, make_customer
from wallet_site.errors import InvalidInput, StepUpRequired
from wallet_site.outbox.models import Event

# A worker that an earlier test has left running would take what a payment hurries along, in the midst of a test.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up", "no_worker")]


def switched_on(
    harness: SandboxHarness, funds: int = 500, *, number: str = SUCCEEDS, amount: int = 3_000
) -> tuple[Person, Card]:
    """Somebody who tops up when the balance falls below 1,000 yen."""
    aya = customer_with(funds)
    card = linked_card(aya, harness, number)
    actor = signed_in(aya)
    for _step in range(2):
        try:
            switch_on(
                aya.user, card_id=card.public_id, threshold_minor=1_000, amount_minor=amount, actor=actor
            )
        except StepUpRequired:
            confirm_all(actor)
    assert AutoTopUp.objects.get(user=aya.user).is_on
    return aya, card


def state_of(person: Person) -> tuple[bool, str]:
    found = AutoTopUp.objects.get(user=person.user)
    return found.is_on, found.off_because


def told_of(person: Person) -> list[str]:
    topics = Event.objects.filter(user_id=person.user.pk, topic__startswith="payments:auto_top_up")
    return list(topics.order_by("pk").values_list("topic", flat=True))


@pytest.mark.requirement(36)
def test_it_is_off_until_exactly_this_is_confirmed(
    harness: SandboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    aya, ken = customer_with(500), make_customer("ken")
    card, theirs = linked_card(aya, harness), linked_card(ken, harness)
    actor = signed_in(aya)
    asked = {"card_id": card.public_id, "threshold_minor": 1_000, "amount_minor": 3_000, "actor": actor}
    with pytest.raises(StepUpRequired):
        switch_on(aya.user, **asked)
    confirm_all(actor)
    for changed in ({"threshold_minor": 1_001}, {"amount_minor": 3_001}):
        with pytest.raises(StepUpRequired):
            switch_on(aya.user, **(asked | changed))
    for wrong in ({"amount_minor": 1}, {"amount_minor": 10**6}, {"threshold_minor": 0}):
        with pytest.raises(InvalidInput):
            switch_on(aya.user, **(asked | wrong))
    with pytest.raises(CardNotFound):
        switch_on(aya.user, **(asked | {"card_id": theirs.public_id}))
    assert top_up_if_due(aya.user.pk, actor=TESTS) is None
    assert not AutoTopUp.objects.filter(user=aya.user).exists()
    switch_on(aya.user, **asked)
    switch_on(aya.user, **asked)
    assert told_of(aya) == ["payments:auto_top_up:on"]
    with pytest.raises(DatabaseError), transaction.atomic():
        AutoTopUp.objects.filter(user=aya.user).update(card=theirs)
    switch_off(aya.user, actor=aya.actor)
    assert top_up_if_due(aya.user.pk, actor=TESTS) is None and balance(aya) == 500
    monkeypatch.setattr(policy, "_OPENING", policy._OPENING * 0)
    with pytest.raises(CoolingOff):
        switch_on(aya.user, **asked)


def test_one_event_charges_once_however_many_see_it(harness: SandboxHarness) -> None:
    aya, card = switched_on(harness)
    results = at_once(8, lambda _n: top_up_if_due(aya.user.pk, actor=TESTS))
    assert not [one for one in results if isinstance(one, Exception)], results
    assert top_up_all_due(TESTS) == 0
    made = TopUp.objects.get(user=aya.user)
    assert (made.automatic, made.state, made.card) == (True, "succeeded", card)
    assert balance(aya) == 3_500
    assert top_up_if_due(aya.user.pk, actor=TESTS) is None  # It is enough now.


def test_a_payment_wakes_the_worker_for_those_who_want_it(
    harness: SandboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes over the broker is caught here; that a worker takes such tasks is proven elsewhere."""
    woken: list[int] = []

    def send_task(name: str, args: list[int], *_rest: object, **_options: object) -> None:
        if name == auto_top_up.name:
            woken.extend(args)

    monkeypatch.setattr(store_payments.current_app, "send_task", send_task)
    aya, _card = switched_on(harness, 1_200)
    counter = open_counter()
    assert pay(customer_with(500, "ken"), counter, 300).payment.status == "captured"
    assert pay(aya, counter, 300).payment.status == "captured"
    assert woken == [aya.user.pk]
    assert auto_top_up(aya.user.pk) and not auto_top_up(aya.user.pk)
    assert balance(aya) == 3_900


def test_limits_hold_and_do_not_switch_it_off(harness: SandboxHarness, settings: Settings) -> None:
    aya, _card = switched_on(harness)
    set_own_limit(aya.user, kind=OwnLimit.Kind.TOP_UP, amount_minor=2_999, actor=aya.actor)
    assert top_up_if_due(aya.user.pk, actor=TESTS) is None
    # The sweep comes by every half minute, and leaves one refusal behind, not one each time.
    for _turn in range(3):
        top_up_all_due(TESTS)
    assert len(audited(aya, "payments:top_up:refused")) == 2
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {"top_ups_in_ten_minutes_step_up": 0}
    ken, _his = switched_on(harness)
    assert top_up_if_due(ken.user.pk, actor=TESTS) is None
    assert [balance(aya), balance(ken)] == [500, 500]
    assert state_of(aya) == state_of(ken) == (True, "")


def test_the_refused_and_the_broken_take_nobodys_place(
    harness: SandboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    (refused, _one), (broken, _two), (ken, _three) = (switched_on(harness) for _person in range(3))
    set_own_limit(refused.user, kind=OwnLimit.Kind.TOP_UP, amount_minor=2_999, actor=refused.actor)
    others = AutoTopUp.objects.filter(is_on=True).exclude(user__in=[refused.user, broken.user, ken.user])
    others.update(is_on=False, off_because="customer")
    start = auto_top_ups.start_top_up

    def breaks(user, **kwargs):  # type: ignore[no-untyped-def]
        if user.pk == broken.user.pk:
            raise DatabaseError("tests")
        return start(user, **kwargs)

    monkeypatch.setattr(auto_top_ups, "start_top_up", breaks)
    monkeypatch.setattr(auto_top_ups, "BATCH", 1)
    assert [top_up_all_due(TESTS) for _turn in range(4)] == [0, 0, 1, 0]
    assert [balance(one) for one in (refused, broken, ken)] == [500, 500, 3_500]


def test_what_is_not_as_it_should_be_switches_it_off_and_is_told(
    harness: SandboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, _card = switched_on(harness)
    suspend(stopped.user, scope="top_up", reason_code="fraud", reason="x", channel="agent", actor=TESTS)
    gone, card = switched_on(harness)
    remove_card(card, actor=fresh(gone))
    for person, because in ((stopped, "suspended"), (gone, "card")):
        for _again in range(2):
            assert top_up_if_due(person.user.pk, actor=TESTS) is None
        assert state_of(person) == (False, because)
        assert told_of(person)[-2:] == ["payments:auto_top_up:on", "payments:auto_top_up:off"]
    cooling, _card = switched_on(harness)
    monkeypatch.setattr(policy, "_OPENING", policy._OPENING * 0)
    assert top_up_if_due(cooling.user.pk, actor=TESTS) is None
    assert state_of(cooling) == (False, "cool-off")
    assert [balance(one) for one in (stopped, gone, cooling)] == [500, 500, 500]


@pytest.mark.parametrize("number", [INSUFFICIENT, CHALLENGES])
def test_two_failures_in_a_row_are_enough(harness: SandboxHarness, number: str) -> None:
    """A bank's page that nobody looks at is a failure too."""
    aya, _card = switched_on(harness, 900, number=number)
    counter = open_counter()
    first = top_up_if_due(aya.user.pk, actor=TESTS)
    assert first is not None and first.state == "failed"
    assert top_up_if_due(aya.user.pk, actor=TESTS) is None, "the same event is not tried again"
    assert state_of(aya) == (True, "")
    assert pay(aya, counter, 100).payment.status == "captured"
    top_up_if_due(aya.user.pk, actor=TESTS)
    assert state_of(aya) == (False, "failed")
    assert balance(aya) == 800
