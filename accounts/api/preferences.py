"""Which ordinary notices one gets, from an app."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actions.preferences import choose_receipts
from accounts.api.callers import customer_of
from accounts.models import User
from accounts.models.notice_preferences import LARGEST_EMAIL_FROM_MINOR
from accounts.notice_preferences import Receipts, louder_until, receipts_of
from wallet_site.api.etags import require_unchanged, tagged
from wallet_site.api.serializers import StrictSerializer, values_of
from wallet_site.web import actor_of

_TAG = "Profile"


class ReceiptsSerializer(StrictSerializer):
    """Receipts of payments, top-ups and refunds."""

    receipts_by_email = serializers.BooleanField()
    receipts_by_push = serializers.BooleanField(help_text="To every device with a push token.")
    receipts_email_from = serializers.IntegerField(
        min_value=0,
        max_value=LARGEST_EMAIL_FROM_MINOR,
        help_text="Payments below it are not mailed, in minor units. Top-ups and refunds always are.",
    )


class NoticesSerializer(serializers.Serializer[Any]):
    """What is told, and what nobody can switch off."""

    receipts_by_email = serializers.BooleanField()
    receipts_by_push = serializers.BooleanField()
    receipts_email_from = serializers.IntegerField()
    louder_until = serializers.DateTimeField(
        allow_null=True,
        help_text="Until then, after a change of credentials, receipts come at least as by default.",
    )
    security = serializers.ChoiceField(choices=["always"], help_text="Everywhere on file. Cannot be muted.")
    news = serializers.ChoiceField(choices=["none"], help_text="We send no advertising.")


_CHOICE = {"receipts_by_email": True, "receipts_by_push": True, "receipts_email_from": 3000}
_CHOOSE = OpenApiExample("As by default", value=_CHOICE, request_only=True)
_SHOWN = OpenApiExample(
    "As by default",
    value={**_CHOICE, "louder_until": None, "security": "always", "news": "none"},
    response_only=True,
)


class NoticesView(APIView):
    """Notices."""

    @extend_schema(
        operation_id="get_notices",
        tags=[_TAG],
        summary="Read which notices one gets",
        responses={
            200: NoticesSerializer,
            304: OpenApiResponse(description="Not changed since the ETag in `If-None-Match`."),
        },
        examples=[_SHOWN],
    )
    def get(self, request: Request) -> Response:
        """With an ETag."""
        return tagged(request, notices_body(customer_of(request)))

    @extend_schema(
        operation_id="choose_notices",
        tags=[_TAG],
        summary="Choose which receipts to get",
        description="To get fewer of them needs a fresh step-up, and every address is told. Notices about the safety "
        "of the account cannot be switched off. `If-Match` is honoured as for the profile.",
        request=ReceiptsSerializer,
        responses={200: NoticesSerializer},
        examples=[_CHOOSE, _SHOWN],
    )
    def put(self, request: Request) -> Response:
        """The choice as it is afterwards."""
        user, asked = customer_of(request), values_of(ReceiptsSerializer, request)
        require_unchanged(request, notices_body(user))
        wanted = Receipts(
            by_email=asked["receipts_by_email"],
            by_push=asked["receipts_by_push"],
            email_from_minor=asked["receipts_email_from"],
        )
        choose_receipts(user, wanted, actor=actor_of(request._request))
        return tagged(request, notices_body(user))


def notices_body(user: User) -> dict[str, Any]:
    """The choice in force and what holds beside it."""
    chosen = receipts_of(user.pk)
    body: dict[str, Any] = NoticesSerializer(
        {
            "receipts_by_email": chosen.by_email,
            "receipts_by_push": chosen.by_push,
            "receipts_email_from": chosen.email_from_minor,
            "louder_until": louder_until(user.pk),
            "security": "always",
            "news": "none",
        }
    ).data
    return body
