"""Who asks authenticators: the portal, by its settings. Never a request's Host header."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnUserHandle
from webauthn.helpers.structs import PublicKeyCredentialUserEntity, UserVerificationRequirement

from accounts.models import User


class RelyingParty(WebAuthnHelper):
    """The package's options, with user verification required (requirement 8) and no request behind them."""

    def __init__(self, *, handle: bytes = b"") -> None:
        """`handle` is who a person is to authenticators before they have an account: while they sign up."""
        super().__init__(request=None)
        self.handle = handle

    def get_allowed_origins(self) -> list[str]:
        """The portal's own, which an iPhone's app signs too, and those of its Android apps."""
        return [*settings.OTP_WEBAUTHN_ALLOWED_ORIGINS, *settings.PASSKEY_APP_ORIGINS]

    def get_user_entity(self, user: User) -> PublicKeyCredentialUserEntity:
        """What the authenticator lists the passkey under. The handle says nothing about the person."""
        handle = self.handle or WebAuthnUserHandle.get_handle_for_user(user)
        return PublicKeyCredentialUserEntity(id=handle, name=user.email, display_name=user.full_name)

    def get_generate_registration_options_kwargs(self, *, user: User) -> dict[str, Any]:
        """Required, where the package prefers it."""
        kwargs: dict[str, Any] = super().get_generate_registration_options_kwargs(user=user)
        kwargs["authenticator_selection"].user_verification = UserVerificationRequirement.REQUIRED
        return kwargs
