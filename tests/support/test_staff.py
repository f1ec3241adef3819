"""The desk's first people come from the command line, whole: password, second factor, role."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from accounts.models import User
from support import policy
from tests.people import PASSWORD, anonymous_client, fresh_email, make_customer, totp_code
from wallet_site.audit.models import AuditRow

pytestmark = pytest.mark.django_db(transaction=True)


def made(
    monkeypatch: pytest.MonkeyPatch, email: str, *, password: str = PASSWORD, role: str = "agent"
) -> str:
    said = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    call_command("make_staff", email, "--name", "Rin Abe", "--role", role, stdout=said)
    return said.getvalue()


@pytest.mark.requirement(38, 39)
def test_a_new_agent_signs_in_with_what_was_shown_and_holds_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    email = fresh_email("rin")
    said = made(monkeypatch, email)
    seed = re.search(r"secret=([A-Z2-7]+)", said)[1]
    assert len(re.findall(r"recovery code +[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", said)) == 10
    client = anonymous_client()
    client.post(
        "/sign-in/", {"sign_in_view-current_step": "auth", "auth-email": email, "auth-password": PASSWORD}
    )
    client.post("/sign-in/", {"sign_in_view-current_step": "token", "token-code": totp_code(seed)})
    assert client.get("/admin/").status_code == 200
    user = User.objects.get(email=email)
    assert "suspend_customer" in policy.held_by(user)
    assert "approve" not in policy.held_by(user)
    assert AuditRow.objects.filter(action="support:staff:taken_on", subject_id=str(user.pk)).exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "short"}, "short"),
        ({"password": "password1234"}, "common"),
        ({"role": "owner"}, "no role 'owner'"),
    ],
)
def test_what_cannot_be_is_refused_and_makes_nobody(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str
) -> None:
    email = fresh_email("rin")
    with translation.override("en"), pytest.raises(CommandError, match=said):
        made(monkeypatch, email, **changes)
    assert not User.objects.filter(email=email).exists()


def test_a_customer_never_becomes_staff_too(monkeypatch: pytest.MonkeyPatch) -> None:
    aya = make_customer("aya")
    with pytest.raises(CommandError, match="has an account already"):
        made(monkeypatch, aya.email)
    aya.user.refresh_from_db()
    assert not aya.user.is_staff
