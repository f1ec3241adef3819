"""What apps send and get about a lost second factor."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from accounts.addresses import mask_email
from accounts.models import Recovery, RecoveryState
from accounts.two_factor.enrolment import provisioning_uri
from wallet_site.api.serializers import StrictSerializer

_SESSION_HELP = "From the step before. For this key alone."


class LostFactorSerializer(StrictSerializer):
    """The password is proven; now a spare."""

    auth_session = serializers.CharField(
        max_length=2000, help_text="From the challenge of `sign_in`. One try."
    )
    code = serializers.CharField(max_length=40, help_text="A recovery code. No code of an app counts here.")


class RecoverySessionSerializer(StrictSerializer):
    """Which recovery."""

    recovery_session = serializers.CharField(max_length=2000, help_text=_SESSION_HELP)


class RecoveryCodeStepSerializer(RecoverySessionSerializer):
    """A code: from the mail, or of the new app."""

    code = serializers.CharField(max_length=40)


class RecoveryLinkSerializer(StrictSerializer):
    """The link that is mailed after a wait, and the password."""

    token = serializers.CharField(max_length=200, help_text="The last part of `/recovery/link/<token>/`.")
    password = serializers.CharField(max_length=256, trim_whitespace=False, style={"input_type": "password"})


class RecoveryBegunSerializer(serializers.Serializer[Any]):
    """The code is in the mail."""

    recovery_session = serializers.CharField()
    address = serializers.CharField(help_text="Where the code went, masked.")
    expires_in = serializers.IntegerField(help_text="Seconds until it must begin anew.")


class RecoveryProvenSerializer(serializers.Serializer[Any]):
    """Both proofs are given. `waiting`: nobody can be told anywhere else, so a link comes by mail after a day."""

    state = serializers.ChoiceField(choices=[RecoveryState.ENROLLING.value, RecoveryState.WAITING.value])
    recovery_session = serializers.CharField(allow_null=True)
    seed = serializers.CharField(allow_null=True, help_text="Key of the new authenticator app, base32.")
    uri = serializers.CharField(allow_null=True, help_text="The same as `otpauth://`.")
    waits_until = serializers.DateTimeField(allow_null=True)


class OwnRecoverySerializer(serializers.ModelSerializer[Recovery]):
    """A recovery of one's account that is under way."""

    class Meta:
        model = Recovery
        fields = ("way", "state", "began_at", "waits_until")


def begun_body(recovery: Recovery, session: str) -> dict[str, Any]:
    """The first answer."""
    lasts = recovery.expires_at - recovery.began_at if recovery.expires_at else None
    return {
        "recovery_session": session,
        "address": mask_email(recovery.address),
        "expires_in": int(lasts.total_seconds()) if lasts else 0,
    }


def proven_body(recovery: Recovery, session: str) -> dict[str, Any]:
    """The key of the new app, or how long to wait."""
    seed = recovery.totp_seed if session else None
    body: dict[str, Any] = RecoveryProvenSerializer(
        {
            "state": recovery.state,
            "recovery_session": session or None,
            "seed": seed,
            "uri": provisioning_uri(seed, recovery.address) if seed else None,
            "waits_until": None if session else recovery.waits_until,
        }
    ).data
    return body


_SESSION = "gAAAAABqAcbzYt1u9VbN3kC7f2QmXw8RrJx5pHsEoLdK"
_SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOST = OpenApiExample(
    "A recovery code",
    value={"auth_session": "gAAAAABqAcbZ0Yt1u9VbN3kC7f2QmXw8RrJx5pHsEoLd", "code": "4DTA-O2XU-7RKB-M5QC"},
    request_only=True,
)
BEGUN = OpenApiExample(
    "The code is in the mail",
    value={"recovery_session": _SESSION, "address": "a***@example.com", "expires_in": 1800},
    response_only=True,
)
MAIL_CODE = OpenApiExample(
    "The code from the mail", value={"recovery_session": _SESSION, "code": "40912873"}, request_only=True
)
PROVEN = OpenApiExample(
    "Set up a new app",
    value={
        "state": "enrolling",
        "recovery_session": _SESSION,
        "seed": _SEED,
        "uri": f"otpauth://totp/Kakehashi:aya%40example.com?secret={_SEED}&issuer=Kakehashi&digits=6&period=30",
        "waits_until": None,
    },
    response_only=True,
)
WAITS = OpenApiExample(
    "First a day's wait",
    value={
        "state": "waiting",
        "recovery_session": None,
        "seed": None,
        "uri": None,
        "waits_until": "2026-11-02T09:00:00+09:00",
    },
    response_only=True,
)
LINK = OpenApiExample(
    "Link and password",
    value={"token": "Zr3vK0mQ8dXo1b7tYw2nLfUe5sJcHg9aPiAqRxV4T6E", "password": "a quiet harbour at dawn"},
    request_only=True,
)
APP_CODE = OpenApiExample(
    "The new app's first code", value={"recovery_session": _SESSION, "code": "775310"}, request_only=True
)
AGAIN = OpenApiExample("The same recovery", value={"recovery_session": _SESSION}, request_only=True)
UNDER_WAY = OpenApiExample(
    "Waiting",
    value={
        "way": "code",
        "state": "waiting",
        "began_at": "2026-11-01T09:00:00+09:00",
        "waits_until": "2026-11-02T09:00:00+09:00",
    },
    response_only=True,
)
