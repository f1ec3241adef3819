"""Pages for those who cannot sign in any more, and for those who stop them."""

from __future__ import annotations

from django.urls import URLPattern, path

from accounts.views import recovery, recovery_enrolment, recovery_state
from wallet_site.web import public

urlpatterns: list[URLPattern] = [
    path("recovery/", public(recovery.ways), name="recovery"),
    path("recovery/ask/", public(recovery.ask), name="recovery_ask"),
    path("recovery/asked/", public(recovery.asked), name="recovery_asked"),
    path("recovery/code/", public(recovery.recovery_code), name="recovery_code"),
    path("recovery/mail/", public(recovery.mail_code), name="recovery_mail"),
    path("recovery/mail/again/", public(recovery.resend), name="recovery_mail_again"),
    path("recovery/link/<str:token>/", public(recovery.follow_link), name="recovery_link"),
    path("recovery/password/", public(recovery.password), name="recovery_password"),
    path("recovery/password/forgot/", public(recovery.forgot), name="recovery_forgot"),
    path("recovery/app/", public(recovery_enrolment.app), name="recovery_app"),
    path("recovery/codes/", public(recovery_enrolment.saved), name="recovery_codes_saved"),
    path("recovery/stop/<str:token>/", public(recovery.stop), name="recovery_stop"),
    path("security/recovery/", recovery_state.recovery_state, name="recovery_state"),
]
