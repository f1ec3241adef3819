"""Every address of the portal is closed unless it stands in the list here.

A new page that forgets to say who may see it is closed by the middleware; a new page that opens itself fails this
test until somebody has written it down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from tests.api_client import Phone
from tests.people import (
    anonymous_client,
    half_signed_in_client,
    make_customer,
    make_staff,
    signed_in_client,
)

pytestmark = pytest.mark.django_db

# Patterns that answer people who are not signed in. Each has its own guard and its own tests.
OPEN_PAGES = {
    "livez",
    "readyz",
    "metrics",
    "language/",
    "manifest.webmanifest",
    ".well-known/change-password",
    ".well-known/security.txt",
    # Answers every unknown address below it with a problem.
    "api/",
    # Guarded by the processor's signature.
    "processors/<slug:processor>/events/",
    "sign-in/",
    "sign-out/",
    "sign-up/",
    "sign-up/code/",
    "sign-up/code/again/",
    "sign-up/about/",
    "sign-up/factor/",
    "sign-up/app/",
    "sign-up/codes/",
    "reset/",
    "reset/sent/",
    "reset/link/<str:token>/",
    "reset/new-password/",
    "lock/",
    "lock/code/",
    "recovery/",
    "recovery/ask/",
    "recovery/asked/",
    "recovery/code/",
    "recovery/mail/",
    "recovery/mail/again/",
    "recovery/link/<str:token>/",
    "recovery/password/",
    "recovery/password/forgot/",
    "recovery/app/",
    "recovery/codes/",
    "recovery/stop/<str:token>/",
    "undo/<str:token>/",
    "undo/sign-in/<str:token>/",
}
OPEN_PREFIXES = ("demo/", "api/v1/")
DUMMIES = {
    "int": "1",
    "str": "x",
    "slug": "x",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "path": "x",
}


def addresses(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every pattern of the portal with its view."""
    for one in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(one.pattern).removeprefix("^")
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        elif isinstance(one, URLPattern):
            yield route, one.callback


def concrete(route: str) -> str:
    """An address that fits the pattern."""
    filled = re.sub(r"<(?:(\w+):)?\w+>", lambda m: DUMMIES[m.group(1) or "str"], route)
    filled = re.sub(r"\(\?P<\w+>[^)]*\)", "x", filled)
    return "/" + filled.rstrip("$").replace("\\Z", "")


def closed_addresses() -> list[str]:
    return sorted({concrete(route) for route, view in addresses() if getattr(view, "login_required", True)})


def opened_patterns() -> set[str]:
    return {
        route
        for route, view in addresses()
        if not getattr(view, "login_required", True) and not route.startswith(OPEN_PREFIXES)
    }


def refused(client: Client, address: str) -> list[str]:
    """The methods that were let through; empty when the page is closed."""
    through = []
    for method in ("get", "post", "put", "delete", "patch", "head", "options"):
        response = getattr(client, method)(address)
        sent_to_sign_in = response.status_code == 302 and response["Location"].startswith(
            reverse("accounts:sign_in")
        )
        if not sent_to_sign_in and response.status_code != 404:
            through.append(f"{method} {address} -> {response.status_code}")
    return through


@pytest.mark.requirement(7)
def test_the_open_pages_are_exactly_these() -> None:
    assert opened_patterns() == OPEN_PAGES


@pytest.mark.requirement(7)
def test_a_stranger_gets_nowhere_by_any_method() -> None:
    client = anonymous_client()
    assert [line for address in closed_addresses() for line in refused(client, address)] == []


@pytest.mark.requirement(7, 13)
def test_a_password_alone_gets_nowhere_by_any_method() -> None:
    client = half_signed_in_client(make_customer("aya"))
    assert [line for address in closed_addresses() for line in refused(client, address)] == []


# What an app asks before it has a token: the proof of its key is needed, and each step proves something itself.
OPEN_TO_A_KEY = {
    "sign_in", "sign_in_factor", "sign_in_passkey", "ask_passkey_alone", "passkey_alone",
    "token_refresh", "sign_up", "sign_up_code", "sign_up_code_again",
    "sign_up_person", "sign_up_app", "sign_up_passkey_options", "sign_up_passkey", "sign_up_finish", "recovery",
    "recovery_mail", "recovery_mail_again", "recovery_link", "recovery_app", "recovery_finish", "recovery_ask",
    "password_reset", "password_reset_passkey", "password_reset_finish", "lock", "lock_confirm",
}  # fmt: skip
# Documentation, for everybody.
OPEN_API = {"schema", "docs"}


