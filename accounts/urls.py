"""Pages about who somebody is. Those in `public` are open to everybody; all others need a verified second factor."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from accounts import recovery_urls
from accounts.models import ContactKind
from accounts.views import (
    contacts,
    credentials,
    factors,
    locks,
    notices,
    resets,
    security,
    sign_in,
    sign_up,
    step_up,
    undo,
)
from wallet_site.web import public, staff_too

app_name = "accounts"


def contact_paths(start: str, kind: ContactKind) -> list[URLPattern]:
    """The pages of one kind of address or number: named `change_email`, `confirm_phone` and so on."""
    pages = [("", "change", contacts.change)]
    pages += [(f"{page}/", page, getattr(contacts, page)) for page in ("confirm", "again", "cancel")]
    if kind in contacts.REMOVABLE:
        pages.append(("remove/", "remove", contacts.remove))
    return [path(start + page, view, {"kind": kind}, name=f"{name}_{kind}") for page, name, view in pages]


urlpatterns: list[URLPattern] = [
    path("sign-in/", public(sign_in.SignInView.as_view()), name="sign_in"),
    path("sign-out/", public(sign_in.sign_out), name="sign_out"),
    path("sign-up/", public(sign_up.address), name="sign_up"),
    path("sign-up/code/", public(sign_up.code), name="sign_up_code"),
    path("sign-up/code/again/", public(sign_up.resend), name="sign_up_resend"),
    path("sign-up/about/", public(sign_up.about), name="sign_up_about"),
    path("sign-up/factor/", public(sign_up.factor), name="sign_up_factor"),
    path("sign-up/app/", public(sign_up.app), name="sign_up_app"),
    path("sign-up/codes/", public(sign_up.saved), name="sign_up_saved"),
    path("reset/", public(resets.ask), name="reset"),
    path("reset/sent/", public(resets.sent), name="reset_sent"),
    path("reset/new-password/", public(resets.new_password), name="reset_password"),
    path("reset/link/<str:token>/", public(resets.follow_link), name="reset_link"),
    path("undo/sign-in/<str:token>/", public(undo.report_sign_in), name="report_sign_in"),
    path("undo/<str:token>/", public(undo.undo), name="undo"),
    path("lock/", public(locks.ask), name="lock"),
    path("lock/code/", public(locks.code), name="lock_code"),
    *recovery_urls.urlpatterns,
    path("step-up/", staff_too(step_up.step_up), name="step_up"),
    path("step-up/go-on/", staff_too(step_up.go_on), name="go_on"),
    path("security/", security.security, name="security"),
    path("security/password/", credentials.change_password, name="change_password"),
    *contact_paths("security/email/", ContactKind.EMAIL),
    *contact_paths("security/notice-address/", ContactKind.NOTICE_EMAIL),
    *contact_paths("security/phone/", ContactKind.PHONE),
    path("security/apps/add/", credentials.totp_add, name="totp_add"),
    path("security/passkeys/add/", factors.passkey_add, name="passkey_add"),
    path("security/factors/<uuid:public_id>/name/", factors.factor_rename, name="factor_rename"),
    path("security/factors/<uuid:public_id>/remove/", factors.factor_remove, name="factor_remove"),
    path("security/recovery-codes/", credentials.recovery_codes, name="recovery_codes"),
    path("security/devices/", security.sessions, name="sessions"),
    path("security/sign-ins/", security.history, name="sign_in_history"),
    path("security/sign-ins/file/", security.history_file, name="sign_in_history_file"),
    path("security/devices/all/end/", security.end_all_sessions, name="end_all_sessions"),
    path("security/devices/others/end/", security.end_other_sessions, name="end_other_sessions"),
    path("security/devices/<uuid:public_id>/end/", security.end_session, name="end_session"),
    path("security/devices/app/<uuid:public_id>/end/", security.end_app, name="end_app"),
    path("preferences/", security.preferences, name="preferences"),
    path("preferences/notices/", notices.notices, name="notices"),
    # Where password managers look (https://w3c.github.io/webappsec-change-password-url/).
    path(
        ".well-known/change-password",
        public(RedirectView.as_view(pattern_name="accounts:change_password")),
        name="well_known_change_password",
    ),
]
