"""A stolen token without the device's key opens nothing: every method of every address, as the URL conf has them.

A new address is asked by itself; one that takes a customer's token in another way than all the others fails here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import StringConverter, UUIDConverter

from accounts.api.authentication import DeviceKeyAuthentication, DeviceTokenAuthentication
from accounts.models import AccessToken, ApiDevice, CredentialChange, RefreshToken
from tests.api_client import Answer, Phone
from tests.people import make_customer
from wallet_site.outbox.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(35)]

# Nobody's data: the document, the page that shows it, and what answers where there is nothing.
PUBLIC = {"SchemaView", "DocsView", "UnknownPath"}
VALUES = {UUIDConverter: "5d0c1f6e-6a0d-4f0e-9b1e-0b1f4f6f9a55", StringConverter: "email"}


def addresses(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    """Each path below `prefix` with its view class, an id in the place of each parameter."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, path)
        elif isinstance(entry, URLPattern):
            for name, converter in entry.pattern.converters.items():
                value = VALUES.get(type(converter), "1")
                path = path.replace(f"<{_kind(str(entry.pattern), name)}{name}>", value)
            yield path, getattr(entry.callback, "cls", None)


def _kind(pattern: str, name: str) -> str:
    return pattern.split(f"{name}>")[0].rpartition("<")[2]


def everything() -> list[tuple[str, str, Any]]:
    found = [
        (method.upper(), f"/{path}", view)
        for path, view in addresses(get_resolver(), "")
        if path.startswith("api/") and view.__name__ not in PUBLIC
        for method in view.http_method_names
        if hasattr(view, method) and method != "options"
    ]
    assert len(found) > 40, "the walk has lost its way"
    assert not [path for _method, path, _view in found if "<" in path]
    return found


def takes(view: Any, authentication: type) -> bool:
    return authentication in view.authentication_classes


def test_a_stolen_access_token_gets_401_at_every_address() -> None:
    aya = make_customer("aya")
    phone, thief = Phone.signed_in(aya), Phone()
    stolen = thief.access_token = phone.access_token
    seen = 0
    for method, path, view in everything():
        answer = thief.request(method, path, {})  # signed with the thief's own key
        if takes(view, DeviceKeyAuthentication):
            # Here no token is asked, so that none opens anything: somebody on the way in gets what anybody gets.
            assert answer.status == Phone().request(method, path, {}).status, (method, path)
            assert aya.email.encode() not in answer.content, (method, path)
            continue
        bearer = thief.request(method, path, {}, headers={"Authorization": f"Bearer {stolen}"})
        assert {answer.status, bearer.status} == {401}, (method, path)
        if takes(view, DeviceTokenAuthentication):
            seen += 1
            assert (answer.code, bearer.code) == ("invalid-token", "token-missing"), (method, path)
            assert all(one.headers["www-authenticate"].startswith("DPoP ") for one in (answer, bearer))
    assert seen > 25
    assert phone.get("/api/v1/me").status == 200, "it harmed the owner in nothing"
    assert ApiDevice.objects.get(public_id=phone.device_id).revoked_at is None


def test_no_other_way_of_bringing_a_stolen_token_does_any_better() -> None:
    phone, thief, path = Phone.signed_in(make_customer("aya")), Phone(), "/api/v1/me"
    stolen = thief.access_token = phone.access_token
    caught = phone.proof("GET", "/api/v1/else", token=stolen)
    used = phone.proof("GET", path, token=stolen)
    assert phone.get(path, proof=used).status == 200
    ways: list[Answer] = [
        *(thief.get(path, proof=proof) for proof in ("", "not.a.proof", caught, used)),
        thief.get(path, headers={"Authorization": f"Basic {stolen}"}),
        thief.get(path, headers={"Authorization": stolen}),
        thief.get(f"{path}?access_token={stolen}", token=""),
        thief.get(path, token="", headers={"Cookie": f"access_token={stolen}"}),
    ]
    assert {one.status for one in ways} == {401}
    assert all(one.headers["www-authenticate"].startswith("DPoP ") for one in ways)


def test_a_stolen_refresh_token_gets_401_and_ends_what_it_was_stolen_from() -> None:
    aya = make_customer("aya")
    phone, thief = Phone.signed_in(aya), Phone()
    stolen = phone.refresh_token
    assert thief.get("/api/v1/me", token=stolen).code == "invalid-token", "it is no access token"
    assert phone.get("/api/v1/me").status == 200
    path, body = "/api/v1/token/refresh", {"refresh_token": stolen}
    for proof in (
        "",
        "not.a.proof",
        phone.proof("POST", "/api/v1/sign-in"),
        phone.proof("POST", path, nonce=None),
    ):
        # No proof, one for another address, one that was made without a nonce of ours: not even looked at.
        assert thief.post(path, body, proof=proof, idempotency_key=None).status == 401
    assert ApiDevice.objects.get(public_id=phone.device_id).revoked_at is None
    assert thief.refresh(stolen).code == "invalid-refresh-token"
    device = ApiDevice.objects.get(public_id=phone.device_id)
    assert device.revoked_why == "refresh_under_other_key"
    assert not AccessToken.objects.filter(device=device).exists()
    assert not RefreshToken.objects.filter(device=device, used_at=None).exists()
    assert {phone.get("/api/v1/me").status, phone.refresh(stolen).status} == {401}
    change = CredentialChange.objects.get(user=aya.user, kind="api_device_removed")
    assert Event.objects.get(key=f"credential-change:{change.pk}").priority == "security"
