"""Spending limits, as pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.limits import RULES, Facts, Rule, caps, limits, most, refusal

NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # 12:00 in Tokyo
OLD = NOON - timedelta(days=400)


def facts(**changed: object) -> Facts:
    usual = {"now": NOON, "account_opened_at": OLD, "spent_today": 0, "cool_off_until": None}
    return Facts(**(usual | changed))  # type: ignore[arg-type]


def test_an_old_account_has_the_product_s_limits() -> None:
    assert [limit.rule for limit in limits(facts())] == [Rule.PER_PAYMENT, Rule.PER_DAY]
    assert (caps(facts()).per_payment, caps(facts()).per_day) == (RULES.per_payment, RULES.per_day)


@pytest.mark.parametrize(("age", "young"), [(timedelta(days=6, hours=23), True), (timedelta(days=7), False)])
def test_a_young_account_may_spend_less(age: timedelta, young: bool) -> None:
    found = caps(facts(account_opened_at=NOON - age))
    assert found.per_day == (RULES.new_account_per_day if young else RULES.per_day)


def test_a_credential_change_lowers_the_day_and_says_until_when() -> None:
    until = NOON + timedelta(hours=1)
    limit = refusal(RULES.cool_off_per_day + 1, facts(cool_off_until=until))
    assert limit is not None and limit.rule is Rule.COOL_OFF and limit.ends_at == until
    assert refusal(RULES.cool_off_per_day + 1, facts(cool_off_until=NOON)) is None


def test_the_day_turns_at_midnight_in_tokyo() -> None:
    late = datetime(2026, 11, 20, 14, 59, tzinfo=UTC)
    limit = refusal(1, facts(now=late, spent_today=RULES.per_day))
    assert limit is not None and limit.ends_at == late + timedelta(minutes=1)


ANY_FACTS = st.builds(
    Facts,
    now=st.just(NOON),
    account_opened_at=st.timedeltas(timedelta(0), timedelta(days=30)).map(lambda age: NOON - age),
    spent_today=st.integers(0, RULES.per_day),
    cool_off_until=st.none() | st.timedeltas(timedelta(hours=-1), timedelta(days=3)).map(lambda d: NOON + d),
)


@given(ANY_FACTS)
def test_the_most_is_the_most(found: Facts) -> None:
    largest = most(found)
    assert refusal(largest, found) is None
    assert refusal(largest + 1, found) is not None


@given(ANY_FACTS, st.integers(1, 2 * RULES.per_day))
def test_what_the_page_says_and_what_the_database_holds_to_agree(found: Facts, amount: int) -> None:
    found_caps = caps(found)
    database_allows = amount <= found_caps.per_payment and found.spent_today + amount <= found_caps.per_day
    assert database_allows == (refusal(amount, found) is None)


@given(ANY_FACTS, st.integers(1, 5_000))
def test_having_spent_more_never_allows_more(found: Facts, more: int) -> None:
    spent = Facts(found.now, found.account_opened_at, found.spent_today + more, found.cool_off_until)
    assert most(spent) <= most(found)
