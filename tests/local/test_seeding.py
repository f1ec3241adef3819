"""The demo people: complete, believable, repeatable, and impossible in production."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Min, Sum
from django.test import Client
from django.utils import timezone

from accounts.models import CredentialChange, Suspension, TotpDevice, User
from accounts.policy import cool_off
from payments.models import Account, Card, Entry, Journal, Merchant, Payment, Terminal
from support.models import Case
from support.roles import ROLES
from tests.people import totp_code
from wallet_site.local import commands, places
from wallet_site.local.people import CUSTOMERS, DEMO_PASSWORD, EVERYBODY, STAFF, seeded
from wallet_site.local.seeding import seed

pytestmark = pytest.mark.django_db(transaction=True)


def counts() -> tuple[int, ...]:
    tables = (
        User,
        TotpDevice,
        CredentialChange,
        Card,
        Merchant,
        Terminal,
        Journal,
        Entry,
        Payment,
        Suspension,
        Case,
    )
    return tuple(table.objects.count() for table in tables)


def test_everybody_is_made_fast_and_a_repeat_changes_nothing() -> None:
    begun = time.monotonic()
    seed()
    assert time.monotonic() - begun < 10
    before = counts()
    assert seed() is False
    assert counts() == before
    found = seeded()
    assert set(found) == {person.email for person in EVERYBODY}
    assert all(found[person.email].check_password(DEMO_PASSWORD) for person in EVERYBODY[:2])
    for person in EVERYBODY:
        assert TotpDevice.objects.get(user=found[person.email]).seed == person.totp_seed
    assert {person.role for person in STAFF} == set(ROLES)
    for person in STAFF:
        assert [group.name for group in found[person.email].groups.all()] == [person.role]


def test_the_money_is_half_a_year_old_and_the_books_balance() -> None:
    seed()
    people = seeded()
    now = timezone.now()
    for person in CUSTOMERS:
        wallet = Account.objects.get(owner=people[person.email], kind="wallet")
        entries = Entry.objects.filter(account=wallet)
        times = Journal.objects.filter(entries__account=wallet).aggregate(
            Min("occurred_at"), Max("occurred_at")
        )
        assert entries.count() > 60
        assert wallet.balance == entries.aggregate(total=Sum("amount"))["total"] >= 0
        assert now - times["occurred_at__min"] > timedelta(days=150)
        assert now - timedelta(days=15) < times["occurred_at__max"] < now
    assert Account.objects.aggregate(total=Sum("balance"))["total"] == 0
    assert Merchant.objects.filter(stores__terminals__isnull=False).distinct().count() >= 2


def test_a_demo_customer_is_no_newcomer() -> None:
    seed()
    aya = seeded()["aya@example.com"]
    assert timezone.now() - aya.created_at > timedelta(days=180)
    assert cool_off(aya.pk) is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'")
        assert cursor.fetchone() == (0,), "every guard is on again"


def test_somebody_with_another_address_is_found_again() -> None:
    seed()
    luca = seeded()["luca@example.com"]
    before = luca.email
    luca.email = "luca.moretti@example.com"
    luca.save(update_fields=["email"])
    try:
        assert seeded()["luca@example.com"].pk == luca.pk
        assert seed() is False
    finally:
        luca.email = before
        luca.save(update_fields=["email"])


def test_the_page_gives_what_a_newcomer_needs(client: Client) -> None:
    seed()
    text = client.get("/demo/").content.decode()
    for person in EVERYBODY:
        assert person.email in text
    assert DEMO_PASSWORD in text
    code = totp_code(CUSTOMERS[0].totp_seed)
    again = client.get("/demo/", headers={"HX-Request": "true"}).content.decode()
    assert f"{code[:3]} {code[3:]}" in text + again
    assert "<html" not in again


def test_the_commands_print_the_people(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed_demo")
    call_command("demo_people")
    said = capsys.readouterr().out
    assert said.count("aya@example.com") == 2
    assert said.count(DEMO_PASSWORD) == 2


@pytest.mark.parametrize("command", ["seed_demo", "demo_people"])
def test_production_does_not_know_the_commands(command: str) -> None:
    environment = os.environ | {
        "KAKEHASHI_MODE": "production",
        "PUBLIC_URL": "https://wallet.example.jp",
        "EMAIL_URL": "smtp+tls://user:word@mail.example.jp:587",
        "PROCESSOR": "none",
        "SANDBOX_API_KEY": "",
        "SANDBOX_WEBHOOK_SECRET": "",
        "METRICS_TOKEN": secrets.token_urlsafe(32),
    }
    done = subprocess.run(
        commands.manage(command, "--skip-checks"),
        cwd=places.ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "Unknown command" in done.stderr, done.stderr
