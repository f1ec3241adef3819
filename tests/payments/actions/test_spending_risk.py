"""Risk at the till: what a payment is judged by, and what store, customer and desk learn."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from payments.actions.merchants import add_terminal, open_store
from payments.actions.one_time_codes import make_code
from payments.actions.store_payments import take_payment
from payments.models import Account, OneTimeCode, Payment, RiskDecision, Terminal
from support.models import Case
from tests.payments.books import TESTS, customer_with, open_counter, shown_code, wallet
from tests.payments.topping import fresh
from tests.people import Person, signed_in_client
from wallet_site.actor import Actor

pytestmark = pytest.mark.django_db


def pay(
    person: Person, terminal: Terminal, amount: int, *, confirmed: bool = False, code: str = ""
) -> Payment:
    if not code:
        actor = fresh(person) if confirmed else person.actor
        code = make_code(person.user, actor=actor).digits
    return take_payment(
        terminal,
        code=code,
        amount_minor=amount,
        currency="JPY",
        reference=f"sale-{uuid4().hex[:12]}",
        idempotency_key=str(uuid4()),
        actor=Actor(kind="terminal", name=terminal.key_id),
    ).payment


def terminal_in(place: str) -> Terminal:
    merchant = open_counter().terminal.store.merchant
    terminal, _ = add_terminal(
        open_store(merchant, name=place, place=place, actor=TESTS), name="1", actor=TESTS
    )
    return terminal


def last(person: Person) -> RiskDecision:
    return RiskDecision.objects.filter(user=person.user, action="spend").latest("pk")


def moved(person: Person) -> int:
    return Account.objects.get(owner=person.user, kind="wallet").seq


def test_an_ordinary_payment_is_kept_with_its_facts() -> None:
    aya, terminal = customer_with(20_000), terminal_in("東京都渋谷区")
    taken = pay(aya, terminal, 800)
    assert taken.status == "captured"
    decision = last(aya)
    assert (decision.outcome, decision.went_on, decision.amount) == ("allow", True, 800)
    assert (decision.subject_type, decision.subject_id) == ("payments.payment", str(taken.public_id))
    assert decision.facts["device_hours"] == 0
    assert decision.facts["km_from_home"] is None


def test_a_new_device_pays_much_only_after_confirming() -> None:
    aya, terminal = customer_with(40_000), terminal_in("東京都渋谷区")
    before = moved(aya)
    declined = pay(aya, terminal, 12_000)
    assert (declined.status, declined.decline_reason) == ("declined", "confirm-first")
    assert (wallet(aya).balance, moved(aya)) == (40_000, before)
    assert (last(aya).outcome, last(aya).went_on) == ("step_up", False)
    assert pay(aya, terminal, 12_000, confirmed=True).status == "captured"
    assert (last(aya).outcome, last(aya).went_on) == ("step_up", True)
    assert not Case.objects.filter(customer=aya.user).exists()


def test_a_stale_confirmation_is_none() -> None:
    aya, terminal = customer_with(40_000), terminal_in("東京都渋谷区")
    code = make_code(aya.user, actor=fresh(aya)).digits
    OneTimeCode.objects.filter(customer=aya.user).update(verified_at="2026-01-01T00:00:00Z")
    assert pay(aya, terminal, 12_000, code=code).decline_reason == "confirm-first"


def test_the_first_payment_far_from_home_wants_a_confirmation() -> None:
    aya = customer_with(60_000)
    home, near, far = (terminal_in(place) for place in ("東京都渋谷区", "神奈川県横浜市", "北海道札幌市"))
    for _ in range(3):
        pay(aya, home, 500)
    assert pay(aya, near, 5_000, confirmed=True).status == "captured"
    assert last(aya).facts["km_from_home"] < 50
    assert pay(aya, far, 4_900).status == "captured", "a small one is nobody's ruin"
    aya = customer_with(60_000)
    pay(aya, home, 500)
    declined = pay(aya, far, 5_100)
    assert declined.decline_reason == "confirm-first"
    assert {finding["rule"] for finding in last(aya).findings} == {"far_from_home", "new_network"}
    assert last(aya).facts["km_from_home"] > 800
    assert pay(aya, far, 5_100, confirmed=True).status == "captured"
    assert last(aya).facts["is_new_place"] is True
    pay(aya, far, 5_100, confirmed=True)
    assert last(aya).facts["is_new_place"] is False


def test_many_payments_in_a_short_time_are_stopped(settings: Settings) -> None:
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {
        "spends_in_ten_minutes_step_up": 2,
        "spends_in_ten_minutes_delay": 4,
    }
    aya, terminal = customer_with(20_000), terminal_in("東京都渋谷区")
    outcomes = [pay(aya, terminal, 100).decline_reason for _ in range(3)]
    assert outcomes == ["", "", "confirm-first"]
    for _ in range(2):
        assert pay(aya, terminal, 100, confirmed=True).status == "captured"
    assert pay(aya, terminal, 100, confirmed=True).decline_reason == "not-possible"
    assert wallet(aya).balance == 19_600


def test_what_is_denied_opens_a_case_and_neither_uses_the_code_nor_tells_the_cashier(
    settings: Settings,
) -> None:
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {"at_limit_from_minor": 40_000, "at_limit_deny": 2}
    aya, terminal = customer_with(150_000), terminal_in("東京都渋谷区")
    per_payment = 48_000
    taken = pay(aya, terminal, per_payment, confirmed=True)
    assert taken.status == "captured", taken.decline_reason
    code = make_code(aya.user, actor=fresh(aya)).digits
    # A small one is possible still, the largest is not.
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {"spends_in_ten_minutes_step_up": 99}
    denied = pay(aya, terminal, 50_000, code=code)
    assert (denied.status, denied.decline_reason) == ("declined", "not-possible")
    assert Case.objects.get(customer=aya.user).queue == "risk"
    assert OneTimeCode.objects.filter(customer=aya.user, used_at=None, revoked_at=None).count() == 1
    assert pay(aya, terminal, 500, code=code).status == "captured"


def test_a_decline_for_another_reason_is_no_decision() -> None:
    aya, terminal = customer_with(1_000), terminal_in("東京都渋谷区")
    assert pay(aya, terminal, 1_001).decline_reason == "insufficient-funds"
    code = shown_code(aya)
    pay(aya, terminal, 100, code=code)
    assert pay(aya, terminal, 100, code=code).decline_reason == "code-used"
    assert RiskDecision.objects.filter(user=aya.user).count() == 1


def test_the_same_request_again_is_judged_once() -> None:
    aya, terminal = customer_with(5_000), terminal_in("東京都渋谷区")
    code = shown_code(aya)
    asked = {
        "code": code,
        "amount_minor": 300,
        "currency": "JPY",
        "reference": "sale-1",
        "idempotency_key": str(uuid4()),
        "actor": TESTS,
    }
    first, second = take_payment(terminal, **asked), take_payment(terminal, **asked)  # type: ignore[arg-type]
    assert (first.repeated, second.repeated) == (False, True)
    assert RiskDecision.objects.filter(user=aya.user).count() == 1


def test_facts_cost_two_queries_before_the_payment() -> None:
    aya, terminal = customer_with(5_000), terminal_in("東京都渋谷区")
    code = shown_code(aya)
    with CaptureQueriesContext(connection) as queries:
        pay(aya, terminal, 300, code=code)
    statements = [query["sql"] for query in queries.captured_queries]
    began = next(at for at, sql in enumerate(statements) if "kakehashi.actor" in sql)
    assert sum("payments_spending_facts" in sql for sql in statements[:began]) == 1
    assert len([sql for sql in statements[:began] if sql.startswith("SELECT")]) <= 3, statements[:began]


def test_the_pay_page_says_confirm_and_leads_there() -> None:
    aya, terminal = customer_with(40_000), terminal_in("東京都渋谷区")
    client = signed_in_client(aya)
    code = make_code(aya.user, actor=replace(aya.actor, verified_at=None))
    assert pay(aya, terminal, 12_000, code=code.digits).decline_reason == "confirm-first"
    page = client.get(reverse("payments:pay_state", args=[code.code.pk]))
    assert page.status_code == 200
    declined = Payment.objects.get(code=code.code)
    assert reverse("payments:pay_confirm", args=[declined.public_id]) in page.content.decode()
