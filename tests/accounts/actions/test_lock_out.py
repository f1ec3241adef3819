"""A stranger who keeps guessing locks out strangers, not the owner (requirement 16)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts import limits
from accounts.actions.credentials import prove_password
from accounts.errors import WrongCredentials
from tests.people import PASSWORD, Person, fresh_network, make_customer, signed_in_client
from wallet_site.actor import Actor
from wallet_site.errors import TooManyTries

pytestmark = pytest.mark.django_db(transaction=True)


def guess(person: Person, network: str, times: int) -> list[type[Exception]]:
    met: list[type[Exception]] = []
    for _turn in range(times):
        try:
            prove_password(person.email, "not the password", actor=Actor(kind="anonymous", network=network))
        except (WrongCredentials, TooManyTries) as refusal:
            met.append(type(refusal))
    return met


def prove(person: Person, network: str) -> None:
    prove_password(person.email, PASSWORD, actor=Actor(kind="anonymous", network=network))


@pytest.mark.requirement(16)
def test_one_network_cannot_use_up_the_tries_of_an_address() -> None:
    aya = make_customer("aya")
    met = guess(aya, fresh_network(), limits.SIGN_IN_ADDRESS.tries + 5)
    assert met.count(WrongCredentials) == limits.SIGN_IN_HERE.tries
    prove(aya, fresh_network())


@pytest.mark.requirement(16)
@pytest.mark.requirement(19)
def test_many_networks_lock_out_unknown_places_only() -> None:
    aya = make_customer("aya")
    assert signed_in_client(aya).get(reverse("accounts:security")).status_code == 200
    for _network in range(limits.SIGN_IN_ADDRESS.tries // limits.SIGN_IN_HERE.tries):
        guess(aya, fresh_network(), limits.SIGN_IN_HERE.tries)
    with pytest.raises(TooManyTries):
        prove(aya, fresh_network())
    prove(aya, aya.network)
    # The known place is no way around the narrow limit.
    assert TooManyTries in guess(aya, aya.network, limits.SIGN_IN_HERE.tries + 1)
