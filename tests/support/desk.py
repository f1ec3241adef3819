"""Who works at the desk in tests, and every page of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.contrib import admin
from django.test import Client
from django.urls import URLPattern

from accounts.actions.suspensions import suspend
from accounts.models import Suspension, User
from tests.people import Person, make_staff
from wallet_site.actor import Actor


def agent(name: str = "rin") -> Person:
    return make_staff(name, groups=["agent"])


def supervisor(name: str = "sota") -> Person:
    return make_staff(name, groups=["supervisor"])


def every_page() -> Iterator[str]:
    """An address for every pattern of the admin site, with made-up ids."""
    for pattern in admin.site.get_urls():
        if isinstance(pattern, URLPattern):
            route = str(pattern.pattern)
            route = route.replace("<uuid:public_id>", str(uuid.uuid4())).replace("^", "").replace("$", "")
            for part, value in {
                "<slug:name>": "top_up",
                "<int:number>": "1",
                "<int:delivery_id>": "1",
                "<int:content_type_id>": "1",
                "<path:object_id>": "1",
                "(?P<app_label>)": "support",
                "(?P<url>.*)": "anything",
            }.items():
                route = route.replace(part, value)
            yield f"/admin/{route}"


def page_of(person: Person, what: str = "") -> str:
    return f"/admin/customers/{person.user.public_id}/{what}"


def stop(person: Person, scope: str = "all", *, by: Person | None = None) -> Suspension:
    """A live stop of the customer, made by the system or by a member of staff."""
    return suspend(
        person.user,
        scope=scope,
        reason_code="takeover",
        reason="seen by a test",
        channel="agent" if by else "system",
        actor=by.actor if by else Actor.system("tests"),
    )


def stop_by_page(client: Client, person: Person, scope: str = "all") -> None:
    """What an agent does: fill in, read, confirm."""
    form = {"scope": scope, "reason_code": "takeover", "reason": "called us", "ends_at": ""}
    shown = client.post(page_of(person, "suspend/"), {**form, "do": "review"})
    assert shown.status_code == 200, shown.content
    assert not Suspension.objects.filter(user=person.user).exists()
    done = client.post(page_of(person, "suspend/"), {**form, "do": "confirm"})
    assert done.status_code == 302, done.content


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)
