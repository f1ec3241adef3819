"""Who at the desk may do what: role by right. The page /admin/roles/ prints this table; a migration made the groups.

A right is a permission of the app `support`; a role is a group of that name. To add a right: a line here, an
`AlterModelOptions` for `Case` and a data migration that gives it to the groups; `tests/support/test_roles.py` compares
all three and asks for a test of every cell. Nobody at the desk can set a customer's address, password or factor: there
is no right for it. More than a role gives, for some hours, takes a second person (`support.actions.access`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

Permission = Literal[
    "use_desk", "work_cases", "reveal", "send_letter", "suspend_customer", "ask_for_approval", "approve",
    "pull_switch", "ask_release", "make_cohort", "ask_mass", "approve_mass", "ask_access", "approve_access",
    "ask_recovery", "approve_recovery", "see_books", "replay_webhook", "ask_dispute", "approve_dispute",
    "see_settlement", "reconcile", "approve_booking",
]  # fmt: skip
Role = Literal["agent", "supervisor", "fraud_analyst", "finance", "communications", "auditor"]


@dataclass(frozen=True, slots=True)
class Right:
    """What it allows, in words, and the roles that hold it."""

    words: str
    roles: frozenset[Role]


def _held(words: str, roles: str) -> Right:
    """`roles` as one sign each, in the order of `ROLES`: "x" holds it, "." does not."""
    return Right(
        words, frozenset(role for role, sign in zip(ROLES, roles.split(), strict=True) if sign == "x")
    )


ROLES: Final[dict[Role, Promise]] = {
    "agent": _("Agent"),
    "supervisor": _("Supervisor"),
    "fraud_analyst": _("Fraud analyst"),
    "finance": _("Finance"),
    "communications": _("Communications"),
    "auditor": _("Auditor"),
}
# fmt: off
RIGHTS: Final[dict[Permission, Right]] = {  # agent, supervisor, fraud analyst, finance, communications, auditor
    "use_desk": _held(gettext_noop("Find customers and see their page"),               "x x x x x x"),
    "work_cases": _held(gettext_noop("Open, take and close cases; write notes"),       "x x x x . ."),
    "reveal": _held(gettext_noop("See masked personal data, for a reason"),            "x x x x . ."),
    "send_letter": _held(gettext_noop("Write to one customer"),                        "x x . . x ."),
    "suspend_customer": _held(gettext_noop("Suspend one customer, end their sessions"), "x x x . . ."),
    "ask_for_approval": _held(gettext_noop("Ask to lift a suspension"),                "x x x . . ."),
    "approve": _held(gettext_noop("Approve lifting a suspension, releasing a switch"), ". x . . . ."),
    "pull_switch": _held(gettext_noop("Stop a capability for everybody"),              "x x x x . ."),
    "ask_release": _held(gettext_noop("Ask to release a switch"),                      ". x x x . ."),
    "make_cohort": _held(gettext_noop("Build cohorts and freeze their lists"),         ". x x . . ."),
    "ask_mass": _held(gettext_noop("Ask for, pause and resume a mass suspension"),     ". x x . . ."),
    "approve_mass": _held(gettext_noop("Approve a mass suspension or its undoing"),    ". x x . . ."),
    "ask_access": _held(gettext_noop("Ask for more rights for some hours"),            "x . x x x ."),
    "approve_access": _held(gettext_noop("Approve more rights for some hours"),        ". x . . . ."),
    "ask_recovery": _held(gettext_noop("Start a recovery of access, refuse or end it"), "x x . . . ."),
    "approve_recovery": _held(gettext_noop("Approve a recovery of access"),            ". x . . . ."),
    "see_books": _held(gettext_noop("Read the books, merchants and settlements"),      ". . . x . x"),
    "replay_webhook": _held(gettext_noop("Send a merchant's webhook again"),           ". . . x . ."),
    "ask_dispute": _held(gettext_noop("Ask to contest a dispute or to give it up"),    ". . x x . ."),
    "approve_dispute": _held(gettext_noop("Approve the answer to a dispute"),          ". x x x . ."),
    "see_settlement": _held(gettext_noop("See settlement files and their differences"), ". x . x . x"),
    "reconcile": _held(gettext_noop("Fetch settlement files, resolve differences"),    ". . . x . ."),
    "approve_booking": _held(gettext_noop("Approve booking a difference to suspense"), ". x . x . ."),
}
# fmt: on


def as_permissions() -> list[tuple[str, str | StrPromise]]:
    """For the model's Meta: what Django makes permissions of."""
    return [(name, right.words) for name, right in RIGHTS.items()]


def rights_of_role(role: Role) -> frozenset[Permission]:
    """What one role may."""
    return frozenset(name for name in get_args(Permission) if role in RIGHTS[name].roles)


def words_of(right: str) -> str:
    """What a right allows, in the reader's language; its name for one that this release does not know."""
    known = next((one.words for name, one in RIGHTS.items() if name == right), right)
    return gettext(known)
