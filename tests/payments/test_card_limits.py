"""The pure rules of top-ups, by example and by property."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.card_limits import (
    Facts,
    Rule,
    Rules,
    Step,
    limits,
    most,
    refusal,
)
from payments.days import TOKYO

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # noon in Tokyo
RULES = Rules(
    minimum=500,
    per_charge=30_000,
    per_day=50_000,
    per_month=200_000,
    wallet_balance=100_000,
    account_steps=[Step(timedelta(days=3), 10_000), Step(timedelta(days=14), 30_000)],
    card_steps=[Step(timedelta(days=3), 5_000), Step(timedelta(days=14), 20_000)],
    cool_off_per_day=3_000,
)
GROWN = Facts(
    now=NOW,
    balance=0,
    on_its_way=0,
    charged_today=0,
    charged_this_month=0,
    card_charged_today=0,
    account_opened_at=NOW - timedelta(days=400),
    card_linked_at=NOW - timedelta(days=400),
    cool_off_until=None,
)


@pytest.mark.parametrize(
    ("facts", "amount", "rule"),
    [
        (GROWN, 30_001, Rule.PER_CHARGE),
        (replace(GROWN, balance=90_000), 10_001, Rule.WALLET_BALANCE),
        (replace(GROWN, balance=60_000, on_its_way=30_000), 10_001, Rule.WALLET_BALANCE),
        (replace(GROWN, charged_today=45_000), 5_001, Rule.PER_DAY),
        (replace(GROWN, charged_this_month=195_000), 5_001, Rule.PER_MONTH),
        (replace(GROWN, account_opened_at=NOW - timedelta(days=2)), 10_001, Rule.NEW_ACCOUNT_PER_DAY),
        (replace(GROWN, card_linked_at=NOW - timedelta(days=2)), 5_001, Rule.NEW_CARD_PER_DAY),
        (replace(GROWN, card_linked_at=NOW - timedelta(days=4)), 20_001, Rule.NEW_CARD_PER_DAY),
        (replace(GROWN, cool_off_until=NOW + timedelta(hours=1)), 3_001, Rule.COOL_OFF_PER_DAY),
    ],
)
def test_each_limit_refuses_one_yen_above_and_nothing_at_it(facts: Facts, amount: int, rule: Rule) -> None:
    refused = refusal(amount, facts, RULES)
    assert refused is not None
    assert refused.rule == rule
    assert refusal(amount - 1, facts, RULES) is None


def test_limits_end_when_they_say() -> None:
    tomorrow = datetime(2026, 11, 24, 0, 0, tzinfo=TOKYO)
    found = {
        limit.rule: limit.ends_at
        for limit in limits(replace(GROWN, card_linked_at=NOW - timedelta(days=2, hours=20)), RULES)
    }
    assert found[Rule.PER_DAY] == tomorrow
    assert found[Rule.PER_MONTH] == datetime(2026, 12, 1, 0, 0, tzinfo=TOKYO)
    assert found[Rule.PER_CHARGE] is None
    assert found[Rule.NEW_CARD_PER_DAY] == NOW + timedelta(hours=4)


def test_what_is_outgrown_is_gone() -> None:
    rules = {limit.rule for limit in limits(replace(GROWN, cool_off_until=NOW), RULES)}
    assert rules == {Rule.PER_CHARGE, Rule.WALLET_BALANCE, Rule.PER_DAY, Rule.PER_MONTH}


amounts = st.integers(min_value=0, max_value=300_000)


@given(amounts, amounts, amounts, amounts, amounts, st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_exactly_the_most_is_possible(
    balance: int, on_its_way: int, today: int, month: int, card: int, account_days: int, days: int, cool: bool
) -> None:
    facts = Facts(
        now=NOW,
        balance=balance,
        on_its_way=on_its_way,
        charged_today=today,
        charged_this_month=month,
        card_charged_today=card,
        account_opened_at=NOW - timedelta(days=account_days),
        card_linked_at=NOW - timedelta(days=days),
        cool_off_until=NOW + timedelta(hours=1) if cool else None,
    )
    possible = most(facts, RULES)
    assert possible >= 0
    assert refusal(possible, facts, RULES) is None
    assert refusal(possible + 1, facts, RULES) is not None
