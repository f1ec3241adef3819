"""The pages of cards: what they show, what they refuse, and where they send the browser."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import SignIn
from payments.models import Card, CardLinking, CardState
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import linked_card
from tests.people import Person, anonymous_client, make_customer, make_staff, signed_in_client

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up")]


def stale(person: Person) -> Client:
    """Signed in, with a second factor proven six minutes ago."""
    client = signed_in_client(person)
    SignIn.objects.filter(user=person.user).update(verified_at=timezone.now() - timedelta(minutes=6))
    return client


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


def test_the_list_shows_ones_own_live_cards(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    client = signed_in_client(aya)
    assert "No cards yet" in text(client.get(reverse("payments:cards")))
    mine, others = linked_card(aya, harness), linked_card(ken, harness)
    page = text(client.get(reverse("payments:cards")))
    assert str(mine.public_id) in page
    assert "4242" in page
    assert str(others.public_id) not in page


@pytest.mark.parametrize("name", ["cards", "card_link", "top_up"])
def test_pages_are_closed_to_strangers_and_staff(name: str) -> None:
    url = reverse(f"payments:{name}")
    stranger = anonymous_client().get(url)
    assert stranger.status_code == 302
    assert reverse("accounts:sign_in") in stranger["Location"]
    staff = signed_in_client(make_staff("rin")).get(url)
    assert staff.status_code == 302
    assert staff["Location"].startswith("/admin/")


def test_linking_asks_for_a_fresh_factor_on_the_page_already() -> None:
    client = stale(make_customer("aya"))
    for method in (client.get, client.post):
        answer = method(reverse("payments:card_link"))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("accounts:step_up"))
    assert not CardLinking.objects.filter(user_id=client.session["_auth_user_id"]).exists()


def test_linking_goes_on_at_the_processor_and_comes_back(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    assert client.get(reverse("payments:card_link")).status_code == 200
    onward = client.post(reverse("payments:card_link"))
    assert onward.status_code == 302
    assert onward["Location"].startswith(settings.SANDBOX_URL + "/setup/")
    assert settings.SANDBOX_URL in onward["Content-Security-Policy"].split("form-action")[1]

    linking = CardLinking.objects.get(user=aya.user)
    page = client.get(reverse("payments:card_link_return", args=[linking.public_id]))
    assert "Not finished yet" in text(page)

    harness.submit_card(onward["Location"], cards.SUCCEEDS, holder="Somebody Else")
    back = harness.decide(onward["Location"]).headers["Location"]
    assert reverse("payments:card_link_return", args=[linking.public_id]) in back
    page = client.get(back)
    assert "The card was not linked" in text(page)
    assert "The name on the card" in text(page)
    assert not Card.objects.filter(user=aya.user).exists()


def test_what_the_return_address_claims_is_not_believed(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    client.post(reverse("payments:card_link"))
    linking = CardLinking.objects.get(user=aya.user)
    url = reverse("payments:card_link_return", args=[linking.public_id])
    client.get(url + "?redirect_status=passed&setup_intent=seti_0123")
    linking.refresh_from_db()
    assert linking.state == "started"
    assert not Card.objects.filter(user=aya.user).exists()


def test_somebody_elses_ids_answer_404(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    card = linked_card(ken, harness)
    signed_in_client(ken).post(reverse("payments:card_link"))
    linking = CardLinking.objects.get(user=ken.user)
    client = signed_in_client(aya)
    for url in (
        reverse("payments:card_remove", args=[card.public_id]),
        reverse("payments:card_link_return", args=[linking.public_id]),
        reverse("payments:card_remove", args=[uuid.uuid4()]),
    ):
        assert client.get(url).status_code == 404
    assert client.post(reverse("payments:card_remove", args=[card.public_id])).status_code == 404
    card.refresh_from_db()
    assert card.state == CardState.LIVE


def test_removing_asks_again_and_for_a_fresh_factor(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    url = reverse("payments:card_remove", args=[card.public_id])
    assert stale(aya).post(url)["Location"].startswith(reverse("accounts:step_up"))
    client = signed_in_client(aya)
    assert "Remove this card?" in text(client.get(url))
    card.refresh_from_db()
    assert card.state == CardState.LIVE
    assert client.post(url)["Location"] == reverse("payments:cards")
    card.refresh_from_db()
    assert card.state == CardState.REMOVED
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("name", ["cards", "top_up"])
def test_pages_cost_the_same_for_one_card_and_five(
    harness: SandboxHarness, django_assert_max_num_queries, name: str
) -> None:  # type: ignore[no-untyped-def]
    aya = make_customer("aya")
    client = signed_in_client(aya)
    for _ in range(5):
        linked_card(aya, harness)
    with django_assert_max_num_queries(12):
        assert client.get(reverse(f"payments:{name}")).status_code == 200
