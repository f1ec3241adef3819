"""Every kind of credential change by page, API, admin, shell and SQL: who does what in the table of
`test_every_change_is_told`.

A function changes something of `scene.person` and returns further addresses that must be told of it. A text says why
there is no such way; a way that appears later takes its place.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import psycopg
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiDevice, NoticeAddress, Passkey, RecoveryCode, TotpDevice, User
from accounts.two_factor.codes import new_recovery_codes, new_seed, write_recovery_codes
from tests.accounts.by_hand import BY_HAND, change_by_hand
from tests.accounts.mails import code_in, last_mail_to, sms_code
from tests.api_client import Phone
from tests.authenticator import Authenticator, with_passkey
from tests.people import PASSWORD, Person, fresh_email, signed_in_client, totp_code
from tests.support.desk import agent, page_of

NEW_PASSWORD: Final = "seven lanterns on a bridge"
Way = Callable[["Scene"], list[str] | None]


@dataclass
class Scene:
    """Somebody with a present, a former and, where asked for, a second address, two apps, a passkey and a tablet."""

    person: Person
    sql: psycopg.Connection
    kind: str
    told: list[str] = field(default_factory=list)

    def set_up(self) -> None:
        former, user = self.person.email, self.person.user
        with self.sql.transaction():
            self.sql.execute(
                "UPDATE accounts_user SET email = %s WHERE id = %s", [fresh_email("moved"), user.pk]
            )
        user.refresh_from_db()
        self.told = [former, user.email]
        TotpDevice.objects.create(user=user, name="Spare", confirmed=True, seed=new_seed())
        if self.kind != "notice_address_added":
            self.told.append(self.second)
            NoticeAddress.objects.create(user=user, email=self.second)
        with_passkey(self.person)
        # Last: the changes before it would sign it out.
        ApiDevice.objects.create(user=user, name="Tablet", key_thumbprint="t" * 43)

    @cached_property
    def second(self) -> str:
        return fresh_email("second")

    @cached_property
    def number(self) -> str:
        return f"+81801{self.person.user.pk % 10**7:07d}"

    @cached_property
    def browser(self) -> Client:
        return signed_in_client(self.person)

    @cached_property
    def app(self) -> Phone:
        return Phone.signed_in(self.person)

    def page(self, name: str, data: dict[str, str], *arguments: object) -> None:
        """A form of the portal that is taken: it leads on."""
        answer = self.browser.post(reverse(f"accounts:{name}", args=arguments), data)
        assert answer.status_code == 302, answer.content.decode()

    def api(self, method: str, path: str, body: object = None) -> None:
        if method == "delete":
            answer = self.app.delete(f"/api/v1/{path}")
        else:
            answer = self.app.post(f"/api/v1/{path}", body, idempotency_key=None)
        assert answer.status in (200, 201, 202, 204), answer.content


def by_sql(kind: str) -> Way:
    def change(scene: Scene) -> None:
        change_by_hand(scene.sql, scene.person, kind)

    return change


def _email_by_page(scene: Scene) -> list[str]:
    new = fresh_email("new")
    scene.page("change_email", {"new_email": new})
    scene.page("confirm_email", {"code": code_in(last_mail_to(new))})
    return [new]


def _email_by_api(scene: Scene) -> list[str]:
    new = fresh_email("new")
    scene.api("post", "me/contacts/email", {"value": new})
    scene.api("post", "me/contacts/email/confirm", {"code": code_in(last_mail_to(new))})
    return [new]


def _second_by_page(scene: Scene) -> list[str]:
    new = fresh_email("family")
    scene.page("change_notice_email", {"email": new})
    scene.page("confirm_notice_email", {"code": code_in(last_mail_to(new))})
    return [new]


def _second_by_api(scene: Scene) -> list[str]:
    new = fresh_email("family")
    scene.api("post", "me/contacts/notice_email", {"value": new})
    scene.api("post", "me/contacts/notice_email/confirm", {"code": code_in(last_mail_to(new))})
    return [new]


def _second_by_shell(scene: Scene) -> list[str]:
    new = fresh_email("family")
    NoticeAddress.objects.update_or_create(user=scene.person.user, defaults={"email": new})
    return [new]


def _second_removed_by_shell(scene: Scene) -> None:
    NoticeAddress.objects.filter(user=scene.person.user).delete()


def _phone_by_page(scene: Scene) -> list[str]:
    scene.page("change_phone", {"phone": scene.number})
    scene.page("confirm_phone", {"code": sms_code(scene.number)})
    return [scene.number]


def _phone_by_api(scene: Scene) -> list[str]:
    scene.api("post", "me/contacts/phone", {"value": scene.number})
    scene.api("post", "me/contacts/phone/confirm", {"code": sms_code(scene.number)})
    return [scene.number]


def _password_by_page(scene: Scene) -> None:
    scene.page("change_password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})


def _password_by_api(scene: Scene) -> None:
    scene.api("post", "me/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})


def _field_by_shell(**values: object) -> Way:
    """What somebody in `manage.py shell` does, without our actions."""

    def change(scene: Scene) -> list[str]:
        User.objects.filter(pk=scene.person.user.pk).update(**values)
        return [str(value) for name, value in values.items() if name in ("email", "phone")]

    return change


def _password_by_shell(scene: Scene) -> None:
    scene.person.user.set_password(NEW_PASSWORD)
    scene.person.user.save()


def _activated_by_shell(scene: Scene) -> None:
    for active in (False, True):
        User.objects.filter(pk=scene.person.user.pk).update(is_active=active)


def _app_by_page(scene: Scene) -> None:
    page = scene.browser.get(reverse("accounts:totp_add")).content.decode()
    found = re.search(r'data-copies="([A-Z2-7]{32})"', page)
    assert found
    scene.page("totp_add", {"name": "Watch", "code": totp_code(found.group(1))})


def _app_by_api(scene: Scene) -> None:
    key = scene.app.post("/api/v1/me/factors/apps/key", idempotency_key=None).json()
    body = {"enrolment": key["enrolment"], "code": totp_code(key["seed"]), "name": "Watch"}
    scene.api("post", "me/factors/apps", body)


def _app_by_shell(scene: Scene) -> None:
    TotpDevice.objects.create(user=scene.person.user, name="Watch", confirmed=True, seed=new_seed())


def _spare(scene: Scene) -> TotpDevice:
    return TotpDevice.objects.get(user=scene.person.user, name="Spare")


def _app_changed_by_shell(scene: Scene) -> None:
    spare = _spare(scene)
    spare.seed = new_seed()
    spare.save()


def _passkey_by_page(scene: Scene) -> None:
    asked = scene.browser.post(
        reverse("accounts:passkey_add"), {"passkey_options": "yes"}, HTTP_ACCEPT="application/json"
    ).json()
    made = Authenticator().create(asked["options"])
    scene.page("passkey_add", {"ceremony": asked["ceremony"], "credential": made, "name": "Key"})


def _passkey_by_api(scene: Scene) -> None:
    asked = scene.app.post("/api/v1/me/factors/passkeys/options", idempotency_key=None).json()
    made = Authenticator().create(asked["options"])
    scene.api("post", "me/factors/passkeys", {"ceremony": asked["ceremony"], "credential": made})


def _passkey_by_shell(scene: Scene) -> None:
    Passkey.objects.create(
        user=scene.person.user, name="Key", credential_id=secrets.token_bytes(32), public_key=b"x"
    )


def _laptop(scene: Scene) -> Passkey:
    return Passkey.objects.get(user=scene.person.user, name="Laptop")


def _passkey_changed_by_shell(scene: Scene) -> None:
    laptop = _laptop(scene)
    laptop.public_key = b"stolen"
    laptop.save()


def _new_codes_by_shell(scene: Scene) -> None:
    # In one transaction: nobody is left without any.
    with transaction.atomic():
        write_recovery_codes(scene.person.user, new_recovery_codes())


def _code_used_by_shell(scene: Scene) -> None:
    code = RecoveryCode.objects.filter(code_set__user=scene.person.user).first()
    assert code
    code.used_at = timezone.now()
    code.save()


def _tablet(scene: Scene) -> ApiDevice:
    return ApiDevice.objects.get(user=scene.person.user, name="Tablet")


def _tablet_removed_by_shell(scene: Scene) -> None:
    ApiDevice.objects.filter(pk=_tablet(scene).pk).update(revoked_at=timezone.now())


def _tablet_added_by_shell(scene: Scene) -> None:
    ApiDevice.objects.create(user=scene.person.user, name="Watch", key_thumbprint="w" * 43)


def _all_out_by_admin(scene: Scene) -> None:
    desk = signed_in_client(agent())
    form = {"reason": "the customer has lost the tablet", "do": "confirm"}
    answer = desk.post(page_of(scene.person, "end-sessions/"), form)
    assert answer.status_code == 302, answer.content.decode()


def _sign_in_by_api(scene: Scene) -> None:
    answer = Phone(name="New phone", network=scene.person.network).sign_in(scene.person)
    assert answer.status == 200, answer.content


NO_STAFF: Final = "staff set no customer's credential"
NO_APP: Final = "apps offer no such change"
NO_PAGE: Final = "no page does that"

TABLE: Final[dict[str, dict[str, Way | str]]] = {
    "password_changed": {
        "page": _password_by_page, "api": _password_by_api, "admin": NO_STAFF, "shell": _password_by_shell,
    },
    "email_changed": {
        "page": _email_by_page, "api": _email_by_api, "admin": NO_STAFF,
        "shell": lambda scene: _field_by_shell(email=fresh_email("new"))(scene),
    },
    "phone_changed": {
        "page": _phone_by_page, "api": _phone_by_api, "admin": NO_STAFF,
        "shell": lambda scene: _field_by_shell(phone=scene.number)(scene),
    },
    "notice_address_added": {
        "page": _second_by_page, "api": _second_by_api, "admin": NO_STAFF, "shell": _second_by_shell,
    },
    "notice_address_changed": {
        "page": _second_by_page, "api": _second_by_api, "admin": NO_STAFF, "shell": _second_by_shell,
    },
    "notice_address_removed": {
        "page": lambda scene: scene.page("remove_notice_email", {}),
        "api": lambda scene: scene.api("delete", "me/contacts/notice_email"),
        "admin": NO_STAFF, "shell": _second_removed_by_shell,
    },
    "account_deactivated": {
        "page": NO_PAGE, "api": NO_APP, "admin": NO_STAFF, "shell": _field_by_shell(is_active=False),
    },
    "account_activated": {"page": NO_PAGE, "api": NO_APP, "admin": NO_STAFF, "shell": _activated_by_shell},
    "totp_added": {"page": _app_by_page, "api": _app_by_api, "admin": NO_STAFF, "shell": _app_by_shell},
    "totp_removed": {
        "page": lambda scene: scene.page("factor_remove", {}, _spare(scene).public_id),
        "api": lambda scene: scene.api("delete", f"me/factors/{_spare(scene).public_id}"),
        "admin": NO_STAFF, "shell": lambda scene: [] if _spare(scene).delete() else None,
    },
    "totp_changed": {"page": NO_PAGE, "api": NO_APP, "admin": NO_STAFF, "shell": _app_changed_by_shell},
    "passkey_added": {
        "page": _passkey_by_page, "api": _passkey_by_api, "admin": NO_STAFF, "shell": _passkey_by_shell,
    },
    "passkey_removed": {
        "page": lambda scene: scene.page("factor_remove", {}, _laptop(scene).public_id),
        "api": lambda scene: scene.api("delete", f"me/factors/{_laptop(scene).public_id}"),
        "admin": NO_STAFF, "shell": lambda scene: [] if _laptop(scene).delete() else None,
    },
    "passkey_changed": {"page": NO_PAGE, "api": NO_APP, "admin": NO_STAFF, "shell": _passkey_changed_by_shell},
    "recovery_codes_added": {
        "page": lambda scene: scene.page("recovery_codes", {}),
        "api": lambda scene: scene.api("post", "me/factors/recovery-codes"),
        "admin": NO_STAFF, "shell": _new_codes_by_shell,
    },
    "recovery_codes_removed": {
        "page": lambda scene: scene.page("recovery_codes", {}),
        "api": lambda scene: scene.api("post", "me/factors/recovery-codes"),
        "admin": NO_STAFF, "shell": _new_codes_by_shell,
    },
    "recovery_code_used": {
        "page": lambda scene: scene.page("step_up", {"code": scene.person.recovery_codes[0]}),
        "api": lambda scene: scene.api("post", "step-up", {"code": scene.person.recovery_codes[0]}),
        "admin": NO_STAFF, "shell": _code_used_by_shell,
    },
    "api_device_added": {
        "page": NO_PAGE, "api": _sign_in_by_api, "admin": NO_STAFF, "shell": _tablet_added_by_shell,
    },
    "api_device_removed": {
        "page": lambda scene: scene.page("end_app", {}, _tablet(scene).public_id),
        "api": lambda scene: scene.api("delete", f"devices/{_tablet(scene).public_id}"),
        "admin": _all_out_by_admin, "shell": _tablet_removed_by_shell,
    },
}  # fmt: skip
for _kind in BY_HAND:
    TABLE.setdefault(_kind, {})["sql"] = by_sql(_kind)
