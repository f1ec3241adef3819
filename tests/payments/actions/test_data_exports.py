"""A copy of one's own data: everything of one's own, nothing that is secret, for its owner alone and not for long."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions.preferences import choose_receipts
from accounts.models import RecoveryCode, TotpDevice, User
from accounts.notice_preferences import Receipts
from payments.actions import data_exports
from payments.actions.data_exports import (
    LIFETIME,
    ask_for_export,
    download,
    forget_old_exports,
    make_exports,
)
from payments.actions.disputes import say
from payments.actions.own_limits import set_own_limit
from payments.actions.payment_reports import report_payment
from payments.errors import NoExport
from payments.models import DataExport, Entry, ExportState, OwnLimit
from tests.accounts.mails import mails_to
from tests.api_client import Phone
from tests.payments.books import customer_with, move, wallet
from tests.payments.charged import disputed
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import fresh, linked_card, top_up
from tests.people import make_customer, signed_in_client
from wallet_site.audit.models import AuditRow
from wallet_site.errors import StepUpRequired
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker", "grown_up")]

FORMULA = '=HYPERLINK("http://evil.example","x")'


def unpacked(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff"), "Excel reads it as UTF-8"
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.requirement(45, 11)
def test_a_copy_holds_all_that_is_ones_own_and_no_secret(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), customer_with(500, "ken")
    with recorded(aya.actor):
        aya.user.full_name = FORMULA
        aya.user.phone = "+819012345678"
        aya.user.save()
        TotpDevice.objects.filter(user=aya.user).update(name="@SUM(A1)")
    card = linked_card(aya, harness)
    top_up(aya, card, 3_000)
    move(wallet(ken).pk, wallet(aya).pk, 400)
    dispute = disputed(aya)
    say(dispute, "not_me", text="a stranger's", actor=aya.actor)
    reported = Entry.objects.filter(account__owner=aya.user).earliest("account_seq").journal_id
    report_payment(aya.user, journal_id=reported, text="who was it?", freeze=False, actor=aya.actor)
    set_own_limit(aya.user, kind=OwnLimit.Kind.PER_DAY, amount_minor=2_000, actor=aya.actor)
    signed_in_client(aya)
    phone = Phone.signed_in(aya)
    push_token = "a-push-token-of-this-phone"
    phone.request("PUT", "/api/v1/push-token", {"provider": "fcm", "token": push_token})
    choose_receipts(aya.user, Receipts(email_from_minor=500), actor=fresh(aya))
    mails_to(aya.email)

    ask_for_export(aya.user, actor=fresh(aya))
    make_exports()
    files = unpacked(download(aya.user, actor=fresh(aya)))

    everything = json.loads(files.pop("data.json"))
    lists = {
        "profile", "receipts", "contacts", "suspensions", "notices", "factors", "sign_ins", "sign_in_attempts", "apps",
        "credential_changes",
        "cards", "top_ups", "payments", "refunds", "entries", "claims", "closings",
        "transfers_sent", "transfers_received", "requests_made", "requests_received", "own_limits",
        "own_limit_changes", "disputes", "payment_reports", "automatic_top_up", "found_by",
    }  # fmt: skip
    assert set(everything) == {"about", *lists}
    assert set(files) == {f"{name}.csv" for name in lists}
    assert everything["profile"][0]["name"] == FORMULA
    assert [row["amount"] for row in everything["entries"]] == [3_000, 400, 3_000, -3_000]
    assert [row["your_words"] for row in everything["disputes"]] == ["a stranger's"]
    assert [row["transaction"] for row in everything["payment_reports"]] == [reported]
    assert [(row["kind"], row["after"]) for row in everything["own_limit_changes"]] == [("per-day", 2_000)]
    assert everything["cards"][0]["last_four"] == card.last_four
    assert {row["kind"] for row in everything["factors"]} == {"totp", "recovery codes"}
    assert "phone_changed" in {row["what"] for row in everything["credential_changes"]}
    assert everything["apps"][0]["network"]
    assert everything["receipts"][0]["payments_mailed_from"] == 500
    assert ("push messages (fcm)", phone.name) in {
        (row["kind"], row["value"]) for row in everything["contacts"]
    }
    assert any(row["address"] == aya.email for row in everything["notices"])
    for name, text in files.items():
        written = rows_of(text)
        assert len(written) == len(everything[name.removesuffix(".csv")]), name
        for row in written:
            for cell in row.values():
                assert cell.startswith("'") or not cell.startswith(("=", "+", "@", "\t")), (name, cell)
    everywhere = json.dumps(everything) + "".join(files.values())
    secrets = [
        aya.seed, aya.password, aya.user.password, *aya.recovery_codes, phone.access_token, phone.refresh_token,
        push_token,
        card.token, card.fingerprint,
        *(bytes(code.digest).hex() for code in RecoveryCode.objects.filter(code_set__user=aya.user)),
    ]  # fmt: skip
    assert [secret for secret in secrets if secret and secret in everywhere] == []
    assert ken.email not in everywhere
    assert ken.user.full_name not in everywhere


@pytest.mark.requirement(11, 36)
def test_it_is_told_lies_encrypted_and_is_gone_after_a_day() -> None:
    aya = make_customer("mio")
    with pytest.raises(StepUpRequired):
        ask_for_export(aya.user, actor=aya.actor)
    export = ask_for_export(aya.user, actor=fresh(aya))
    assert ask_for_export(aya.user, actor=fresh(aya)) == export
    with pytest.raises(NoExport):
        download(aya.user, actor=fresh(aya))
    make_exports()
    assert make_exports() == 0
    topics = Event.objects.filter(user_id=aya.user.pk, topic__startswith="payments:data_export")
    assert set(topics.values_list("topic", flat=True)) == {
        "payments:data_export:asked",
        "payments:data_export:ready",
    }
    subjects = [mail.subject for mail in mails_to(aya.email)]
    assert {"A copy of your data was asked for", "The copy of your data is ready"} <= set(subjects)

    with connection.cursor() as cursor:
        cursor.execute("SELECT archive FROM payments_dataexport WHERE user_id = %s", [aya.user.pk])
        lies = cursor.fetchone()[0]
    assert lies.startswith("gAAAA"), "Fernet"
    with pytest.raises(StepUpRequired):
        download(aya.user, actor=replace(aya.actor, verified_at=timezone.now() - timedelta(minutes=6)))
    assert download(aya.user, actor=fresh(aya))[:2] == b"PK"
    assert DataExport.objects.get(user=aya.user).downloads == 1
    assert AuditRow.objects.filter(user_id=aya.user.pk, action="payments:data_export:downloaded").exists()

    assert forget_old_exports() == 0
    over = timezone.now() - LIFETIME
    DataExport.objects.filter(user=aya.user).update(expires_at=over)
    with pytest.raises(NoExport):
        download(aya.user, actor=fresh(aya))
    assert forget_old_exports() >= 1
    assert not DataExport.objects.filter(user=aya.user).exists()


def test_one_that_cannot_be_made_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = make_customer("aya"), make_customer("ken")
    for person in (bad, good):
        ask_for_export(person.user, actor=fresh(person))

    def archive(user: User) -> bytes:
        if user.pk == bad.user.pk:
            raise DatabaseError("tests")
        return b"PK"

    monkeypatch.setattr(data_exports, "archive_of", archive)
    monkeypatch.setattr(data_exports, "BATCH", 1)
    assert make_exports() == 1
    states = [DataExport.objects.get(user=person.user).state for person in (bad, good)]
    assert states == [ExportState.ASKED, ExportState.READY]
    monkeypatch.undo()
    assert make_exports() == 1


@pytest.mark.requirement(36, 44)
def test_the_page_and_the_app_hand_it_to_its_owner_alone() -> None:
    aya, ken = make_customer("mio"), make_customer("ken")
    page, file = reverse("payments:data_export"), reverse("payments:data_export_download")
    browser, phone = signed_in_client(aya), Phone.signed_in(aya)
    assert browser.get(file).status_code == 404
    assert browser.post(page).status_code == 302
    assert "We are putting it together" in browser.get(page).content.decode()
    assert phone.get("/api/v1/data-export").json()["state"] == ExportState.ASKED
    assert phone.get("/api/v1/data-export/file").status == 404
    make_exports()
    ready = browser.get(page, headers={"HX-Request": "true"}).content.decode()
    assert file in ready
    assert "<html" not in ready
    fetched = browser.get(file)
    assert (fetched.status_code, fetched["Content-Type"]) == (200, "application/zip")
    assert "no-store" in fetched["Cache-Control"]
    assert fetched["Content-Disposition"] == 'attachment; filename="kakehashi-data.zip"'
    answer = phone.get("/api/v1/data-export/file")
    assert (answer.status, answer.content[:2]) == (200, b"PK")
    assert phone.post("/api/v1/data-export", idempotency_key=None).status == 202, "a new one replaces it"
    make_exports()

    assert signed_in_client(ken).get(file).status_code == 404
    assert Phone.signed_in(ken).get("/api/v1/data-export/file").status == 404
    assert Client().get(file).status_code == 302
    stale = aya.user.sign_ins.all()
    stale.update(verified_at=timezone.now() - timedelta(minutes=6))
    refused = browser.get(file)
    assert refused.status_code == 302
    assert refused["Location"].startswith(reverse("accounts:step_up"))
