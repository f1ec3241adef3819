"""Where a balance goes: every yen somewhere, no card more than it was charged, goodwill to nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from payments.payouts import Charge, plan

amounts = st.integers(0, 10_000)


@given(
    balance=amounts, tied=amounts, compensated=amounts, charged=st.lists(st.integers(1, 5_000), max_size=5)
)
def test_all_of_it_goes_somewhere_and_no_card_gets_too_much(
    balance: int, tied: int, compensated: int, charged: list[int]
) -> None:
    charges = [Charge(number, amount) for number, amount in enumerate(charged)]
    found = plan(balance, goodwill_left_minor=tied, compensated_minor=compensated, charges=charges)
    assert found.claims_minor + found.lapses_minor == balance
    assert found.compensation_minor + found.lapses_minor == min(tied, balance), "none of it is cashed"
    assert all(0 < part.amount_minor <= charged[part.top_up_id] for part in found.to_cards)
    assert [part.top_up_id for part in found.to_cards] == list(range(len(found.to_cards))), "the newest first"
    if found.to_desk_minor:
        assert found.to_cards_minor == sum(charged), "the desk pays only what no card can take"
