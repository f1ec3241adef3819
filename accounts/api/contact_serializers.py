"""What apps send and get about addresses, the phone number, the password and the time of lower limits."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts import policy
from accounts.mail_codes import LIFETIME
from accounts.models import ContactChange, ContactKind
from accounts.phone_numbers import show_phone
from wallet_site.api.serializers import StrictSerializer


class PendingSerializer(serializers.Serializer[ContactChange]):
    """A new address or number that waits for the code that was sent there."""

    value = serializers.CharField(source="new_value")
    expires_at = serializers.DateTimeField(help_text="Until when it can be confirmed.")
    code_expires_at = serializers.SerializerMethodField(
        help_text="Until when the code that was sent last is valid."
    )

    def get_code_expires_at(self, change: ContactChange) -> str:
        """Ten minutes after it was sent, at most until the change itself is over."""
        ends = min(change.code_sent_at + LIFETIME, change.expires_at)
        return serializers.DateTimeField().to_representation(ends)


class ContactSerializer(serializers.Serializer[Any]):
    """One way to reach the customer."""

    kind = serializers.ChoiceField(choices=ContactKind.choices)
    value = serializers.CharField(allow_null=True, help_text="Address, or number in E.164; null for none.")
    shown = serializers.SerializerMethodField(help_text="As people write it.")
    pending = PendingSerializer(allow_null=True)

    def get_shown(self, contact: dict[str, Any]) -> str:
        """A number in the way of its country; "" for none."""
        value = contact["value"] or ""
        return show_phone(value) if contact["kind"] == ContactKind.PHONE else value


class ContactsSerializer(serializers.Serializer[Any]):
    """All of them: `email`, `notice_email`, `phone`."""

    contacts = ContactSerializer(many=True)


class ContactChangeSerializer(StrictSerializer):
    """The address or number that is to come."""

    value = serializers.CharField(
        max_length=254, help_text="An e-mail address, or a mobile number as its owner writes it."
    )


class ContactCodeSerializer(StrictSerializer):
    """The code that was sent there."""

    code = serializers.CharField(max_length=20, help_text="Eight digits from the mail or message.")


class CoolOffReasonSerializer(serializers.Serializer[Any]):
    """One change that keeps limits low."""

    kind = serializers.ChoiceField(choices=list(policy.COOL_OFF_TITLES.items()))
    title = serializers.CharField(help_text="In the language of the request.")
    at = serializers.DateTimeField()
    until = serializers.DateTimeField()


class CoolOffSerializer(serializers.Serializer[Any]):
    """Whether limits are low after a change, until when and why."""

    until = serializers.DateTimeField(allow_null=True, help_text="null: limits are as usual.")
    reasons = CoolOffReasonSerializer(many=True)


class PasswordSerializer(StrictSerializer):
    """The present password and the one to come. Neither is trimmed or cut."""

    current_password = serializers.CharField(
        max_length=256, trim_whitespace=False, style={"input_type": "password"}
    )
    new_password = serializers.CharField(
        max_length=256, trim_whitespace=False, style={"input_type": "password"}
    )
