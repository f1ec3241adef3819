"""The pages of sending, asking, limits and automatic top-up: who sees what, and how few queries it takes."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import StepUpChallenge
from payments.actions.findability import change_findability
from payments.models import MoneyRequest, OwnLimit, Payee, Transfer
from tests.payments.actions.test_money_requests import ask
from tests.payments.actions.test_own_limits import pay
from tests.payments.actions.test_transfers import ledger_send
from tests.payments.books import customer_with, open_counter, wallet
from tests.payments.sending import balances, knows
from tests.payments.test_pages import queries_of
from tests.people import Person, anonymous_client, make_customer, signed_in_client, totp_now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _room(settings: Settings) -> None:
    settings.SEND_NEW_ACCOUNT_DAYS = 0


def prove(client: Client, person: Person, response: object) -> Client:
    """From the refused POST to the confirming page and back to the same POST, as a browser goes."""
    location = response["Location"]  # type: ignore[index]
    assert location.startswith(reverse("accounts:step_up")) and "challenge=" in location, location
    assert "¥" in client.get(location).content.decode()
    client.post(location, {"code": totp_now(person)})
    return client


def test_from_an_address_to_money_that_has_arrived() -> None:
    aya, ken = customer_with(9_000, "mio"), make_customer("ken")
    client = signed_in_client(aya)
    refused = client.post(reverse("payments:send"), {"address": ken.email})
    assert refused.status_code == 422 and "Nobody can be found" in refused.content.decode()
    change_findability(ken.user, by_email=True, by_phone=False, actor=ken.actor)
    found = client.post(reverse("payments:send"), {"address": ken.email})
    page = client.get(found["Location"])
    words = page.content.decode()
    assert "K•• M••" in words and ken.email not in words and ken.user.full_name not in words
    form = {
        "amount": "2,500",
        "message": "<b>お昼</b>",
        "key": page.context["form"].initial["key"],
    }
    check = client.post(found["Location"], form)
    assert "¥2,500" in check.content.decode() and "&lt;b&gt;お昼" in check.content.decode()
    assert not Transfer.objects.filter(sender=aya.user).exists()
    confirmed = form | {"confirmed": "yes"}
    prove(client, aya, client.post(found["Location"], confirmed))
    done = client.post(found["Location"], confirmed)
    again = client.post(found["Location"], confirmed)
    assert done["Location"] == again["Location"]
    assert balances(aya, ken) == [6_500, 2_500]
    assert "K•• M••" in client.get(done["Location"]).content.decode()
    theirs = signed_in_client(ken).get(reverse("payments:home")).content.decode()
    assert "M•• B••" in theirs and "+¥2,500" in theirs and "&lt;b&gt;お昼" in theirs
    too_much = client.post(found["Location"], form | {"amount": "9,999"})
    assert too_much.status_code == 422 and "not enough" in too_much.content.decode()


def test_an_open_page_learns_that_the_wallet_has_moved() -> None:
    aya, ken = customer_with(100), customer_with(100, "ken")
    client = signed_in_client(aya)
    url = client.get(reverse("payments:activity")).context["news_url"]
    assert (client.get(url).status_code, client.get(url).headers.get("HX-Trigger")) == (204, None)
    ledger_send(ken, aya, 30)
    assert client.get(url).headers["HX-Trigger"] == "wallet-moved"
    assert client.get(re.sub(r"since=\d+", "since=1", url)).status_code == 286


def test_a_request_is_shown_answered_and_its_asker_blocked() -> None:
    aya, ken = make_customer("aya"), customer_with(9_000, "mio")
    request = ask(aya, knows(aya, ken)).request
    client, url = signed_in_client(ken), reverse("payments:money_request", args=[request.public_id])
    for page in (reverse("payments:home"), reverse("payments:send"), url):
        assert "A•• S••" in client.get(page).content.decode()
    prove(client, ken, client.post(url))
    assert client.post(url).status_code == 302
    assert balances(aya, ken) == [1_200, 7_800]
    second = ask(aya, knows(aya, ken)).request
    close = reverse("payments:money_request_close", args=[second.public_id])
    assert signed_in_client(make_customer("emi")).post(close, {"do": "block"}).status_code == 404
    assert client.get(close).status_code == 405
    client.post(close, {"do": "block"})
    assert MoneyRequest.objects.get(pk=second.pk).state == "declined"
    page = client.get(reverse("payments:findability"))
    block = page.context["blocks"][0]["block"]
    client.post(reverse("payments:unblock", args=[block.pk]))
    third = ask(aya, knows(aya, ken)).request
    signed_in_client(aya).post(
        reverse("payments:money_request_close", args=[third.public_id]), {"do": "cancel"}
    )
    assert MoneyRequest.objects.get(pk=third.pk).state == "cancelled"


def test_limits_are_lowered_raised_and_kept() -> None:
    aya = make_customer("mio")
    client = signed_in_client(aya)
    url = reverse("payments:own_limit", args=["per-day"])
    client.post(url, {"amount": "3,000"})
    assert "¥3,000, your own" in client.get(reverse("payments:own_limits")).content.decode()
    prove(client, aya, client.post(url, {"amount": ""}))
    client.post(url, {"amount": ""})
    assert "A higher limit waits" in client.get(url).content.decode()
    client.post(url, {"keep": "yes"})
    row = OwnLimit.objects.get(user=aya.user)
    assert (row.amount, row.next_at) == (3_000, None)
    assert client.post(url, {"amount": "x"}).status_code == 422
    assert client.get(reverse("payments:own_limit", args=["nonsense"])).status_code == 404


@pytest.mark.requirement(36)
def test_the_pay_page_says_which_limit_and_asks_to_confirm() -> None:
    aya, counter = customer_with(9_000, "mio"), open_counter()
    client = signed_in_client(aya)
    client.post(reverse("payments:own_limit", args=["confirm-above"]), {"amount": "1,000"})
    client.post(reverse("payments:own_limit", args=["per-payment"]), {"amount": "2,000"})
    code = client.post(reverse("payments:pay")).context["code"]
    state = reverse("payments:pay_state", args=[code.pk])
    digits = client.post(reverse("payments:pay")).context["digits"].replace(" ", "")
    over = pay(aya, counter, 2_500, code=digits).payment
    state = reverse("payments:pay_state", args=[over.code_id])
    assert "Your own limit is ¥2,000 for one payment." in client.get(state).content.decode()
    asked = pay(aya, counter, 1_500, code=digits).payment
    confirm = reverse("payments:pay_confirm", args=[asked.public_id])
    question = client.get(state)
    assert confirm in question.content.decode() and question["HX-Retarget"] == "#code"
    prove(client, aya, client.post(confirm))
    words = StepUpChallenge.objects.filter(user=aya.user).latest("pk")
    assert (words.amount_minor, words.payee_shown) == (1_500, counter.terminal.store.full_name)
    assert client.post(confirm)["Location"] == reverse("payments:pay")
    assert pay(aya, counter, 1_500).payment.status == "captured"


def test_pages_need_few_queries_and_never_more(django_assert_max_num_queries: object) -> None:
    aya, ken = customer_with(9_000), make_customer("ken")
    client, payee = signed_in_client(aya), knows(aya, ken)
    urls = [reverse("payments:send"), reverse("payments:home"), reverse("payments:activity")]
    urls += [reverse("payments:send_to", args=[payee.public_id]), reverse("payments:own_limits")]
    urls += [reverse("payments:findability"), reverse("payments:auto_top_up")]
    ledger_send(aya, ken, 1)
    ask(ken, Payee.objects.get(owner=ken.user), 5)
    few = [queries_of(client, url, django_assert_max_num_queries) for url in urls]
    for name in ("mio", "emi", "ena", "yui"):
        other = make_customer(name)
        knows(aya, other)
        ledger_send(aya, other, 1)
        ask(other, Payee.objects.get(owner=other.user), 5)
    assert [queries_of(client, url, django_assert_max_num_queries) for url in urls] == few


@pytest.mark.requirement(7)
def test_nobody_sends_without_a_second_factor() -> None:
    for name in ("send", "own_limits", "auto_top_up", "findability"):
        response = anonymous_client().post(reverse(f"payments:{name}"))
        assert response["Location"].startswith(reverse("accounts:sign_in"))
    assert wallet(customer_with(5)).balance == 5
