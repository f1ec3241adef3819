"""The pages of top-ups: form, one more look, result."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from payments.models import Card, TopUp
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import balance, linked_card, nothing_moved, top_up
from tests.people import make_customer, signed_in_client

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up")]

URL = "payments:top_up"


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


def post(client: Client, card: Card, amount: str = "3,000", **more: str):  # type: ignore[no-untyped-def]
    form = {"card": str(card.public_id), "amount": amount, "key": uuid.uuid4().hex}
    return client.post(reverse(URL), form | more)


def test_without_a_card_the_page_leads_to_linking_one() -> None:
    client = signed_in_client(make_customer("aya"))
    assert reverse("payments:card_link") in text(client.get(reverse(URL)))
    assert client.post(reverse(URL), {"amount": "3000", "confirmed": "yes"}).status_code == 200


def test_a_top_up_is_shown_once_more_then_charged_once(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    card = linked_card(aya, harness)
    form = text(client.get(reverse(URL)))
    assert "Your limits" in form

    review = post(client, card, "３，０００円")
    assert review.status_code == 200
    assert "Check and top up" in text(review)
    assert nothing_moved(aya)

    fields = dict(re.findall(r'name="(amount|card|key)" value="([^"]+)"', text(review)))
    first = client.post(reverse(URL), fields | {"confirmed": "yes"})
    second = client.post(reverse(URL), fields | {"confirmed": "yes"})
    assert first["Location"] == second["Location"]
    assert balance(aya) == 3_000
    result = text(client.get(first["Location"]))
    assert "¥3,000 is in your wallet." in result
    assert "hx-get" not in result


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("", "Enter the amount to top up."),
        ("abc", "Enter a whole amount in yen, such as 3,000."),
        ("12.5", "Enter a whole amount in yen, such as 3,000."),
        ("-500", "Enter a whole amount in yen, such as 3,000."),
        ("0", "Enter an amount above zero."),
        ("499", "Top up at least ¥500."),
        ("30001", "One top-up can be at most ¥30,000."),
        ("9" * 19, "Enter a whole amount in yen, such as 3,000."),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_above(
    harness: SandboxHarness, amount: str, words: str
) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    card = linked_card(aya, harness)
    for more in ({}, {"confirmed": "yes"}):
        answer = post(client, card, amount, **more)
        page = text(answer)
        assert answer.status_code == 422
        assert page.count(words) == 2, "in the summary and at the field"
        assert "<title>Error:" in page
        assert 'href="#id_amount"' in page
    assert nothing_moved(aya)


def test_a_limit_says_which_and_until_when(harness: SandboxHarness, settings: Settings) -> None:
    settings.TOP_UP_NEW_CARD = [(60, 2_000)]
    aya = make_customer("aya")
    page = text(post(signed_in_client(aya), linked_card(aya, harness)))
    assert "While this card is new it can be charged ¥2,000 a day; ¥2,000 is left." in page
    assert nothing_moved(aya)


def test_somebody_elses_card_and_top_up(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    others = linked_card(ken, harness)
    made = top_up(ken, others).top_up
    linked_card(aya, harness)
    client = signed_in_client(aya)
    assert post(client, others, confirmed="yes").status_code == 422
    detail = reverse("payments:top_up_detail", args=[made.public_id])
    assert client.get(detail).status_code == 404
    assert client.post(reverse("payments:top_up_cancel", args=[made.public_id])).status_code == 404
    assert nothing_moved(aya)


def test_the_banks_page_is_gone_to_and_come_back_from(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    onward = post(client, linked_card(aya, harness, cards.CHALLENGES), confirmed="yes")
    assert onward["Location"].startswith(settings.SANDBOX_URL + "/pay/")
    made = TopUp.objects.get(user=aya.user)
    detail = reverse("payments:top_up_detail", args=[made.public_id])
    assert onward["Location"] in text(client.get(detail))

    back = harness.decide(onward["Location"]).headers["Location"]
    assert "Topped up" in text(client.get(back))
    assert balance(aya) == 3_000


def test_an_open_top_up_asks_for_its_own_news_and_stops(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    made = top_up(aya, linked_card(aya, harness, cards.LOST)).top_up
    detail = reverse("payments:top_up_detail", args=[made.public_id])
    part = text(client.get(detail, headers={"HX-Request": "true"}))
    assert part.lstrip().startswith("<section")
    assert f'hx-get="{detail}"' in part
    assert "We are asking the card company" in part


def test_giving_up(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    post(client, linked_card(aya, harness, cards.CHALLENGES), confirmed="yes")
    made = TopUp.objects.get(user=aya.user)
    answer = client.post(reverse("payments:top_up_cancel", args=[made.public_id]), follow=True)
    assert "Not topped up" in text(answer)
    assert nothing_moved(aya)


def test_a_decline_says_why(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    answer = post(client, linked_card(aya, harness, cards.INSUFFICIENT), confirmed="yes")
    assert "not enough money or credit left" in text(client.get(answer["Location"]))
    assert nothing_moved(aya)
