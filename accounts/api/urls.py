"""Where apps sign in and people see their devices and profile."""

from __future__ import annotations

from django.urls import path

from accounts.api import (
    contacts,
    factors,
    schemes,  # noqa: F401  (describes our authentication by being imported)
    signed_out,
    step_ups,
    views,
)

urlpatterns = [
    path("sign-in", views.SignInView.as_view(), name="sign_in"),
    path("sign-in/factor", views.FactorView.as_view(), name="sign_in_factor"),
    path("sign-in/passkey", views.AskPasskeyView.as_view(), name="sign_in_passkey"),
    path("token/refresh", views.RefreshView.as_view(), name="token_refresh"),
    path("sign-out", views.SignOutView.as_view(), name="sign_out"),
    path("password-reset", signed_out.PasswordResetView.as_view(), name="password_reset"),
    path("password-reset/finish", signed_out.PasswordResetFinishView.as_view(), name="password_reset_finish"),
    path("lock", signed_out.LockView.as_view(), name="lock"),
    path("lock/confirm", signed_out.LockConfirmView.as_view(), name="lock_confirm"),
    path("step-up", step_ups.StepUpView.as_view(), name="step_up"),
    path("step-up/passkey", step_ups.AskStepUpPasskeyView.as_view(), name="step_up_passkey"),
    path(
        "step-up/challenges/<uuid:challenge_id>", step_ups.ChallengeView.as_view(), name="step_up_challenge"
    ),
    path("devices", views.DevicesView.as_view(), name="devices"),
    path("devices/<uuid:device_id>", views.DeviceView.as_view(), name="device"),
    path("me", views.ProfileView.as_view(), name="me"),
    path("me/password", contacts.PasswordView.as_view(), name="password"),
    path("me/cool-off", contacts.CoolOffView.as_view(), name="cool_off"),
    path("me/factors", factors.FactorsView.as_view(), name="factors"),
    path("me/factors/passkeys", factors.PasskeysView.as_view(), name="passkeys"),
    path("me/factors/passkeys/options", factors.AskNewPasskeyView.as_view(), name="passkey_options"),
    path("me/factors/<uuid:factor_id>", factors.FactorView.as_view(), name="factor"),
    path("me/contacts", contacts.ContactsView.as_view(), name="contacts"),
    path("me/contacts/<str:kind>", contacts.ContactView.as_view(), name="contact"),
    path("me/contacts/<str:kind>/confirm", contacts.ContactConfirmView.as_view(), name="contact_confirm"),
    path("me/contacts/<str:kind>/code", contacts.ContactCodeView.as_view(), name="contact_code"),
    path("me/contacts/<str:kind>/pending", contacts.ContactPendingView.as_view(), name="contact_pending"),
]
