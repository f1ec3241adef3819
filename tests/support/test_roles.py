"""Role by action, every cell: what is refused changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.models import Suspension, User
from support import policy
from support.actions import access, approvals, cases, looks, recoveries, sessions, suspensions
from support.actions.letters import send_apology
from support.actions.webhooks import replay
from support.errors import RoleMissing
from support.models import Approval, Case, ExtraAccess, Letter, Note
from support.roles import RIGHTS, ROLES, as_permissions
from tests.payments.books import open_counter
from tests.payments.webhooks import failed_webhook
from tests.people import Person, make_customer, make_staff, signed_in_client
from tests.support.desk import agent, page_of, stop
from tests.support.switchboard import ask, pull
from tests.support.test_letters import ENGLISH
from wallet_site.audit.models import AuditRow
from wallet_site.outbox.models import Event
from wallet_site.switches.asking import pulled_names
from wallet_site.switches.models import Flip

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(39)]

Act = Callable[[Person, Person], object]


def waiting(customer: Person, kind: str) -> Approval:
    asked = {"customer": customer.user} if kind == "lift_suspension" else {}
    return Approval.objects.filter(kind=kind, state="waiting", **asked).latest("pk")


# What can be done, and the right that it takes.
ACTIONS: dict[str, tuple[str, Act]] = {
    "look": ("use_desk", lambda who, aya: looks.look(aya.user, actor=who.actor)),
    "search": ("use_desk", lambda who, _aya: looks.look_for("aya", found=1, actor=who.actor)),
    "reveal": ("reveal", lambda who, aya: looks.reveal(aya.user, field="email", reason="x", actor=who.actor)),
    "suspend": (
        "suspend_customer",
        lambda who, aya: suspensions.suspend_customer(
            aya.user, scope="all", reason_code="fraud", reason="x", ends_at=None, actor=who.actor
        ),
    ),
    "end sessions": (
        "suspend_customer",
        lambda who, aya: sessions.end_sessions(aya.user, reason="x", actor=who.actor),
    ),
    "ask to lift": (
        "ask_for_approval",
        lambda who, aya: suspensions.ask_to_lift(
            Suspension.objects.get(user=aya.user, scope="sending"), reason="x", actor=who.actor
        ),
    ),
    "approve a lifting": (
        "approve",
        lambda who, aya: approvals.approve(waiting(aya, "lift_suspension"), reason="x", actor=who.actor),
    ),
    "refuse a lifting": (
        "approve",
        lambda who, aya: approvals.refuse(waiting(aya, "lift_suspension"), reason="x", actor=who.actor),
    ),
    "letter": (
        "send_letter",
        lambda who, aya: send_apology(aya.user, ENGLISH, letter_id=uuid.uuid4(), reason="x", actor=who.actor),
    ),
    "open a case": (
        "work_cases",
        lambda who, aya: cases.open_case(
            aya.user, queue=Case.Queue.OTHER, subject="x", text="", actor=who.actor
        ),
    ),
    "take a case": ("work_cases", lambda who, aya: cases.take_case(case_of(aya), actor=who.actor)),
    "close a case": (
        "work_cases",
        lambda who, aya: cases.close_case(case_of(aya), reason="x", actor=who.actor),
    ),
    "note": ("work_cases", lambda who, aya: cases.add_note(aya.user, text="x", actor=who.actor)),
    "pull a switch": ("pull_switch", lambda who, _aya: pull("sending", by=who)),
    "ask to release a switch": ("ask_release", lambda who, _aya: ask("refunds", by=who)),
    "approve a release": (
        "approve",
        lambda who, _aya: approvals.approve(
            Approval.objects.get(kind="release_switch", state="waiting"), reason="x", actor=who.actor
        ),
    ),
    "ask for access": (
        "ask_access",
        lambda who, _aya: access.ask_for_access(
            right=not_held_by(who.user), hours=1, reason="x", actor=who.actor
        ),
    ),
    "approve access": (
        "approve_access",
        lambda who, aya: approvals.approve(waiting(aya, "extra_access"), reason="x", actor=who.actor),
    ),
    "start a recovery": (
        "ask_recovery",
        lambda who, aya: recoveries.start_recovery(aya.user, reason="x", actor=who.actor),
    ),
    "end a recovery": (
        "ask_recovery",
        lambda who, aya: recoveries.end_recovery(
            waiting(aya, "start_recovery").customer or aya.user, reason="x", actor=who.actor
        ),
    ),
    "approve a recovery": (
        "approve_recovery",
        lambda who, aya: approvals.approve(waiting(aya, "start_recovery"), reason="x", actor=who.actor),
    ),
    "send a webhook again": (
        "replay_webhook",
        lambda who, _aya: replay(FAILED_WEBHOOK.pop(), actor=who.actor),
    ),
}
# The one that `BEFORE` has made.
FAILED_WEBHOOK: list[int] = []
NO_ROLE: dict[str, Callable[[], Person]] = {
    "staff without a role": lambda: make_staff("ren"),
    "dismissed supervisor": lambda: dismissed(),
    "customer": lambda: make_customer("ken"),
}


# What has to be there first, for the few actions that need more than `aya` brings.
BEFORE: dict[str, Callable[[], object]] = {
    "ask to release a switch": lambda: pull("refunds"),
    "approve a release": lambda: (pull("refunds"), ask("refunds")),
    "send a webhook again": lambda: FAILED_WEBHOOK.append(
        failed_webhook(open_counter().terminal.store.merchant).pk
    ),
}


def case_of(customer: Person) -> Case:
    return Case.objects.get(customer=customer.user, subject="waits")


def not_held_by(user: User) -> str:
    return next(one for one in RIGHTS if one not in policy.held_by(user) and one not in access.NEVER_EXTRA)


def dismissed() -> Person:
    person = make_staff("jun", groups=["supervisor"])
    person.user.is_active = False
    person.user.save(update_fields=["is_active"])
    return person


def state_of(who: Person, aya: Person) -> list[object]:
    """Everything that an action could change, about her or by him."""
    return [
        sorted(Suspension.objects.filter(user=aya.user).values_list("pk", "lifted_at")),
        sorted(Case.objects.filter(customer=aya.user).values_list("pk", "state", "owner")),
        Note.objects.filter(customer=aya.user).count(),
        Letter.objects.filter(customer=aya.user).count(),
        sorted(Approval.objects.values_list("pk", "state")),
        ExtraAccess.objects.count(),
        Flip.objects.count(),
        pulled_names(),
        AuditRow.objects.filter(user_id=aya.user.pk).count(),
        AuditRow.objects.filter(actor__user_id=who.user.pk).count(),
        Event.objects.filter(user_id=aya.user.pk).count(),
    ]


@pytest.fixture
def aya() -> Person:
    """Stopped twice, one stop asked to be lifted; a case about her is open, and somebody asks for more rights."""
    aya, other = make_customer("aya"), agent("tsubasa")
    stop(aya, "sending")
    suspensions.ask_to_lift(stop(aya, "top_up"), reason="please", actor=other.actor)
    cases.open_case(aya.user, queue=Case.Queue.OTHER, subject="waits", text="", actor=other.actor)
    access.ask_for_access(right="make_cohort", hours=1, reason="x", actor=other.actor)
    recoveries.start_recovery(make_customer("ken").user, reason="x", actor=other.actor)
    return aya


@pytest.mark.usefixtures("switchboard")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", [*ROLES, *NO_ROLE])
def test_a_role_does_what_it_may_and_nothing_else(aya: Person, role: str, action: str) -> None:
    who = NO_ROLE[role]() if role in NO_ROLE else make_staff("ren", groups=[role])
    right, act = ACTIONS[action]
    BEFORE.get(action, lambda: None)()
    before = state_of(who, aya)
    if role in RIGHTS[right].roles:
        act(who, aya)
        assert state_of(who, aya) != before
    else:
        with pytest.raises(RoleMissing):
            act(who, aya)
        assert state_of(who, aya) == before


def test_the_table_is_what_the_database_gives() -> None:
    of_the_desk = Permission.objects.filter(content_type__app_label="support")
    assert dict(of_the_desk.values_list("codename", "name")) == dict(as_permissions())
    for role in ROLES:
        held = Permission.objects.filter(group__name=role).values_list("codename", flat=True)
        assert set(held) == {name for name, right in RIGHTS.items() if role in right.roles}, role
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_the_page_prints_the_table(role: str) -> None:
    shown = signed_in_client(make_staff("ren", groups=[role])).get("/admin/roles/").content.decode()
    assert all(right.words.replace("'", "&#x27;") in shown for right in RIGHTS.values())
    assert str(ROLES[role]) in shown
    # Once for each role that holds it, once more in the reader's own column.
    own = sum(role in right.roles for right in RIGHTS.values())
    assert shown.count('class="kk-yes"') == sum(len(right.roles) for right in RIGHTS.values()) + own


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("suspend/", "suspend_customer"), ("end-sessions/", "suspend_customer"), ("letter/", "send_letter"),
        ("case/", "work_cases"), ("reveal/", "reveal"), ("recovery/", "ask_recovery"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_who_holds_the_right_and_is_not_offered_to_others(
    aya: Person, role: str, path: str, right: str
) -> None:
    browser = signed_in_client(make_staff("ren", groups=[role]))
    may = role in RIGHTS[right].roles  # type: ignore[index]
    assert browser.get(page_of(aya, path)).status_code == (200 if may else 403)
    assert (page_of(aya, path) in browser.get(page_of(aya)).content.decode()) == may