@pytest.mark.requirement(7, 13, 35)
def test_no_session_and_no_half_proof_opens_the_api_by_any_method() -> None:
    """A cookie opens nothing there, whole or half; the challenge that a password has brought an app is no token."""
    aya = make_customer("aya")
    phone = Phone()
    half = phone.prove_password(aya.email, aya.password).json()["auth_session"]
    browsers = {"half": half_signed_in_client(aya), "whole": signed_in_client(aya)}
    through = []
    for name, address in api_addresses():
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
            for who, browser in browsers.items():
                if (status := browser.generic(method, address, "{}", "application/json").status_code) != 401:
                    through.append(f"{who} session: {method} {address} -> {status}")
            if name not in OPEN_TO_A_KEY and method != "HEAD":
                body = {} if method in ("POST", "PATCH") else None
                if (status := phone.request(method, address, body, token=half).status) != 401:
                    through.append(f"a challenge as token: {method} {address} -> {status}")
    assert through == []


def api_addresses() -> list[tuple[str, str]]:
    """Every address of the API with its name."""
    v1 = next(one for one in resolvers(get_resolver().url_patterns) if one.namespace == "v1")
    found = [(str(name), concrete("api/v1/" + route)) for route, name in named(v1.url_patterns)]
    assert {name for name, _address in found} >= OPEN_TO_A_KEY | OPEN_API
    return [one for one in found if one[0] not in OPEN_API]


def named(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from named(one.url_patterns, prefix + str(one.pattern))
        else:
            yield prefix + str(one.pattern), str(one.name)


def resolvers(patterns: list[Any]) -> Iterator[URLResolver]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield one
            yield from resolvers(one.url_patterns)


@pytest.mark.requirement(38)
def test_staff_with_only_a_password_get_nothing_of_the_admin() -> None:
    client = half_signed_in_client(make_staff("rin", superuser=True))
    inside = [address for address in closed_addresses() if address.startswith("/admin/")]
    assert inside
    assert [line for address in inside for line in refused(client, address)] == []


@pytest.mark.requirement(38)
def test_a_customer_never_learns_that_there_is_an_admin() -> None:
    client = signed_in_client(make_customer("aya"))
    inside = [address for address in closed_addresses() if address.startswith("/admin/")]
    statuses = {address: client.get(address).status_code for address in inside}
    assert set(statuses.values()) == {404}, statuses


@pytest.mark.requirement(38)
def test_staff_have_no_wallet() -> None:
    client = signed_in_client(make_staff("rin"))
    for name in ("payments:home", "payments:activity", "accounts:security"):
        response = client.get(reverse(name))
        assert (response.status_code, response["Location"]) == (302, reverse("admin:index"))


@pytest.mark.requirement(43)
def test_signed_in_pages_are_not_stored_and_carry_the_headers() -> None:
    response = signed_in_client(make_customer("aya")).get(reverse("accounts:security"))
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store, private"
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "strict-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in response["Permissions-Policy"]


@pytest.mark.requirement(22)
def test_forwarding_headers_of_a_stranger_are_not_believed() -> None:
    client = anonymous_client("203.0.113.9")
    response = client.get(
        reverse("accounts:sign_in"),
        headers={"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Host": "evil.example.com"},
    )
    assert response.wsgi_request.META["REMOTE_ADDR"] == "203.0.113.9"
    assert "evil.example.com" not in response.content.decode()


def test_behind_our_own_proxy_the_clients_address_is_the_one_it_wrote(settings) -> None:
    settings.TRUSTED_PROXIES = 1
    response = anonymous_client("10.0.0.1").get(
        "/livez", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    )
    assert response.wsgi_request.META["REMOTE_ADDR"] == "203.0.113.9"


def test_a_foreign_host_is_refused() -> None:
    assert anonymous_client().get("/livez", headers={"Host": "evil.example.com"}).status_code == 400


def test_alive_and_ready_say_so() -> None:
    client = anonymous_client()
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready", "database": "up", "redis": "up"}


def test_ready_names_the_part_that_is_down(valkey) -> None:
    valkey.kill()
    response = anonymous_client().get("/readyz")
    assert (response.status_code, response.json()["redis"]) == (503, "down")


def test_figures_are_for_the_holder_of_the_token(settings) -> None:
    client = anonymous_client()
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "a-token-for-this-test"
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 404
    response = client.get("/metrics", headers={"Authorization": "Bearer a-token-for-this-test"})
    assert response.status_code == 200
    assert b"django_http_requests_total_by_method" in response.content
    assert b'kakehashi_notices_owed{priority="security"}' in response.content


def test_whom_to_tell_of_a_weakness() -> None:
    text = anonymous_client().get("/.well-known/security.txt").content.decode()
    assert text.startswith("Contact: mailto:")
    expires = datetime.fromisoformat(re.search(r"^Expires: (.+)$", text, re.MULTILINE)[1])
    assert timedelta(days=30) < expires - timezone.now() < timedelta(days=365)
