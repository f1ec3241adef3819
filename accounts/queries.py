"""What pages show about somebody's account: questions without side effects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import (
    ApiDevice,
    ContactChange,
    ContactKind,
    CredentialChange,
    NoticeAddress,
    Recovery,
    RecoveryCodeSet,
    SignIn,
    SignUp,
    User,
)
from accounts.models.recoveries import OPEN_STATES
from accounts.two_factor.methods import Factor, list_factors

Step = Literal["code", "about", "factor", "saved"]
# With so many recovery codes or fewer it is time to make new ones.
CODES_TOO_FEW = 3


def sign_up_in_progress(sign_up_id: str | None) -> SignUp | None:
    """The sign-up of that id if it has neither expired nor become an account."""
    try:
        wanted = UUID(sign_up_id or "")
    except ValueError:
        return None
    return SignUp.objects.filter(pk=wanted, user=None, expires_at__gt=timezone.now()).first()


def step_of(sign_up: SignUp) -> Step:
    """The one step that a sign-up is at."""
    if sign_up.email_confirmed_at is None:
        return "code"
    if not sign_up.password_hash:
        return "about"
    return "factor" if sign_up.totp_step is None and sign_up.passkey is None else "saved"


@dataclass(frozen=True, slots=True)
class Contacts:
    """Where somebody signs in and is told; "" for what they do not have. `pending` waits to be confirmed."""

    email: str
    notice_email: str
    phone: str
    pending: list[ContactChange]

    def waiting(self, kind: ContactKind) -> ContactChange | None:
        """The change of that kind which waits."""
        return next((one for one in self.pending if one.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Security:
    """Everything that the security page shows about one person's ways in. No secret among it."""

    factors: list[Factor]
    codes_left: int
    codes_made_at: datetime | None
    contacts: Contacts
    sessions: list[SignIn]
    api_devices: list[ApiDevice]
    changes: list[CredentialChange]

    @property
    def has_one_factor(self) -> bool:
        """Whether one more removal would leave none: then it is not offered."""
        return len(self.factors) <= 1

    @property
    def passkeys(self) -> list[Factor]:
        """Those of the factors that are passkeys."""
        return [one for one in self.factors if one.method == "passkey"]

    @property
    def apps(self) -> list[Factor]:
        """Those of the factors that are authenticator apps."""
        return [one for one in self.factors if one.method == "totp"]

    @property
    def codes_are_few(self) -> bool:
        """Whether it is time for new recovery codes."""
        return self.codes_left <= CODES_TOO_FEW


def security_of(user: User, *, changes: int = 8) -> Security:
    """Six queries, whatever the person has."""
    codes_made_at, codes_left, notice_email = (
        User.objects.filter(pk=user.pk)
        .annotate(left=Count("recovery_codes__codes", filter=Q(recovery_codes__codes__used_at=None)))
        .values_list("recovery_codes__created_at", "left", "notice_address__email")
        .get()
    )
    return Security(
        factors=list_factors(user),
        codes_left=codes_left,
        codes_made_at=codes_made_at,
        contacts=_contacts(user, notice_email),
        sessions=sign_ins(user),
        api_devices=list(ApiDevice.objects.filter(user=user, revoked_at=None).order_by("-last_seen_at")[:20]),
        changes=list(CredentialChange.objects.filter(user=user).order_by("-pk")[:changes]),
    )


@dataclass(frozen=True, slots=True)
class CodesLeft:
    """How many recovery codes still count, and since when there are these; None where there are none."""

    left: int
    made_at: datetime | None

    @property
    def are_few(self) -> bool:
        """Whether it is time for new ones."""
        return self.left <= CODES_TOO_FEW


def codes_left(user: User) -> CodesLeft:
    """One query."""
    unused = Count("codes", filter=Q(codes__used_at=None))
    found = RecoveryCodeSet.objects.filter(user=user, confirmed=True).annotate(left=unused).first()
    return CodesLeft(found.left, found.created_at) if found else CodesLeft(0, None)


def contacts_of(user: User) -> Contacts:
    """Two queries."""
    second = NoticeAddress.objects.filter(user=user).first()
    return _contacts(user, second.email if second else None)


def _contacts(user: User, notice_email: str | None) -> Contacts:
    waiting = ContactChange.objects.filter(user=user, expires_at__gt=timezone.now()).order_by("created_at")
    return Contacts(
        email=user.email, notice_email=notice_email or "", phone=user.phone or "", pending=list(waiting)
    )


def sign_ins(user: User, *, limit: int = 50) -> list[SignIn]:
    """The browsers that are signed in now, last seen first. Those idle or old too long are out at their return."""
    live = live_sign_ins(is_staff=user.is_staff).filter(user=user)
    return list(live.order_by("-last_seen_at")[:limit])


def live_sign_ins(*, is_staff: bool) -> QuerySet[SignIn]:
    """Everybody's sessions that would still be let in: neither ended nor idle or old too long."""
    now = timezone.now()
    idle, total = session_lifetimes(is_staff=is_staff)
    return SignIn.objects.filter(ended_at=None, last_seen_at__gt=now - idle, started_at__gt=now - total)


def being_recovered() -> Exists:
    """For sign-ins: whether somebody is getting into the person's account without its second factor."""
    return Exists(Recovery.objects.filter(user=OuterRef("user"), state__in=OPEN_STATES))


def session_lifetimes(*, is_staff: bool) -> tuple[timedelta, timedelta]:
    """How long a session lasts that nobody uses, and how long at most (requirement 32)."""
    if is_staff:
        return settings.STAFF_SESSION_IDLE, settings.STAFF_SESSION_TOTAL
    return settings.CUSTOMER_SESSION_IDLE, settings.CUSTOMER_SESSION_TOTAL
