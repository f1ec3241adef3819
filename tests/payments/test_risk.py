"""The rules of risk: pure functions, each with the story that it stops."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from payments import risk
from payments.risk import Action, Decision, Facts, Outcome, Rule, Thresholds, decide, is_graver
from payments.risk_facts import thresholds

LIMITS: Thresholds = thresholds()
# A known customer at home: nothing to find.
AT_HOME = Facts(action=Action.TOP_UP, amount_minor=3_000, device_hours=500, network_hours=500)


def judged(**facts: object) -> Decision:
    return decide(replace(AT_HOME, **facts), LIMITS)  # type: ignore[arg-type]


def found(decision: Decision) -> dict[Rule, Outcome]:
    return {finding.rule: finding.outcome for finding in decision.findings}


def test_somebody_known_is_let_pass() -> None:
    for action in Action:
        assert judged(action=action) == Decision(Outcome.ALLOW, ())


@pytest.mark.parametrize(
    ("facts", "rule", "outcome"),
    [
        ({"cool_off_hours_left": 70, "action": Action.LINK_CARD}, Rule.COOL_OFF, Outcome.DELAY),
        ({"cool_off_hours_left": 1, "action": Action.SEND, "payee_hours": 0}, Rule.COOL_OFF, Outcome.DELAY),
        (
            {"cool_off_hours_left": 1, "action": Action.SEND, "payee_hours": 99},
            Rule.COOL_OFF,
            Outcome.STEP_UP,
        ),
        ({"cool_off_hours_left": 1}, Rule.COOL_OFF, Outcome.STEP_UP),
        (
            {"cool_off_hours_left": 1, "action": Action.SPEND, "amount_minor": 5_000},
            Rule.COOL_OFF,
            Outcome.STEP_UP,
        ),
        ({"tries_in_ten_minutes": 3}, Rule.VELOCITY, Outcome.STEP_UP),
        ({"tries_in_ten_minutes": 6}, Rule.VELOCITY, Outcome.DELAY),
        ({"tries_in_a_day": 40}, Rule.VELOCITY, Outcome.DENY),
        ({"action": Action.SPEND, "tries_in_ten_minutes": 6}, Rule.VELOCITY, Outcome.STEP_UP),
        ({"action": Action.SPEND, "tries_in_ten_minutes": 12}, Rule.VELOCITY, Outcome.DELAY),
        ({"action": Action.SEND, "tries_in_ten_minutes": 3}, Rule.VELOCITY, Outcome.STEP_UP),
        ({"action": Action.SEND, "tries_in_ten_minutes": 6}, Rule.VELOCITY, Outcome.DELAY),
        ({"action": Action.LINK_CARD, "tries_in_a_day": 5}, Rule.VELOCITY, Outcome.DELAY),
        ({"device_hours": 23, "amount_minor": 10_000}, Rule.NEW_DEVICE, Outcome.STEP_UP),
        ({"network_hours": 0, "amount_minor": 10_000}, Rule.NEW_NETWORK, Outcome.STEP_UP),
        ({"network_hours": 0, "device_hours": 0, "amount_minor": 5_000}, Rule.NEW_NETWORK, Outcome.STEP_UP),
        (
            {"action": Action.LINK_CARD, "cards_on_device": 6},
            Rule.MANY_CARDS_ONE_DEVICE,
            Outcome.DELAY,
        ),
        (
            {"action": Action.LINK_CARD, "cards_on_device": 12},
            Rule.MANY_CARDS_ONE_DEVICE,
            Outcome.DENY,
        ),
        (
            {"action": Action.LINK_CARD, "refused_cards_in_a_day": 5},
            Rule.MANY_CARDS_ONE_DEVICE,
            Outcome.DENY,
        ),
        ({"wallets_with_card": 1}, Rule.ONE_CARD_MANY_WALLETS, Outcome.STEP_UP),
        ({"wallets_with_card": 2}, Rule.ONE_CARD_MANY_WALLETS, Outcome.DENY),
        (
            {"is_at_limit": True, "at_limit_lately": 1, "amount_minor": 10_000},
            Rule.AT_THE_LIMIT,
            Outcome.STEP_UP,
        ),
        (
            {"is_at_limit": True, "at_limit_lately": 2, "amount_minor": 10_000},
            Rule.AT_THE_LIMIT,
            Outcome.DELAY,
        ),
        (
            {"is_at_limit": True, "at_limit_lately": 3, "amount_minor": 10_000},
            Rule.AT_THE_LIMIT,
            Outcome.DENY,
        ),
        (
            {"action": Action.SPEND, "km_from_home": 300, "is_new_place": True, "amount_minor": 5_000},
            Rule.FAR_FROM_HOME,
            Outcome.STEP_UP,
        ),
        (
            {"action": Action.SEND, "payee_hours": 0, "device_hours": 2, "amount_minor": 20_000},
            Rule.NEW_PAYEE,
            Outcome.DELAY,
        ),
    ],
)
def test_each_rule_at_its_threshold(facts: dict[str, object], rule: Rule, outcome: Outcome) -> None:
    assert found(judged(**facts))[rule] is outcome


@pytest.mark.parametrize(
    "facts",
    [
        {"tries_in_ten_minutes": 2},
        {"device_hours": 24, "amount_minor": 10_000},
        {"device_hours": 0, "amount_minor": 9_999},
        {"device_hours": None, "network_hours": None, "amount_minor": 30_000},
        {"network_hours": 24, "amount_minor": 30_000},
        {"network_hours": 0, "amount_minor": 9_999},
        {"network_hours": 0, "device_hours": 0, "amount_minor": 4_999},
        {"cards_on_device": 99},
        {"is_at_limit": True, "amount_minor": 30_000},
        {"is_at_limit": True, "at_limit_lately": 9, "amount_minor": 9_999},
        {"at_limit_lately": 9},
        {"action": Action.SPEND, "km_from_home": 299, "is_new_place": True, "amount_minor": 9_000},
        {"action": Action.SPEND, "km_from_home": 900, "is_new_place": False, "amount_minor": 9_000},
        {"action": Action.SPEND, "km_from_home": None, "is_new_place": True, "amount_minor": 9_000},
        {"action": Action.SPEND, "km_from_home": 900, "is_new_place": True, "amount_minor": 4_999},
        {"action": Action.SPEND, "cool_off_hours_left": 5, "amount_minor": 4_999},
        {
            "action": Action.SEND,
            "payee_hours": 0,
            "amount_minor": 19_999,
            "device_hours": 2,
            "network_hours": 90,
        },
    ],
)
def test_nothing_is_found_below_it(facts: dict[str, object]) -> None:
    decision = judged(**facts)
    assert decision.outcome is Outcome.ALLOW or set(found(decision)) == {Rule.NEW_DEVICE}, decision


def test_the_pattern_of_july_2019_ends_at_the_second_charge() -> None:
    """A stolen session, a new device, 30,000 yen again and again."""
    thief = {"device_hours": 0, "network_hours": 0, "amount_minor": 30_000, "is_at_limit": True}
    outcomes = [judged(**thief, at_limit_lately=count).outcome for count in range(5)]
    assert outcomes == [Outcome.STEP_UP, Outcome.STEP_UP, Outcome.DELAY, Outcome.DENY, Outcome.DENY]


def test_a_delay_waits_for_the_longest_reason() -> None:
    decision = judged(tries_in_ten_minutes=6, is_at_limit=True, at_limit_lately=2, amount_minor=10_000)
    assert (decision.outcome, decision.wait_seconds) == (Outcome.DELAY, 86_400)


FACTS = st.builds(
    Facts,
    action=st.sampled_from(Action),
    amount_minor=st.integers(0, 200_000),
    device_hours=st.none() | st.integers(0, 100),
    network_hours=st.none() | st.integers(0, 100),
    cool_off_hours_left=st.integers(0, 72),
    tries_in_ten_minutes=st.integers(0, 60),
    tries_in_a_day=st.integers(0, 60),
    refused_cards_in_a_day=st.integers(0, 10),
    cards_on_device=st.integers(0, 20),
    wallets_with_card=st.integers(0, 4),
    is_at_limit=st.booleans(),
    at_limit_lately=st.integers(0, 6),
    km_from_home=st.none() | st.integers(0, 2_000),
    is_new_place=st.booleans(),
    payee_hours=st.none() | st.integers(0, 100),
)


@given(FACTS)
def test_facts_come_back_from_the_database_as_they_were(facts: Facts) -> None:
    stored = facts.as_stored()
    assert Facts.from_stored({**stored, "of_another_version": 7}) == facts
    assert decide(Facts.from_stored(stored), LIMITS) == decide(facts, LIMITS)


@given(FACTS, st.integers(0, 200_000))
def test_a_larger_amount_is_never_judged_milder(facts: Facts, more: int) -> None:
    larger = replace(facts, amount_minor=facts.amount_minor + more)
    assert not is_graver(decide(facts, LIMITS).outcome, decide(larger, LIMITS).outcome)


@given(FACTS)
def test_the_decision_is_its_gravest_finding(facts: Facts) -> None:
    decision = decide(facts, LIMITS)
    assert all(not is_graver(finding.outcome, decision.outcome) for finding in decision.findings)
    assert decision.outcome in {Outcome.ALLOW, *(finding.outcome for finding in decision.findings)}
    assert (decision.outcome is Outcome.ALLOW) == (not decision.findings)


def test_every_threshold_is_in_the_settings_and_every_rule_is_asked() -> None:
    assert set(settings.RISK_THRESHOLDS) == set(Thresholds.__dataclass_fields__)
    assert len(risk.RULES) == len(Rule)
