"""The demo people: who they are and what they sign in with. Fictitious, all of them.

The password is the same for everybody and known to the world; authenticator keys differ from installation to
installation (they are derived from its LOOKUP_KEY), so a key seen in a picture opens nothing elsewhere.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

from django.db.models import Q

from accounts.models import User
from wallet_site.crypto import digest

DEMO_PASSWORD = "bridge-over-water-2019"  # noqa: S105  (shown on the demo page; production does not have this module)

# The secret of the browser in which the demo people have lived (`wallet_site.browsers`). Who looks at the demo page
# gets it: otherwise each of them would meet the lower limits of a new device on the first day.
DEMO_BROWSER = "the-browser-of-the-demo-people"

Role = Literal[
    "customer", "agent", "supervisor", "fraud_analyst", "finance", "communications", "auditor"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One fictitious person. `monthly_minor` is roughly what a customer spends in a month, in yen."""

    email: str
    full_name: str
    language: Literal["ja", "en"]
    role: Role = "customer"
    phone: str | None = None
    monthly_minor: int = 0
    about: str = ""

    @property
    def totp_seed(self) -> str:
        """20 bytes in base32, the same at every call on this installation."""
        return base64.b32encode(digest(self.email, "demo-totp")[:20]).decode()


CUSTOMERS = (
    DemoPerson("aya@example.com", "森 彩", "ja", phone="+819012340001", monthly_minor=48_000),
    DemoPerson("ken@example.com", "小野 健", "ja", phone="+819012340002", monthly_minor=31_000),
    DemoPerson("mei@example.com", "田中 芽衣", "ja", phone="+819012340003", monthly_minor=22_000),
    DemoPerson("haruto@example.com", "佐藤 陽翔", "ja", phone="+819012340004", monthly_minor=64_000),
    DemoPerson("yui@example.com", "中村 結衣", "ja", phone="+819012340005", monthly_minor=18_000),
    DemoPerson("sora@example.com", "加藤 空", "ja", monthly_minor=12_000),
    DemoPerson("emma@example.com", "Emma Wilson", "en", phone="+819012340007", monthly_minor=37_000),
    DemoPerson("luca@example.com", "Luca Moretti", "en", phone="+819012340008", monthly_minor=27_000),
    DemoPerson("linh@example.com", "Nguyễn Thị Linh", "en", phone="+819012340009", monthly_minor=15_000),
    DemoPerson("amara@example.com", "Amara Okafor", "en", monthly_minor=42_000),
)
STAFF = (
    DemoPerson("agent@example.com", "Rin Abe", "en", role="agent"),
    DemoPerson("agent2@example.com", "石井 翼", "ja", role="agent"),
    DemoPerson("supervisor@example.com", "Naomi Hayashi", "en", role="supervisor"),
    DemoPerson("supervisor2@example.com", "大西 拓海", "ja", role="supervisor"),
    DemoPerson("fraud@example.com", "Priya Nair", "en", role="fraud_analyst"),
    DemoPerson("finance@example.com", "川口 美咲", "ja", role="finance"),
    DemoPerson("press@example.com", "Oliver Grant", "en", role="communications"),
    DemoPerson("auditor@example.com", "久保 玲", "ja", role="auditor"),
)
EVERYBODY = (*CUSTOMERS, *STAFF)


def seeded() -> dict[str, User]:
    """The demo people that exist, by the address they were made with; found again after a change of address."""
    addresses = [person.email for person in EVERYBODY]
    users = User.objects.filter(Q(email__in=addresses) | Q(former_addresses__email__in=addresses)).distinct()
    found: dict[str, User] = {}
    for user in users.prefetch_related("former_addresses"):
        known = [user.email, *(former.email for former in user.former_addresses.all())]
        found.update(dict.fromkeys((address for address in known if address in addresses), user))
    return found


def table() -> list[str]:
    """The people as lines for a terminal."""
    found = seeded()
    lines = [f"{'':14} {'e-mail address':26} authenticator key"]
    for person in EVERYBODY:
        if person.email in found:
            lines.append(f"{person.role:14} {found[person.email].email:26} {person.totp_seed}")
    return [f"Demo people (password of all: {DEMO_PASSWORD})", *lines]
