"""Decisions of risk in the actions they stop: what was moved, what was kept, who was told."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import SignIn
from payments.actions.top_ups import start_top_up
from payments.checks import thresholds_are_known
from payments.errors import RiskDelayed, RiskDenied, RiskStepUp
from payments.models import Card, CardLinking, RiskDecision, TopUp
from support.models import Case
from tests.payments.actions.test_linkings import link
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import balance, fresh, linked_card, nothing_moved, top_up
from tests.people import Person, make_customer, signed_in_client

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up")]


def known(person: Person) -> Person:
    """Somebody whose device and network the account has known for a month."""
    at = timezone.now() - timedelta(days=30)
    SignIn.objects.create(
        user=person.user,
        session_digest=secrets.token_bytes(32),
        device=person.actor.device,
        network=person.network,
        started_at=at,
        last_seen_at=at,
    )
    return person


def decisions(person: Person) -> list[RiskDecision]:
    return list(RiskDecision.objects.filter(user=person.user).order_by("pk"))


def by(person: Person, card: Card, amount_minor: int, *, confirmed: bool) -> TopUp:
    return start_top_up(
        person.user,
        card_id=card.public_id,
        amount_minor=amount_minor,
        request_key=secrets.token_hex(16),
        actor=fresh(person) if confirmed else person.actor,
    ).top_up


def test_what_passes_is_kept_with_its_facts(harness: SandboxHarness) -> None:
    aya = known(make_customer("aya"))
    made = top_up(aya, linked_card(aya, harness)).top_up
    (decision,) = decisions(aya)
    assert (decision.action, decision.outcome, decision.went_on, decision.amount) == (
        "top_up",
        "allow",
        True,
        3_000,
    )
    assert (decision.subject_type, decision.subject_id) == ("payments.topup", str(made.public_id))
    assert decision.facts["device_hours"] == decision.facts["network_hours"] == 720
    assert decision.network == aya.network


def test_a_new_device_moves_a_large_amount_only_with_a_fresh_factor(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    with pytest.raises(RiskStepUp) as refused:
        by(aya, card, 10_000, confirmed=False)
    assert refused.value.code == "step-up-required"
    assert nothing_moved(aya)
    by(aya, card, 10_000, confirmed=True)
    assert balance(aya) == 10_000
    assert [(row.outcome, row.went_on) for row in decisions(aya)] == [("step_up", False), ("step_up", True)]
    assert not Case.objects.filter(customer=aya.user).exists()


def test_the_same_request_again_is_not_judged_again(harness: SandboxHarness) -> None:
    aya = known(make_customer("aya"))
    card = linked_card(aya, harness)
    for _ in range(5):
        top_up(aya, card, key="the-same-key")
    assert len(decisions(aya)) == 1


def test_the_largest_amount_again_and_again_is_put_off_then_refused_with_one_case(
    harness: SandboxHarness, settings: Settings
) -> None:
    settings.TOP_UP_PER_CHARGE, settings.TOP_UP_PER_DAY = 5_000, 90_000
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {"at_limit_from_minor": 4_000}
    settings.TOP_UP_NEW_CARD = []
    aya = known(make_customer("aya"))
    card = linked_card(aya, harness)
    by(aya, card, 5_000, confirmed=False)
    with pytest.raises(RiskStepUp):
        by(aya, card, 5_000, confirmed=False)
    by(aya, card, 4_600, confirmed=True)
    with pytest.raises(RiskDelayed) as delayed:
        by(aya, card, 5_000, confirmed=True)
    assert delayed.value.retry_after == 86_400
    assert "ends_at" in delayed.value.extra
    assert balance(aya) == 9_600
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {"at_limit_deny": 3}
    for _ in range(2):
        with pytest.raises(RiskDenied):
            by(aya, card, 5_000, confirmed=True)
    assert balance(aya) == 9_600
    assert TopUp.objects.filter(user=aya.user).count() == 2
    case = Case.objects.get(customer=aya.user)
    assert (case.queue, case.state) == ("risk", "open")
    assert case.due_at < timezone.now() + timedelta(hours=4, minutes=1)


def test_many_charges_in_a_short_time_are_slowed(harness: SandboxHarness) -> None:
    aya = known(make_customer("aya"))
    card = linked_card(aya, harness)
    for _ in range(3):
        top_up(aya, card, 500)
    with pytest.raises(RiskStepUp):
        top_up(aya, card, 500)
    for _ in range(3):
        by(aya, card, 500, confirmed=True)
    with pytest.raises(RiskDelayed):
        by(aya, card, 500, confirmed=True)
    assert balance(aya) == 3_000


def test_many_cards_from_one_device_are_stopped_before_the_page_opens(
    harness: SandboxHarness, settings: Settings
) -> None:
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {"cards_on_device_deny": 2}
    aya, ken = make_customer("aya"), make_customer("ken")
    ken = replace(ken, network=aya.network)
    for _ in range(2):
        with_other_name = link(aya, harness, holder="Somebody Else")
        assert with_other_name.failure_reason == "owner_differs"
    with pytest.raises(RiskDenied):
        link(ken, harness)
    assert not CardLinking.objects.filter(user=ken.user).exists()
    assert Case.objects.get(customer=ken.user).queue == "risk"
    far_away = make_customer("mio")
    assert link(far_away, harness).state == "linked"


def test_a_card_of_other_wallets_opens_a_case_when_it_is_refused(
    harness: SandboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [make_customer("aya") for _ in range(3)]
    linkings = [link(person, harness, "4000000000007007") for person in people]
    assert [one.state for one in linkings] == ["linked", "linked", "failed"]
    assert linkings[2].failure_reason == "card_on_too_many_wallets"
    assert Case.objects.get(customer=people[2].user).queue == "risk"
    judged = decisions(people[2])[-1]
    assert (judged.outcome, judged.went_on, judged.facts["wallets_with_card"]) == ("deny", False, 2)


# --- The page
def test_the_form_asks_for_the_factor_and_gives_the_amount_back(
    harness: SandboxHarness, settings: Settings
) -> None:
    settings.TOP_UP_NEW_CARD = []
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    client = signed_in_client(aya)
    SignIn.objects.filter(user=aya.user).update(verified_at=timezone.now() - timedelta(minutes=6))
    asked = {"card": str(card.public_id), "amount": "10,000", "key": "7f1f4f0e-6f0e-4b44-9c5c-6a1f0c7a9d11"}
    answer = client.post(reverse("payments:top_up"), asked)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("accounts:step_up"))
    assert "amount%253D10%25252C000" in answer["Location"] or "amount%3D10%252C000" in answer["Location"]
    assert nothing_moved(aya)


# --- What is kept
def test_no_hand_changes_a_decision(harness: SandboxHarness) -> None:
    aya = known(make_customer("aya"))
    top_up(aya, linked_card(aya, harness))
    (decision,) = decisions(aya)
    for sql in (
        "UPDATE payments_riskdecision SET outcome = 'deny' WHERE id = %s",
        "DELETE FROM payments_riskdecision WHERE id = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [decision.pk])
    assert decisions(aya) == [decision]


def test_not_even_its_owner_changes_a_decision(harness: SandboxHarness, owner_connection) -> None:  # type: ignore[no-untyped-def]
    aya = known(make_customer("aya"))
    top_up(aya, linked_card(aya, harness))
    for sql in (
        "UPDATE payments_riskdecision SET outcome = 'deny'",
        "DELETE FROM payments_riskdecision",
        "TRUNCATE payments_riskdecision",
    ):
        with pytest.raises(Exception, match="append-only"):
            owner_connection.execute(sql)


def test_a_denied_movement_cannot_be_kept_as_one_that_went_on() -> None:
    aya = make_customer("aya")
    with pytest.raises(DatabaseError):
        RiskDecision.objects.create(
            user=aya.user, action="top_up", outcome="deny", went_on=True, findings=[], facts={}, amount=1
        )


# --- Replay
def replayed(*arguments: str) -> str:
    out = StringIO()
    call_command("replay_rules", *arguments, stdout=out)
    return out.getvalue()


def rows_of(person: Person, output: str) -> list[str]:
    return [line for line in output.splitlines() if str(person.user.customer_number) in line]


def test_replay_says_what_a_changed_threshold_would_have_stopped(harness: SandboxHarness) -> None:
    aya = known(make_customer("aya"))
    card = linked_card(aya, harness)
    made = [top_up(aya, card, amount).top_up for amount in (1_000, 2_000)]
    assert rows_of(aya, replayed()) == []
    rows = rows_of(aya, replayed("--set", "top_ups_in_ten_minutes_delay=1", "--csv"))
    assert len(rows) == 1
    assert ",top_up,2000,allow,delay,velocity," in rows[0]
    assert rows[0].endswith(f"payments.topup:{made[1].public_id}")
    assert rows_of(aya, replayed("--set", "top_ups_in_ten_minutes_delay=1", "--action", "send")) == []
    assert "would be stopped or asked for more" in replayed("--set", "top_ups_in_ten_minutes_delay=1")


def test_replay_takes_a_changed_copy_of_the_rules(harness: SandboxHarness, tmp_path: Path) -> None:
    aya = known(make_customer("aya"))
    top_up(aya, linked_card(aya, harness), 2_345)
    changed = tmp_path / "changed.py"
    source = Path("payments/risk.py").read_text()
    changed.write_text(
        source.replace("if not facts.is_at_limit or", "if facts.amount_minor == 2_345:\n"
                       "        yield Finding(Rule.AT_THE_LIMIT, Outcome.DENY)\n    if not facts.is_at_limit or")
    )  # fmt: skip
    rows = rows_of(aya, replayed("--rules", str(changed)))
    assert len(rows) == 1
    assert "allow  deny  at_the_limit" in rows[0]
    assert RiskDecision.objects.filter(user=aya.user).count() == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "no_such_threshold=1"),
        ("--set", "at_limit_delay"),
        ("--set", "at_limit_delay=many"),
        ("--rules", "/nowhere/rules.py"),
    ],
)
def test_replay_refuses_rules_that_it_cannot_use(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        replayed(*arguments)


def test_a_mistyped_threshold_is_told(settings: Settings) -> None:
    assert thresholds_are_known() == []
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {"at_limit_dely": 1}
    assert [error.id for error in thresholds_are_known()] == ["payments.E001"]


def test_findings_are_plain_enough_for_a_report(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    by(aya, card, 10_000, confirmed=True)
    (decision,) = decisions(aya)
    assert json.dumps(decision.findings) == json.dumps(
        [
            {"rule": "new_device", "outcome": "step_up", "wait_seconds": 0},
            {"rule": "new_network", "outcome": "step_up", "wait_seconds": 0},
        ]
    )
