"""Where apps sign in and people see their devices and profile."""

from __future__ import annotations

from django.urls import path

from accounts.api import (
    changes,
    codes_and_apps,
    contacts,
    factors,
    passkey_sign_ins,
    preferences,
    push_tokens,
    recoveries,
    schemes,  # noqa: F401  (describes our authentication by being imported)
    sign_up_passkeys,
    sign_ups,
    signed_out,
    step_ups,
    views,
)

urlpatterns = [
    path("sign-in", views.SignInView.as_view(), name="sign_in"),
    path("sign-in/factor", views.FactorView.as_view(), name="sign_in_factor"),
    path("sign-in/passkey", views.AskPasskeyView.as_view(), name="sign_in_passkey"),
    path(
        "sign-in/passkey-alone/options",
        passkey_sign_ins.AskPasskeyAloneView.as_view(),
        name="ask_passkey_alone",
    ),
    path("sign-in/passkey-alone", passkey_sign_ins.PasskeySignInView.as_view(), name="passkey_alone"),
    path("token/refresh", views.RefreshView.as_view(), name="token_refresh"),
    path("sign-out", views.SignOutView.as_view(), name="sign_out"),
    path("sign-up", sign_ups.SignUpView.as_view(), name="sign_up"),
    path("sign-up/code", sign_ups.SignUpCodeView.as_view(), name="sign_up_code"),
    path("sign-up/code/again", sign_ups.SignUpCodeAgainView.as_view(), name="sign_up_code_again"),
    path("sign-up/person", sign_ups.SignUpPersonView.as_view(), name="sign_up_person"),
    path("sign-up/app", sign_ups.SignUpAppView.as_view(), name="sign_up_app"),
    path(
        "sign-up/passkey/options",
        sign_up_passkeys.AskSignUpPasskeyView.as_view(),
        name="sign_up_passkey_options",
    ),
    path("sign-up/passkey", sign_up_passkeys.SignUpPasskeyView.as_view(), name="sign_up_passkey"),
    path("sign-up/finish", sign_ups.OpenAccountView.as_view(), name="sign_up_finish"),
    path("recovery", recoveries.LostFactorView.as_view(), name="recovery"),
    path("recovery/mail-code", recoveries.RecoveryMailView.as_view(), name="recovery_mail"),
    path("recovery/mail-code/again", recoveries.RecoveryMailAgainView.as_view(), name="recovery_mail_again"),
    path("recovery/link", recoveries.RecoveryLinkView.as_view(), name="recovery_link"),
    path("recovery/app", recoveries.RecoveryAppView.as_view(), name="recovery_app"),
    path("recovery/finish", recoveries.RecoveryFinishView.as_view(), name="recovery_finish"),
    path("recovery/ask", recoveries.RecoveryAskView.as_view(), name="recovery_ask"),
    path("password-reset", signed_out.PasswordResetView.as_view(), name="password_reset"),
    path(
        "password-reset/passkey", signed_out.PasswordResetPasskeyView.as_view(), name="password_reset_passkey"
    ),
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
    path("push-token", push_tokens.PushTokenView.as_view(), name="push_token"),
    path("me", views.ProfileView.as_view(), name="me"),
    path("me/changes", changes.ChangesView.as_view(), name="changes"),
    path("me/notices", preferences.NoticesView.as_view(), name="notices"),
    path("me/password", contacts.PasswordView.as_view(), name="password"),
    path("me/cool-off", contacts.CoolOffView.as_view(), name="cool_off"),
    path("me/factors", factors.FactorsView.as_view(), name="factors"),
    path("me/recovery", recoveries.OwnRecoveryView.as_view(), name="own_recovery"),
    path("me/recovery/stop", recoveries.StopRecoveryView.as_view(), name="stop_recovery"),
    path("me/factors/apps", codes_and_apps.AppsView.as_view(), name="apps"),
    path("me/factors/apps/key", codes_and_apps.AppSeedView.as_view(), name="app_key"),
    path("me/factors/recovery-codes", codes_and_apps.RecoveryCodesView.as_view(), name="recovery_codes"),
    path("me/factors/passkeys", factors.PasskeysView.as_view(), name="passkeys"),
    path("me/factors/passkeys/options", factors.AskNewPasskeyView.as_view(), name="passkey_options"),
    path("me/factors/<uuid:factor_id>", factors.FactorView.as_view(), name="factor"),
    path("me/contacts", contacts.ContactsView.as_view(), name="contacts"),
    path("me/contacts/<str:kind>", contacts.ContactView.as_view(), name="contact"),
    path("me/contacts/<str:kind>/confirm", contacts.ContactConfirmView.as_view(), name="contact_confirm"),
    path("me/contacts/<str:kind>/code", contacts.ContactCodeView.as_view(), name="contact_code"),
    path("me/contacts/<str:kind>/pending", contacts.ContactPendingView.as_view(), name="contact_pending"),
]
