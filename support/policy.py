"""Who acts, and whether they may: asked by every action of the desk. `support.roles` is the table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Permission as Granted
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from support.errors import RoleMissing
from support.models import ExtraAccess
from support.roles import Permission
from wallet_site.actor import Actor


def held_by(user: User) -> frozenset[str]:
    """The desk's rights of one person, by role, by name or for some hours; one query.

    None for customers and for who has left. The database's guard of approvals (`support_holds`) asks the same.
    """
    if not user.is_active or not user.is_staff:
        return frozenset()
    of_the_desk = Granted.objects.order_by().filter(content_type__app_label="support")
    if user.is_superuser:
        return frozenset(of_the_desk.values_list("codename", flat=True))
    by_role = of_the_desk.filter(Q(group__user=user) | Q(user=user)).values_list("codename", flat=True)
    for_some_hours = live_access().filter(user=user).values_list("right", flat=True)
    return frozenset(by_role.union(for_some_hours))


def live_access() -> QuerySet[ExtraAccess]:
    """What somebody holds beyond their role at this moment, by the database's clock."""
    return ExtraAccess.objects.filter(starts_at__lte=Now(), ends_at__gt=Now(), ended_at=None)


def require(actor: Actor, permission: Permission) -> User:
    """The member of staff who acts; raises `RoleMissing` for anybody else. Every action of the desk asks here first."""
    user = User.objects.filter(pk=actor.user_id or 0, is_staff=True, is_active=True).first()
    if actor.kind != "staff" or user is None or permission not in held_by(user):
        raise RoleMissing
    return user


def names_of(actors: Iterable[dict[str, Any]]) -> dict[int, str]:
    """The people behind stored actors, by id; at most one query."""
    ids = {int(actor["user_id"]) for actor in actors if actor.get("user_id")}
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "full_name")) if ids else {}


def name_of(actor: dict[str, Any]) -> str:
    """Who a stored actor is: a person's name, or the part of the portal that acted."""
    known = names_of([actor]).get(int(actor.get("user_id") or 0))
    return known or str(actor.get("name") or actor.get("kind", ""))
