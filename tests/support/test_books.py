"""Finance and auditors read the books; nobody else does, and nobody writes there."""

from __future__ import annotations

import psycopg
import pytest
from django.test import Client

from payments.models import Account, Journal, Settlement
from support.queries.books import journals_page, trial_balance
from tests.payments.actions.test_settlements import merchant_of, sell, settle
from tests.payments.books import customer_with, open_counter, top_up
from tests.payments.past import at_noon, days_ago, set_back
from tests.payments.webhooks import failed_webhook
from tests.people import make_staff, signed_in_client
from wallet_site.outbox.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)

MOST_QUERIES = 12


@pytest.fixture
def settled(owner_connection: psycopg.Connection) -> Settlement:
    """A merchant with one settled day, one sale of today, and a webhook that did not arrive."""
    aya, counter = customer_with(9_000), open_counter()
    set_back(owner_connection, [sell(counter, aya, 2_000).journal_id], at_noon(days_ago(1)))
    made = settle(counter)
    sell(counter, aya, 842)
    failed_webhook(merchant_of(counter))
    return made


def pages_of(settled: Settlement) -> list[str]:
    merchant = f"/admin/merchants/{settled.merchant.public_id}/"
    return [
        "/admin/merchants/",
        merchant,
        f"{merchant}payments/",
        f"/admin/settlements/{settled.public_id}/",
        f"/admin/settlements/{settled.public_id}/report/",
        "/admin/journal/",
        f"/admin/journal/{settled.journal_id}/",
        "/admin/trial-balance/",
    ]


def finance() -> Client:
    return signed_in_client(make_staff("ren", groups=["finance"]))


@pytest.mark.requirement(39)
def test_finance_and_auditors_read_and_others_do_not(settled: Settlement) -> None:
    delivery = Delivery.objects.filter(channel="webhook", state="failed").latest("pk")
    for role in ("agent", "supervisor", "fraud_analyst", "communications", "finance", "auditor"):
        client = signed_in_client(make_staff("ren", groups=[role]))
        may = role in ("finance", "auditor")
        for path in pages_of(settled):
            assert client.get(path).status_code == (200 if may else 403), (role, path)
            assert client.post(path).status_code == 405, (role, path)
        assert ("/admin/trial-balance/" in client.get("/admin/").content.decode()) is may
        shown = client.get(pages_of(settled)[1]).content.decode()
        assert (f"/admin/webhooks/{delivery.pk}/replay/" in shown) is (role == "finance")
        replayed = client.post(f"/admin/webhooks/{delivery.pk}/replay/")
        assert replayed.status_code == (302 if role == "finance" else 403)
        delivery.refresh_from_db()
        assert delivery.state == ("queued" if role in ("finance", "auditor") else "failed")


def test_the_pages_say_what_the_books_say(settled: Settlement) -> None:
    client = finance()
    merchants, merchant, payments, day, report, journals, journal, balances = (
        client.get(path).content.decode() for path in pages_of(settled)
    )
    assert settled.merchant.name in merchants and "¥842" in merchants
    assert all(said in merchant for said in ("¥842", "¥2,000", "answered 503", "hooks.merchant.example"))
    assert "¥842" in payments and "Paid" in payments
    assert all(said in day for said in ("¥2,000", "渋谷店", "0.00 %"))
    assert "payout" in report
    assert f"/admin/journal/{Journal.objects.latest('pk').pk}/" in journals
    assert "−¥2,000" in journal and "+¥2,000" in journal and "settlement:" in journal
    assert "Balanced" in balances and "Not balanced" not in balances
    (yen,) = [one for one in trial_balance() if one.currency == "JPY"]
    assert yen.debit == yen.credit > 0
    assert sum(row.accounts for row in yen.rows) == Account.objects.filter(currency="JPY").count()


def test_a_number_leads_to_its_journal_and_nonsense_leads_nowhere(settled: Settlement) -> None:
    client = finance()
    found = client.get("/admin/journal/", {"number": str(settled.journal_id)})
    assert found["Location"] == f"/admin/journal/{settled.journal_id}/"
    for nonsense in ("x", "-1", "9" * 30, "１"):
        assert client.get("/admin/journal/", {"number": nonsense}).status_code == 200
        assert client.get("/admin/journal/", {"before": nonsense}).status_code == 200
    assert client.get("/admin/journal/999999999/").status_code == 404


def test_pages_of_the_journal_follow_each_other_and_need_as_many_queries(
    settled: Settlement,
    django_assert_max_num_queries: object,
) -> None:
    client, aya = finance(), customer_with(0)
    client.get("/admin/journal/")
    counts = []
    for _more in range(2):
        with django_assert_max_num_queries(MOST_QUERIES) as counted:  # type: ignore[operator]
            assert client.get("/admin/journal/").status_code == 200
        counts.append(len(counted))
        for _number in range(30):
            top_up(aya, 1)
    assert counts[0] == counts[1]
    newest = list(Journal.objects.order_by("-pk").values_list("pk", flat=True)[:4])
    first = journals_page(size=2)
    second = journals_page(before=first.next_before, size=2)
    assert [one.pk for one in (*first.journals, *second.journals)] == newest
