"""How well somebody's access is set up: the facts behind the home page's check. One query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now

from accounts.models import ApiDevice, Passkey, RecoveryCode, TotpDevice, User
from accounts.queries import CODES_TOO_FEW, live_sign_ins

# An app nobody has used for so long is worth a look. Browsers are signed out by the clock, long before.
STALE_AFTER = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class SecurityFacts:
    """Counts only, never a secret. Devices: browsers and apps that are signed in now."""

    authenticators: int
    passkeys: int
    recovery_codes_left: int
    browsers: int
    apps: int
    stale_devices: int

    @property
    def factors(self) -> int:
        """All with which a second factor can be proven; recovery codes are but the spare."""
        return self.authenticators + self.passkeys

    @property
    def devices(self) -> int:
        """All that is signed in."""
        return self.browsers + self.apps

    @property
    def codes_are_few(self) -> bool:
        """Whether it is time for new recovery codes."""
        return self.recovery_codes_left <= CODES_TOO_FEW


def security_facts(user_id: int) -> SecurityFacts:
    """The facts of one customer."""
    browsers = live_sign_ins(is_staff=False).filter(user=OuterRef("pk"))
    apps = ApiDevice.objects.filter(user=OuterRef("pk"), revoked_at=None)
    row = (
        User.objects.filter(pk=user_id)
        .annotate(
            authenticators=_count(TotpDevice.objects.filter(user=OuterRef("pk"), confirmed=True)),
            keys=_count(Passkey.objects.filter(user=OuterRef("pk"), confirmed=True)),
            codes_left=_count(RecoveryCode.objects.filter(code_set__user=OuterRef("pk"), used_at=None)),
            browsers=_count(browsers),
            apps=_count(apps),
            stale=_count(apps.filter(last_seen_at__lt=Now() - STALE_AFTER)),
        )
        .values_list("authenticators", "keys", "codes_left", "browsers", "apps", "stale")
        .get()
    )
    return SecurityFacts(*row)


def _count(rows: QuerySet[Any]) -> Coalesce:
    of_all = rows.order_by().annotate(all=Value(1)).values("all").annotate(number=Count("*"))
    return Coalesce(Subquery(of_all.values("number")), 0)
