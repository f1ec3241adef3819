"""Every try to sign in is kept with what came of it: page, API and file show the owner's own, and nobody else's."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.models import FactorGuesses, SignInAttempt
from accounts.sign_in_history import history_page
from tests.accounts.places_file import TOKYO, write_places
from tests.accounts.views.test_sign_in import give_code, give_password, sign_in
from tests.api_client import Phone
from tests.people import (
    Person,
    anonymous_client,
    fresh_email,
    fresh_network,
    make_customer,
    signed_in_client,
    totp_now,
    wrong_code,
)
from tests.support.desk import stop
from wallet_site.spreadsheets import csv_lines

pytestmark = pytest.mark.django_db(transaction=True)

HISTORY, FILE = reverse("accounts:sign_in_history"), reverse("accounts:sign_in_history_file")


def results(person: Person) -> list[tuple[str, str, str]]:
    found = SignInAttempt.objects.filter(user=person.user).order_by("pk")
    return list(found.values_list("result", "channel", "factor"))


@pytest.mark.requirement(33)
def test_every_outcome_is_kept_by_page_and_app_alike() -> None:
    mio, client = make_customer("mio"), anonymous_client()
    give_password(client, mio.email, "not the password")
    give_password(client, mio.email)
    give_code(client, wrong_code(mio))
    give_code(client, "ABCD-EFGH-IJKL-MNOP")
    give_code(client, totp_now(mio))
    phone = Phone(name="Mio's phone")
    phone.prove_password(mio.email, "not the password")
    session = phone.prove_password(mio.email, mio.password).json()["auth_session"]
    phone.prove_factor(session, wrong_code(mio))
    assert phone.sign_in(mio).status == 200
    FactorGuesses.objects.filter(user=mio.user).update(in_a_row=100)
    session = phone.prove_password(mio.email, mio.password).json()["auth_session"]
    assert phone.prove_factor(session, totp_now(mio)).code == "factor-locked"
    FactorGuesses.objects.filter(user=mio.user).update(in_a_row=0)
    stop(mio, "sign_in")
    sign_in(client := anonymous_client(), mio)
    assert phone.sign_in(mio).code == "suspended"
    assert results(mio) == [
        ("wrong_password", "browser", ""),
        ("wrong_factor", "browser", "totp"),
        ("wrong_factor", "browser", "recovery_code"),
        ("succeeded", "browser", "totp"),
        ("wrong_password", "app", ""),
        ("wrong_factor", "app", "totp"),
        ("succeeded", "app", "totp"),
        ("locked", "app", "totp"),
        ("stopped", "browser", "totp"),
        ("stopped", "app", "totp"),
    ]
    app = SignInAttempt.objects.filter(user=mio.user, channel="app").values_list("device", "network")
    assert set(app) == {("Mio's phone", phone.network)}


@pytest.mark.requirement(5)
@pytest.mark.requirement(33)
def test_a_try_on_an_address_that_nobody_has_is_kept_alike_and_tied_to_nobody() -> None:
    ken = make_customer("ken")
    for email in (fresh_email("nobody"), "no address at all"):
        network = fresh_network()
        before = SignInAttempt.objects.count()
        for _try in range(13):
            give_password(anonymous_client(network), email, "not the password")
        kept = SignInAttempt.objects.order_by("pk")[before:].values_list("user", "result")
        # Ten were looked at; the refused ones after them are one row, however many there were.
        assert list(kept) == [(None, "wrong_password")] * 10 + [(None, "too_many")]
    network = fresh_network()
    for _try in range(13):
        give_password(anonymous_client(network), ken.email, "not the password")
    assert [one for one, _channel, _factor in results(ken)] == ["wrong_password"] * 10 + ["too_many"]


@pytest.mark.requirement(33)
def test_the_page_shows_ones_own_by_key_and_costs_the_same_for_many(
    tmp_path: Path, django_assert_max_num_queries
) -> None:
    mio, ken = make_customer("mio"), make_customer("ken")
    client = signed_in_client(mio)
    sign_in(anonymous_client(), ken)
    with django_assert_max_num_queries(12) as few:
        client.get(HISTORY)
    for number in range(60):
        tried(mio, f"Browser {number}", network="203.0.113.9")
    tried(ken, "Ken's secret browser")
    file = write_places(tmp_path / "places.mmdb", "203.0.113.0/24", TOKYO)
    with override_settings(PLACES_DATABASE=str(file)), django_assert_max_num_queries(12) as many:
        page = client.get(HISTORY)
    assert len(few) == len(many)
    body = page.content.decode()
    assert "Browser 59" in body and "Browser 34" not in body
    assert "203.0.113.9 · Tokyo, Japan" in body
    assert "Ken" not in body
    more = client.get(page.context["next_url"], headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in more
    assert "Browser 34" in more and "Browser 35" not in more and "Browser 9<" not in more
    shown = []
    before = None
    while True:
        part = history_page(mio.user.pk, before=before)
        shown += [one.device for one in part.attempts]
        if part.next_before is None:
            break
        before = part.next_before
    assert len(shown) == len(set(shown)) == 61
    for nonsense in ("x", "-1", "9" * 30):
        assert client.get(f"{HISTORY}?before={nonsense}").status_code == 200


def tried(person: Person, device: str, *, network: str = "198.51.100.7") -> None:
    SignInAttempt.objects.create(
        user=person.user, result="wrong_password", channel="browser", device=device, network=network
    )


@pytest.mark.requirement(33)
@pytest.mark.requirement(45)
def test_the_file_is_whole_readable_and_runs_nothing() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    tried(mio, '=HYPERLINK("https://evil.example")')
    tried(mio, "@SUM(1)\r\nX: y")
    answer = client.get(FILE)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="sign-ins-{mio.user.customer_number}.csv"'
    assert "no-store" in answer["Cache-Control"]
    raw = b"".join(answer.streaming_content)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0][:3] == ["When (Japan time)", "Result", "Second factor"]
    assert [row[3] for row in rows[1:]] == [
        "'@SUM(1)\r\nX: y", "'=HYPERLINK(\"https://evil.example\")", "Chrome on Windows",
    ]  # fmt: skip
    assert rows[3][1:3] == ["Signed in", "Authenticator app"]
    japanese = b"".join(client.get(FILE, HTTP_ACCEPT_LANGUAGE="ja").streaming_content).decode("utf-8-sig")
    assert "サインイン" in japanese.splitlines()[-1]
    assert anonymous_client().get(FILE).status_code == 302


@pytest.mark.requirement(45)
@pytest.mark.parametrize("sign", [*"=+-@\t\r\n＝＋－＠", " =", "\u3000="])
def test_no_cell_begins_a_formula(sign: str) -> None:
    header, line = csv_lines(["a"], [[f"{sign}1+1", -5]])
    assert header == "\ufeffa\r\n"
    (cells,) = csv.reader(io.StringIO(line, newline=""))
    assert cells == [f"'{sign}1+1", "-5"]


@pytest.mark.requirement(33)
def test_the_app_lists_tries_and_browsers_and_ends_them() -> None:
    mio, ken = make_customer("mio"), make_customer("ken")
    browser, other = signed_in_client(mio), signed_in_client(mio)
    kens = signed_in_client(ken)
    phone, tablet = Phone.signed_in(mio), Phone.signed_in(mio, name="Tablet")
    tried(ken, "Ken's")
    history = phone.get("/api/v1/me/sign-ins?page_size=2").json()
    assert [one["result"] for one in history["results"]] == ["succeeded", "succeeded"]
    assert [one["device"] for one in history["results"]] == ["Tablet", "Test phone"]
    assert history["next"]
    assert "Ken" not in str(phone.get("/api/v1/me/sign-ins?page_size=100").json())

    sessions = phone.get("/api/v1/sessions").json()["results"]
    assert [(one["device"], one["factor"]) for one in sessions] == [("Chrome on Windows", "totp")] * 2
    kens_id = Phone.signed_in(ken).get("/api/v1/sessions").json()["results"][0]["id"]
    assert phone.delete(f"/api/v1/sessions/{kens_id}").status == 404
    assert kens.get(HISTORY).status_code == 200
    assert phone.delete(f"/api/v1/sessions/{sessions[0]['id']}").status == 204
    assert phone.delete(f"/api/v1/sessions/{sessions[0]['id']}").status == 404
    assert (browser.get(HISTORY).status_code, other.get(HISTORY).status_code) == (200, 302)

    assert phone.post("/api/v1/sign-out/others", idempotency_key=None).status == 204
    assert browser.get(HISTORY).status_code == 302
    assert tablet.get("/api/v1/me").status == 401
    assert phone.get("/api/v1/me").status == 200
    assert phone.post("/api/v1/sign-out/everywhere", idempotency_key=None).status == 204
    assert phone.get("/api/v1/me").status == 401
    assert kens.get(HISTORY).status_code == 200


@pytest.mark.requirement(33)
def test_a_page_signs_everything_out_here_too() -> None:
    mio = make_customer("mio")
    here, there, phone = signed_in_client(mio), signed_in_client(mio), Phone.signed_in(mio)
    assert here.get(reverse("accounts:end_all_sessions")).status_code == 405
    here.post(reverse("accounts:end_all_sessions"))
    assert [one.get(HISTORY).status_code for one in (here, there)] == [302, 302]
    assert phone.get("/api/v1/me").status == 401
