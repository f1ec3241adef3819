"""/demo/: the demo people with their current codes, everybody's mail and messages. Development and tests only."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from csp.decorators import csp_replace, csp_update
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe
from django_otp.oath import TOTP

from accounts.models import CredentialChange, SignUp, TotpDevice, User
from accounts.two_factor.codes import TOTP_STEP_SECONDS
from support.roles import ROLES
from wallet_site.browsers import browser_of, write_secret
from wallet_site.local import mail, phones
from wallet_site.local.people import DEMO_BROWSER, DEMO_PASSWORD, EVERYBODY, DemoPerson, seeded
from wallet_site.web import public

OTHERS_SHOWN = 20
MAILS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Code:
    """What an authenticator app would show now for one key. `used`: that code has already let somebody in."""

    seed: str
    digits: str
    valid_until: datetime
    used: bool = False

    @property
    def typed_key(self) -> str:
        """The key in groups of four, as sign-up shows it."""
        return " ".join(self.seed[i : i + 4] for i in range(0, len(self.seed), 4))

    @property
    def grouped(self) -> str:
        return f"{self.digits[:3]} {self.digits[3:]}"


@dataclass(frozen=True, slots=True)
class Row:
    """One person on the page. `password` is None when it is not the demo password any more, or never was."""

    name: str
    email: str
    role: str
    password: str | None
    codes: tuple[Code, ...]


def code_for(seed: str, *, last_step: int = -1) -> Code:
    """The current code of an authenticator key."""
    totp = TOTP(base64.b32decode(seed), step=TOTP_STEP_SECONDS)
    totp.time = time.time()
    step = int(totp.t())
    ends = datetime.fromtimestamp((step + 1) * TOTP_STEP_SECONDS, tz=UTC)
    return Code(seed, f"{totp.token():06d}", ends, used=last_step >= step)


def demo_rows() -> list[Row]:
    """The demo people that exist, in the order of `people`."""
    found = seeded()
    users = list(found.values())
    changed = set(
        CredentialChange.objects.filter(user__in=users, kind="password_changed").values_list(
            "user_id", flat=True
        )
    )
    devices = _codes_of(users)
    return [
        _row(person, found[person.email], devices, changed) for person in EVERYBODY if person.email in found
    ]


def _row(person: DemoPerson, user: User, codes: dict[int, tuple[Code, ...]], changed: set[int]) -> Row:
    password = None if user.pk in changed else DEMO_PASSWORD
    return Row(user.full_name, user.email, _role_label(person.role), password, codes.get(user.pk, ()))


def _role_label(role: str) -> str:
    return next((str(words) for name, words in ROLES.items() if name == role), _("Customer"))


def _codes_of(users: list[User]) -> dict[int, tuple[Code, ...]]:
    codes: dict[int, tuple[Code, ...]] = {}
    for device in TotpDevice.objects.filter(user__in=users, confirmed=True).order_by("pk"):
        code = code_for(device.seed, last_step=device.last_step)
        codes[device.user_id] = (*codes.get(device.user_id, ()), code)
    return codes


def other_rows() -> list[Row]:
    """Whoever signed up here, and who is about to: their passwords are theirs, their codes are shown."""
    demo = [user.pk for user in seeded().values()]
    users = list(User.objects.exclude(pk__in=demo).order_by("-pk")[:OTHERS_SHOWN])
    codes = _codes_of(users)
    waiting = SignUp.objects.filter(~Q(totp_seed=None), user=None, expires_at__gt=timezone.now()).order_by(
        "-created_at"
    )[:OTHERS_SHOWN]
    return [
        *(
            Row(one.full_name, one.email, _("Signing up"), None, (code_for(one.totp_seed or ""),))
            for one in waiting
        ),
        *(
            Row(user.full_name, user.email, user.get_kind_display(), None, codes.get(user.pk, ()))
            for user in users
        ),
    ]


@public
@require_safe
@never_cache
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who can sign in here; an htmx request gets the lists alone, each time a code has run out.

    A browser that has not signed in here yet becomes the demo people's own.
    """
    template = "demo/people_lists.html" if request.headers.get("HX-Request") else "demo/people.html"
    context = {
        "nav": "people",
        "rows": demo_rows(),
        "others": other_rows(),
        "code_ends": code_for("A" * 32).valid_until,
    }
    response = render(request, template, context)
    if not browser_of(request):
        write_secret(response, DEMO_BROWSER)
    return response


@public
@require_safe
@never_cache
def mailboxes(request: HttpRequest) -> HttpResponse:
    """Every address that got mail, and every phone that got a message."""
    context = {"nav": "mail", "mailboxes": mail.mailboxes(), "phones": phones.phones()}
    return render(request, "demo/mailboxes.html", context)


@public
@require_safe
@never_cache
def phone(request: HttpRequest, channel: str, address: str) -> HttpResponse:
    """What one number or device got, newest first."""
    found = phones.phone_messages(channel, address)[:MAILS_SHOWN]
    context = {"nav": "mail", "address": address, "messages_shown": found}
    return render(request, "demo/phone.html", context)


@public
@require_safe
@never_cache
def mailbox(request: HttpRequest, address: str) -> HttpResponse:
    """The mail of one address, newest first. An address that never got any is an empty mailbox."""
    mails = mail.messages_of(address)
    context = {"nav": "mail", "address": address, "mails": mails[:MAILS_SHOWN], "count": len(mails)}
    return render(request, "demo/mailbox.html", context)


@public
@require_safe
@never_cache
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]  # its types know views without arguments only
def message(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """One mail: its headers, its text, and its HTML in a frame that can run nothing."""
    return render(request, "demo/message.html", {"nav": "mail", "mail": _found(address, name)})


@public
@require_safe
@never_cache
@xframe_options_sameorigin
@csp_replace(  # type: ignore[arg-type]  # as above
    {
        "default-src": ["'none'"],
        "style-src": ["'unsafe-inline'"],
        "img-src": ["data:"],
        "frame-ancestors": ["'self'"],
        "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
    }
)
def message_html(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """The HTML part as a mail program would show it; its links open in a window of their own."""
    html = _found(address, name).html
    if not html:
        raise Http404
    return HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))


def _found(address: str, name: str) -> mail.StoredMail:
    found = mail.find_message(address, name)
    if found is None:
        raise Http404
    return found
