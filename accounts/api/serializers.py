"""What apps send and get about signing in, devices and the profile."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts import policy
from accounts.models import ApiDevice, User
from accounts.places import place_of
from accounts.two_factor.passkeys.ceremonies import MAXIMUM_CREDENTIAL_CHARACTERS
from accounts.two_factor.passkeys.proofs import PasskeyAnswer
from wallet_site.api.serializers import StrictSerializer

# What proves a second factor, and with the spare that only gets one in.
FACTORS = ["passkey", "totp"]
FACTORS_AND_SPARE = [*FACTORS, "recovery_code"]


def device_name_field() -> serializers.RegexField:
    """What the owner will read in the list of devices, and in mails: one line."""
    return serializers.RegexField(
        r"^[^\x00-\x1f\x7f]+\Z",
        max_length=80,
        error_messages={"invalid": _("A name is one line of text.")},
        help_text='As its owner calls it, such as "Aya\'s phone".',
    )


class SignInSerializer(StrictSerializer):
    """First step: who, and what the owner will read in the list of devices."""

    email = serializers.CharField(max_length=254, trim_whitespace=False)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, style={"input_type": "password"})
    device_name = device_name_field()


class ProofSerializer(StrictSerializer):
    """A second factor: a code, or a passkey's answer to the question that was asked for it."""

    code = serializers.CharField(
        required=False, max_length=40, help_text="Six digits of the authenticator app, or a recovery code."
    )
    ceremony = serializers.CharField(
        required=False,
        max_length=4000,
        help_text="With `credential`, in the place of `code`: as it was given.",
    )
    credential = serializers.CharField(
        required=False,
        max_length=MAXIMUM_CREDENTIAL_CHARACTERS,
        help_text="WebAuthn's AuthenticationResponseJSON, as text.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One way, whole."""
        ways = {name for name in ("code", "ceremony", "credential") if name in attrs}
        if ways not in ({"code"}, {"ceremony", "credential"}):
            raise serializers.ValidationError(
                {"code": _("Send either a code, or ceremony and credential of a passkey.")}
            )
        return attrs


def proof_in(asked: dict[str, Any]) -> str | PasskeyAnswer:
    """The code, or the passkey's answer, of a validated `ProofSerializer`."""
    if "code" in asked:
        return str(asked["code"])
    return PasskeyAnswer(asked["ceremony"], asked["credential"])


class FactorSerializer(ProofSerializer):
    """Second step: the challenge, and a proof by one of its factors."""

    auth_session = serializers.CharField(max_length=2000, help_text="From the challenge. Good for one try.")


class AskPasskeySerializer(StrictSerializer):
    """Which sign-in a passkey shall complete."""

    auth_session = serializers.CharField(
        max_length=2000, help_text="From the challenge. It is not used up by this."
    )


class PasskeyQuestionSerializer(serializers.Serializer[Any]):
    """A question for an authenticator."""

    ceremony = serializers.CharField(
        help_text="Bring it back with the answer. Good for one try, five minutes."
    )
    options = serializers.DictField(
        help_text="WebAuthn's PublicKeyCredentialRequestOptionsJSON (or CreationOptionsJSON for a new passkey): hand "
        "it to the system's credential manager as it is."
    )


class RefreshSerializer(StrictSerializer):
    """The refresh token, good for one use."""

    refresh_token = serializers.CharField(max_length=200)


class AskStepUpSerializer(StrictSerializer):
    """What the passkey shall confirm."""

    challenge = serializers.UUIDField(
        required=False, help_text="From the `step_up` member of the refused request, if it had one."
    )


class StepUpSerializer(ProofSerializer):
    """A fresh second factor, for the next minutes or for what the challenge says (then no recovery code)."""

    challenge = serializers.UUIDField(
        required=False,
        help_text="From the `step_up` member of the refused request. Without it the proof is bound to nothing.",
    )


class StepUpAnswerSerializer(serializers.Serializer[Any]):
    """How long the fresh proof counts."""

    max_age = serializers.IntegerField(help_text="Seconds.")


class QuestionSerializer(serializers.Serializer[Any]):
    """What exactly is to be confirmed."""

    endpoint = serializers.CharField(help_text="Where it is proven.")
    challenge = serializers.UUIDField()
    action = serializers.CharField(help_text="A stable name, such as `payments:transfer:send`.")
    words = serializers.CharField(help_text="For the customer, in the language of the request.")
    amount = serializers.IntegerField(allow_null=True, help_text="In minor units.")
    currency = serializers.CharField(help_text="ISO 4217; empty without an amount.")
    payee = serializers.CharField(help_text="As the customer reads it.")
    factors = serializers.ListField(child=serializers.ChoiceField(choices=FACTORS))
    expires_in = serializers.IntegerField(help_text="Seconds in which it can be proven.")


class TokensSerializer(serializers.Serializer[Any]):
    """A fresh pair. Both are worthless without the device's key."""

    access_token = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["DPoP"])
    expires_in = serializers.IntegerField(help_text="Seconds that the access token is good for.")
    refresh_token = serializers.CharField(help_text="Good for one use; a second use signs the device out.")
    device_id = serializers.UUIDField()


class ChallengeSerializer(serializers.Serializer[Any]):
    """The problem that asks for a second factor: RFC 9457's members and the challenge."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=["insufficient-authorization"])
    error = serializers.ChoiceField(
        choices=["insufficient_authorization"], help_text="The draft's name of `code`."
    )
    auth_session = serializers.CharField(
        help_text="Bring it back with a code. Good for one try, for this key alone."
    )
    factors = serializers.ListField(child=serializers.ChoiceField(choices=FACTORS_AND_SPARE))
    expires_in = serializers.IntegerField(help_text="Seconds until the sign-in must begin anew.")


class DeviceSerializer(serializers.ModelSerializer[ApiDevice]):
    """A device that is signed in."""

    id = serializers.UUIDField(source="public_id")
    place = serializers.SerializerMethodField(
        help_text="Roughly where the network is, in the language of the request; empty where it is not known."
    )
    factor = serializers.CharField(help_text="With which it last signed in; empty where that is not known.")
    is_current = serializers.SerializerMethodField(help_text="Whether it is the one that asks.")
    told_by_push = serializers.BooleanField(help_text="Whether its app has registered a push token.")

    class Meta:
        model = ApiDevice
        fields = (
            "id", "name", "network", "place", "factor", "created_at", "last_seen_at", "is_current", "told_by_push",
        )  # fmt: skip

    def get_place(self, device: ApiDevice) -> str:
        """Looked up in a file; nobody is asked."""
        return place_of(device.network)

    def get_is_current(self, device: ApiDevice) -> bool:
        """Whether it is the one that asks."""
        return bool(device.pk == self.context["current"].pk)


class ProfileSerializer(serializers.ModelSerializer[User]):
    """Who is signed in."""

    id = serializers.UUIDField(source="public_id")
    restrictions = serializers.SerializerMethodField(
        help_text="What is stopped on this account at the moment: `all`, `spending`, `top_up`, ..."
    )

    class Meta:
        model = User
        fields = (
            "id",
            "customer_number",
            "email",
            "full_name",
            "phone",
            "language",
            "created_at",
            "restrictions",
        )

    def get_restrictions(self, user: User) -> list[str]:
        """Scopes of the live suspensions, each once."""
        return sorted({one.scope for one in policy.restrictions(user.pk)})


class ProfileChangeSerializer(StrictSerializer):
    """What of the profile an app may change by itself."""

    language = serializers.ChoiceField(choices=User.Language.choices)
