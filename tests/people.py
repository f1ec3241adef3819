"""Named people for tests. Each call makes somebody new, with an address of their own.

`aya` and `ken` are ordinary customers, `mio` reads English, `rin` is an agent, `sota` a supervisor; `nobody` is the one
with no access: an account without any second factor, who must get in nowhere.

    aya = make_customer("aya")
    client = signed_in_client(aya)
    client.post(url, {"code": totp_now(aya)})
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest
from django.test import Client
from django_otp.oath import TOTP

from accounts.actions.sign_ins import begin_sign_in
from accounts.models import TotpDevice, User
from accounts.two_factor.codes import new_recovery_codes, new_seed, write_recovery_codes
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

PASSWORD = "a quiet harbour at dawn"
NAMES = {
    "aya": ("Aya Sato", "ja"),
    "ken": ("Ken Mori", "ja"),
    "mio": ("Mio Brown", "en"),
    "rin": ("Rin Abe", "ja"),
    "sota": ("Sota Ito", "ja"),
    "nobody": ("Nanashi", "ja"),
}


@dataclass(frozen=True)
class Person:
    """Somebody with everything needed to sign in as them. `seed` is "" for somebody without a second factor."""

    user: User
    password: str
    seed: str
    recovery_codes: list[str] = field(default_factory=list)
    network: str = ""
    browser: str = ""

    @property
    def email(self) -> str:
        return self.user.email

    @property
    def actor(self) -> Actor:
        kind = "staff" if self.user.is_staff else "customer"
        return Actor(
            kind=kind,
            user_id=self.user.pk,
            network=self.network,
            device="Chrome on Windows",
            browser=self.browser,
        )


def make_customer(name: str = "aya", *, email: str = "", factor: bool = True, language: str = "") -> Person:
    """A customer with password, authenticator app and recovery codes; the wallet comes by the database's trigger."""
    full_name, spoken = NAMES.get(name, (name.title(), "ja"))
    with recorded(Actor.system("tests")):
        user = User.objects.create_customer(
            email=email or fresh_email(name),
            full_name=full_name,
            password_hash=_hashed(PASSWORD),
            language=language or spoken,
        )
        return _with_factors(user, factor=factor and name != "nobody")


def make_staff(
    name: str = "rin",
    *,
    factor: bool = True,
    superuser: bool = False,
    groups: Iterable[str] = (),
    permissions: Iterable[str] = (),
    language: str = "",
) -> Person:
    """A member of staff with a second factor; rights by group names or by "app.codename"."""
    full_name, spoken = NAMES.get(name, (name.title(), "ja"))
    with recorded(Actor.system("tests")):
        user = User.objects.create_staff(
            email=fresh_email(name), full_name=full_name, password=PASSWORD, language=language or spoken
        )
        if superuser:
            user.is_superuser = True
            user.save(update_fields=["is_superuser"])
        user.groups.set(Group.objects.filter(name__in=list(groups)))
        for wanted in permissions:
            app, codename = wanted.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        return _with_factors(user, factor=factor)


def _with_factors(user: User, *, factor: bool) -> Person:
    if not factor:
        return Person(user=user, password=PASSWORD, seed="", network=fresh_network())
    seed, codes = new_seed(), new_recovery_codes()
    TotpDevice.objects.create(user=user, name="Phone", confirmed=True, seed=seed)
    write_recovery_codes(user, codes)
    return Person(user=user, password=PASSWORD, seed=seed, recovery_codes=codes, network=fresh_network())


def fresh_email(name: str) -> str:
    """An address nobody has yet."""
    return f"{name}.{secrets.token_hex(4)}@example.com"


def fresh_network() -> str:
    """An address of a network that has tried nothing yet, so that one test's limits never reach another's."""
    return "10." + ".".join(str(secrets.randbelow(254) + 1) for _ in range(3))


@lru_cache(maxsize=8)
def _hashed(password: str) -> str:
    return make_password(password)


def totp_code(seed: str, *, at: float | None = None) -> str:
    """What an authenticator app with this seed shows."""
    totp = TOTP(base64.b32decode(seed))
    totp.time = time.time() if at is None else at
    return f"{totp.token():06d}"


def totp_now(person: Person) -> str:
    """The code on the person's phone, made usable again if a test has used it within these thirty seconds."""
    TotpDevice.objects.filter(user=person.user).update(last_step=-1)
    return totp_code(person.seed)


def wrong_code(person: Person) -> str:
    """Six digits that are none of the codes that would be taken now."""
    right = {totp_code(person.seed, at=time.time() + 30 * step) for step in range(-3, 4)}
    return next(code for code in (f"{n:06d}" for n in range(100_000, 100_010)) if code not in right)


def anonymous_client(network: str = "") -> Client:
    """A browser of nobody in particular, in a network of its own."""
    return Client(
        REMOTE_ADDR=network or fresh_network(), HTTP_USER_AGENT=USER_AGENT, HTTP_ACCEPT_LANGUAGE="en"
    )


USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36"
)


def session_key_for(person: Person) -> str:
    """A signed-in, verified session in the database, made by the same calls as the sign-in page's."""
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = person.network
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    # django-otp writes its device only for a request that knows its user.
    request.user = person.user
    device = TotpDevice.objects.filter(user=person.user, confirmed=True).first()
    person.user.refresh_from_db()
    person.user.otp_device = device  # type: ignore[attr-defined]
    login(request, person.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    key = request.session.session_key
    assert key is not None
    begin_sign_in(person.user, session_key=key, factor="totp", actor=person.actor)
    return key


def signed_in_client(person: Person, *, language: str = "en") -> Client:
    """A browser in which the person is signed in with a second factor proven just now."""
    client = Client(REMOTE_ADDR=person.network, HTTP_USER_AGENT=USER_AGENT, HTTP_ACCEPT_LANGUAGE=language)
    client.cookies[settings.SESSION_COOKIE_NAME] = session_key_for(person)
    return client


def half_signed_in_client(person: Person) -> Client:
    """A forged in-between: a session that knows the user but has proven no second factor."""
    client = Client(REMOTE_ADDR=person.network, HTTP_USER_AGENT=USER_AGENT, HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(person.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    key = client.session.session_key
    assert key is not None
    begin_sign_in(person.user, session_key=key, factor="", actor=person.actor)
    return client
