"""Who works at the desk, by role, and who holds more for some hours."""

from __future__ import annotations

from accounts.models import User
from support.models import ExtraAccess
from support.policy import live_access
from support.roles import ROLES, Role


def roles_of(staff: User) -> list[Role]:
    """The roles of one person, in the table's order."""
    names = set(staff.groups.values_list("name", flat=True))
    return [role for role in ROLES if role in names]


def live_extra_access() -> list[ExtraAccess]:
    """What is held beyond roles now, the one that ends first on top. One query."""
    found = live_access().select_related("user", "approval__made_by", "approval__decided_by")
    return list(found.order_by("ends_at"))
