"""Addresses and the phone number, the password, and the time of lower limits, for apps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import policy, queries
from accounts.actions.contact_changes import cancel_change, resend_code
from accounts.actions.emails import ask_email_change, confirm_email_change
from accounts.actions.notice_addresses import (
    ask_notice_address,
    confirm_notice_address,
    remove_notice_address,
)
from accounts.actions.passwords import change_password
from accounts.actions.phones import ask_phone, confirm_phone, remove_phone
from accounts.api import contact_examples as examples
from accounts.api.callers import customer_of
from accounts.api.contact_serializers import (
    ContactChangeSerializer,
    ContactCodeSerializer,
    ContactsSerializer,
    CoolOffSerializer,
    PasswordSerializer,
    PendingSerializer,
)
from accounts.errors import NoPendingChange
from accounts.models import ContactChange, ContactKind, User
from wallet_site.api.etags import tagged
from wallet_site.api.serializers import values_of
from wallet_site.errors import InvalidInput, NotAllowed, NotFound
from wallet_site.web import actor_of

_UNCHANGED: Final = OpenApiResponse(description="Not changed since the ETag in `If-None-Match`.")
_KIND: Final = OpenApiParameter(
    "kind",
    str,
    OpenApiParameter.PATH,
    enum=[kind.value for kind in ContactKind],
    description="Which of them.",
)
_ASK: Final[dict[ContactKind, Callable[..., ContactChange]]] = {
    ContactKind.EMAIL: ask_email_change,
    ContactKind.NOTICE_EMAIL: ask_notice_address,
    ContactKind.PHONE: ask_phone,
}
_CONFIRM: Final[dict[ContactKind, Callable[..., None]]] = {
    ContactKind.EMAIL: confirm_email_change,
    ContactKind.NOTICE_EMAIL: confirm_notice_address,
    ContactKind.PHONE: confirm_phone,
}
_REMOVE: Final[dict[ContactKind, Callable[..., None]]] = {
    ContactKind.NOTICE_EMAIL: remove_notice_address,
    ContactKind.PHONE: remove_phone,
}


class NotRemovable(NotAllowed):
    """The address with which somebody signs in."""

    code = "not-removable"
    title = _("This address cannot be removed")
    detail = _("You sign in with this address. Change it to another one instead.")


def _kind(text: str) -> ContactKind:
    try:
        return ContactKind(text)
    except ValueError:
        raise NotFound from None


def contacts_body(user: User) -> dict[str, Any]:
    """Every kind with its value and what waits."""
    found = queries.contacts_of(user)
    values = {
        ContactKind.EMAIL: found.email,
        ContactKind.NOTICE_EMAIL: found.notice_email,
        ContactKind.PHONE: found.phone,
    }
    contacts = [
        {"kind": kind.value, "value": value or None, "pending": found.waiting(kind)}
        for kind, value in values.items()
    ]
    body: dict[str, Any] = ContactsSerializer({"contacts": contacts}).data
    return body


class ContactsView(APIView):
    """Where the customer is reached."""

    @extend_schema(
        operation_id="list_contacts",
        tags=["Contacts"],
        summary="Read addresses and phone number, with what waits to be confirmed",
        responses={200: ContactsSerializer, 304: _UNCHANGED},
        examples=[examples.CONTACTS],
    )
    def get(self, request: Request) -> Response:
        """With an ETag."""
        return tagged(request, contacts_body(customer_of(request)))


class ContactView(APIView):
    """One of them."""

    @extend_schema(
        operation_id="change_contact",
        tags=["Contacts"],
        summary="Ask for another address or number",
        description="Needs a fresh second factor (RFC 9470). A code goes to the new address or number; until it is "
        "entered everything stays as it is. An address that has an account gets the same answer. All present addresses "
        "are told that a new sign-in address was asked for. A repeat replaces what waits.",
        parameters=[_KIND],
        request=ContactChangeSerializer,
        responses={202: PendingSerializer},
        examples=[examples.NEW_EMAIL, examples.PENDING],
    )
    def post(self, request: Request, kind: str) -> Response:
        """202: the code is on its way."""
        asked = values_of(ContactChangeSerializer, request)
        try:
            change = _ASK[_kind(kind)](customer_of(request), asked["value"], actor=actor_of(request._request))
        except InvalidInput as refusal:
            refusal.errors = [replace(error, pointer="/value") for error in refusal.errors]
            raise
        return Response(PendingSerializer(change).data, status=202)

    @extend_schema(
        operation_id="remove_contact",
        tags=["Contacts"],
        summary="Remove the second address or the phone number",
        description="Needs a fresh second factor. It is told of its removal; a removed address hears of everything "
        "for 30 more days. The address of the sign-in cannot be removed: 403 `not-removable`.",
        parameters=[_KIND],
        responses={204: None},
    )
    def delete(self, request: Request, kind: str) -> Response:
        """204; 404 when there was none."""
        wanted = _kind(kind)
        if wanted not in _REMOVE:
            raise NotRemovable
        _REMOVE[wanted](customer_of(request), actor=actor_of(request._request))
        return Response(status=204)


class ContactConfirmView(APIView):
    """The code makes it count."""

    @extend_schema(
        operation_id="confirm_contact",
        tags=["Contacts"],
        summary="Confirm the new address or number with its code",
        description="Needs a fresh second factor. Every address, the old one too, is told; other browsers and apps are "
        "signed out; limits are low for 72 hours. Five wrong codes and it is over: ask for a new one.",
        parameters=[_KIND],
        request=ContactCodeSerializer,
        responses={200: ContactsSerializer},
        examples=[examples.CODE, examples.CONTACTS],
    )
    def post(self, request: Request, kind: str) -> Response:
        """The contacts as they are afterwards."""
        asked, user = values_of(ContactCodeSerializer, request), customer_of(request)
        _CONFIRM[_kind(kind)](user, asked["code"], actor=actor_of(request._request))
        return Response(contacts_body(user))


class ContactCodeView(APIView):
    """Another code."""

    @extend_schema(
        operation_id="resend_contact_code",
        tags=["Contacts"],
        summary="Send a new code to what waits",
        description="The one before is no longer valid.",
        parameters=[_KIND],
        request=None,
        responses={202: PendingSerializer},
        examples=[examples.PENDING],
    )
    def post(self, request: Request, kind: str) -> Response:
        """202; 409 `no-pending-change` when nothing waits."""
        change = resend_code(customer_of(request), _kind(kind), actor=actor_of(request._request))
        return Response(PendingSerializer(change).data, status=202)


class ContactPendingView(APIView):
    """What waits."""

    @extend_schema(
        operation_id="cancel_contact_change",
        tags=["Contacts"],
        summary="Cancel what waits to be confirmed",
        description="Needs no second factor: it makes nothing less safe.",
        parameters=[_KIND],
        responses={204: None},
    )
    def delete(self, request: Request, kind: str) -> Response:
        """204; 409 `no-pending-change` when nothing waits."""
        if not cancel_change(customer_of(request), _kind(kind), actor=actor_of(request._request)):
            raise NoPendingChange
        return Response(status=204)


class CoolOffView(APIView):
    """Lower limits after a change."""

    @extend_schema(
        operation_id="get_cool_off",
        tags=["Profile"],
        summary="Read whether limits are low after a change, until when and why",
        description="For 72 hours after an address, number or second factor was changed, and for 24 after a new "
        "password or a new device, limits are lower, and no new card, no new payee and no higher limit is possible.",
        responses={200: CoolOffSerializer, 304: _UNCHANGED},
        examples=[examples.COOL_OFF],
    )
    def get(self, request: Request) -> Response:
        """With an ETag."""
        reasons = policy.cool_offs(customer_of(request).pk)
        until = max((one.until for one in reasons), default=None)
        return tagged(request, CoolOffSerializer({"until": until, "reasons": reasons}).data)


class PasswordView(APIView):
    """The password."""

    @extend_schema(
        operation_id="change_password",
        tags=["Profile"],
        summary="Change the password",
        description="Needs a fresh second factor and the current password. All addresses are told, other browsers and "
        "apps are signed out. Refused (422 `weak-password` at `/new_password`): fewer than 12 characters, passwords "
        "that are common or known from leaks, one's own name or address.",
        request=PasswordSerializer,
        responses={204: None},
        examples=[examples.PASSWORD],
    )
    def post(self, request: Request) -> Response:
        """This device stays signed in."""
        asked = values_of(PasswordSerializer, request)
        change_password(
            customer_of(request),
            current=asked["current_password"],
            new=asked["new_password"],
            actor=actor_of(request._request),
        )
        return Response(status=204)
