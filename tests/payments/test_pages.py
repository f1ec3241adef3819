"""The wallet's pages: what they show, to whom, and with how many queries."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from payments.actions.store_payments import take_payment
from payments.code_pictures import bars_svg, qr_svg
from payments.models import Entry, OneTimeCode
from tests.payments.books import Counter, customer_with, move, open_counter, shown_code, top_up, wallet
from tests.people import anonymous_client, half_signed_in_client, make_customer, signed_in_client

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12


def sell(counter: Counter, code: str, amount: int) -> None:
    take_payment(
        counter.terminal,
        code=code,
        amount_minor=amount,
        currency="JPY",
        reference=uuid4().hex,
        idempotency_key=str(uuid4()),
        actor=counter.actor,
    )


def queries_of(client: Client, url: str, django_assert_max_num_queries: object) -> int:
    client.get(url)  # "last seen" and the like are written by the first
    with django_assert_max_num_queries(MOST_QUERIES) as counted:  # type: ignore[operator]
        assert client.get(url).status_code == 200
    return len(counted)


@pytest.mark.parametrize("page", ["home", "activity"])
def test_pages_need_few_queries_and_never_more(page: str, django_assert_max_num_queries: object) -> None:
    aya, counter = customer_with(10_000), open_counter()
    client, url = signed_in_client(aya), reverse(f"payments:{page}")
    few = queries_of(client, url, django_assert_max_num_queries)
    for _ in range(3):
        sell(counter, shown_code(aya), 10)
        top_up(aya, 100)
    for _ in range(30):
        move(wallet(aya).pk, wallet(make_customer("ken")).pk, 5)
    assert queries_of(client, url, django_assert_max_num_queries) == few


@pytest.mark.requirement(7)
@pytest.mark.parametrize("name", ["home", "activity", "pay"])
def test_nobody_sees_a_wallet_without_a_second_factor(name: str) -> None:
    url = reverse(f"payments:{name}")
    for client in (anonymous_client(), half_signed_in_client(make_customer("aya"))):
        response = client.get(url)
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("accounts:sign_in"))


def test_home_shows_balance_activity_and_spending() -> None:
    aya, counter = customer_with(10_000, "mio"), open_counter()
    sell(counter, shown_code(aya), 1_234)
    page = signed_in_client(aya).get(reverse("payments:home")).content.decode()
    for words in ("¥8,766", "渋谷店", "−¥1,234", "+¥10,000", "¥1,234 so far this month", "Security check"):
        assert words in page


def test_a_new_wallet_says_what_to_do() -> None:
    page = signed_in_client(make_customer("mio")).get(reverse("payments:home")).content.decode()
    assert "Nothing here yet" in page and "¥0" in page


def test_activity_goes_on_where_the_page_before_ended() -> None:
    aya, ken = customer_with(10_000), make_customer("ken")
    for _ in range(59):
        move(wallet(aya).pk, wallet(ken).pk, 5)
    client, seen = signed_in_client(aya), []
    url = reverse("payments:activity")
    for _page in range(3):
        response = client.get(url, headers={"HX-Request": "true"})
        seen += [line.journal_id for day in response.context["days"] for line in day.lines]
        url = response.context["next_url"]
    assert url == ""
    own = Entry.objects.filter(account_id=wallet(aya).pk).order_by("-account_seq")
    assert seen == list(own.values_list("journal_id", flat=True))


def test_more_rows_do_not_repeat_the_day_s_heading() -> None:
    aya, ken = customer_with(10_000), make_customer("ken")
    for _ in range(30):
        move(wallet(aya).pk, wallet(ken).pk, 5)
    client = signed_in_client(aya)
    first = client.get(reverse("payments:activity"))
    more = client.get(first.context["next_url"], headers={"HX-Request": "true"}).content.decode()
    assert 'class="day"' in first.content.decode()
    assert 'class="day"' not in more and "<html" not in more


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 40, "", "1;DROP"])
def test_a_nonsense_cursor_is_the_first_page(cursor: str) -> None:
    client = signed_in_client(customer_with(10))
    response = client.get(reverse("payments:activity"), {"before": cursor, "day": cursor})
    assert response.status_code == 200


@pytest.mark.requirement(44)
def test_one_entry_is_shown_to_its_owner_alone() -> None:
    aya, ken, other = customer_with(1_000), make_customer("ken"), make_customer("mio")
    posted = move(wallet(aya).pk, wallet(ken).pk, 250)
    url = reverse("payments:activity_entry", args=[posted.journal_id])
    assert "−¥250" in signed_in_client(aya).get(url).content.decode()
    assert "+¥250" in signed_in_client(ken).get(url).content.decode()
    assert signed_in_client(other).get(url).status_code == 404
    for nobodys in (0, 2**62, 10**30):
        assert (
            signed_in_client(other).get(reverse("payments:activity_entry", args=[nobodys])).status_code == 404
        )
        assert signed_in_client(other).get(reverse("payments:pay_state", args=[nobodys])).status_code == 404


# --- Pay -------------------------------------------------------------------------------------------------------------
def test_looking_at_the_page_makes_no_code() -> None:
    aya = customer_with(1_000)
    response = signed_in_client(aya).get(reverse("payments:pay"))
    assert 'hx-trigger="submit, load"' in response.content.decode()
    assert not OneTimeCode.objects.filter(customer=aya.user).exists()


def test_the_code_is_shown_and_its_payment_arrives() -> None:
    aya, counter = customer_with(5_000, "mio"), open_counter()
    client = signed_in_client(aya)
    response = client.post(reverse("payments:pay"), headers={"HX-Request": "true"})
    digits, code = response.context["digits"], response.context["code"]
    assert digits in response.content.decode() and "<svg" in response.content.decode()
    state = reverse("payments:pay_state", args=[code.pk])
    assert client.get(state, {"seen": 0}).status_code == 204

    sell(counter, digits, 6_000)
    declined = client.get(state, {"seen": 0})
    assert "was declined" in declined.content.decode()
    assert client.get(state, {"seen": declined.context["seen"]}).status_code == 204

    sell(counter, digits, 1_000)
    paid = client.get(state, {"seen": declined.context["seen"]})
    assert "Paid at Hashi" in paid.content.decode() and paid["HX-Retarget"] == "#code"


def test_a_dead_code_says_so() -> None:
    aya = customer_with(5_000)
    client = signed_in_client(aya)
    first = client.post(reverse("payments:pay"), headers={"HX-Request": "true"}).context["code"]
    client.post(reverse("payments:pay"), headers={"HX-Request": "true"})
    assert (
        "This code has ended" in client.get(reverse("payments:pay_state", args=[first.pk])).content.decode()
    )


@pytest.mark.requirement(44)
def test_somebody_else_s_code_is_not_found() -> None:
    aya, ken = customer_with(5_000), make_customer("ken")
    shown_code(aya)
    code = OneTimeCode.objects.get(customer=aya.user)
    assert signed_in_client(ken).get(reverse("payments:pay_state", args=[code.pk])).status_code == 404


def test_without_script_the_button_shows_the_code_too() -> None:
    response = signed_in_client(customer_with(5_000)).post(reverse("payments:pay"))
    assert "<html" in response.content.decode() and response.context["digits"] in response.content.decode()


def test_pictures_hold_no_style_and_no_script() -> None:
    with translation.override("en"):
        for picture in (qr_svg("284123456789012345678905"), bars_svg("284123456789012345678905")):
            assert picture.startswith("<svg viewBox=") and 'role="img"' in picture
            assert "style" not in picture and "script" not in picture


def test_an_authorized_payment_says_that_the_money_is_reserved() -> None:
    aya, counter = customer_with(5_000, "mio"), open_counter()
    client = signed_in_client(aya)
    shown = client.post(reverse("payments:pay"), headers={"HX-Request": "true"}).context
    take_payment(
        counter.terminal,
        code=shown["digits"],
        amount_minor=1_200,
        currency="JPY",
        reference=uuid4().hex,
        idempotency_key=str(uuid4()),
        actor=counter.actor,
        capture=False,
    )
    page = client.get(reverse("payments:pay_state", args=[shown["code"].pk])).content.decode()
    assert "Reserved for Hashi" in page and "¥1,200" in page
    assert "¥1,200 on hold" in client.get(reverse("payments:home")).content.decode()
