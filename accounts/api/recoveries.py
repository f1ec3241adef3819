"""A lost second factor, from an app: the two proofs, a new authenticator app, new codes; and stopping somebody else's.

The same actions as the pages. Who has lost everything asks the desk; nobody is signed in by any of this.
"""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actions.recoveries import from_apps
from accounts.actions.recoveries.asking import ask_recovery
from accounts.actions.recoveries.steps import open_recovery
from accounts.actions.recoveries.stopping import stop_signed_in, take_back
from accounts.api import recovery_serializers as shapes
from accounts.api.callers import customer_of
from accounts.api.codes_and_apps import CODES, RecoveryCodesSerializer
from accounts.api.signed_out import ADDRESS, AddressSerializer
from accounts.api.views import KeyView
from wallet_site.api.serializers import values_of
from wallet_site.errors import NotFound
from wallet_site.web import actor_of

_TAG = "Lost factor"


class LostFactorView(KeyView):
    """First proof."""

    @extend_schema(
        operation_id="begin_recovery",
        tags=[_TAG],
        summary="Prove a recovery code after the password",
        description="For who has lost every passkey and authenticator app. Take the `auth_session` of `sign_in`; the "
        "recovery code is burnt and a code goes to the address on file. Every address is told. A wrong code is "
        "answered like at `prove_factor`: 422 `wrong-code` with the next `auth_session`.",
        request=shapes.LostFactorSerializer,
        responses={202: shapes.RecoveryBegunSerializer},
        examples=[shapes.LOST, shapes.BEGUN],
    )
    def post(self, request: Request) -> Response:
        """202: the code is on its way."""
        asked = values_of(shapes.LostFactorSerializer, request)
        begun = from_apps.begin(
            asked["auth_session"],
            asked["code"],
            key_thumbprint=self.thumbprint,
            actor=actor_of(request._request),
        )
        return Response(shapes.begun_body(begun.recovery, begun.session), status=202)


class RecoveryMailView(KeyView):
    """Second proof."""

    @extend_schema(
        operation_id="prove_recovery_mail_code",
        tags=[_TAG],
        summary="Prove the code from the mail",
        description="Then the new authenticator app is set up with `seed` or `uri`. Where nobody could be told but by "
        "that very mailbox the answer is `waiting`: a link comes by mail after a day (`recover_by_link`). Five wrong "
        "codes (422 `wrong-mail-code`) and another one is needed; 409 `recovery-over` when there is nothing to go on "
        "with.",
        request=shapes.RecoveryCodeStepSerializer,
        responses={200: shapes.RecoveryProvenSerializer},
        examples=[shapes.MAIL_CODE, shapes.PROVEN, shapes.WAITS],
    )
    def post(self, request: Request) -> Response:
        """The key of the new app, or until when to wait."""
        asked = values_of(shapes.RecoveryCodeStepSerializer, request)
        proven = from_apps.prove_mail_code(
            asked["recovery_session"],
            asked["code"],
            key_thumbprint=self.thumbprint,
            actor=actor_of(request._request),
        )
        return Response(shapes.proven_body(proven.recovery, proven.session))


class RecoveryMailAgainView(KeyView):
    """Another code."""

    @extend_schema(
        operation_id="resend_recovery_mail_code",
        tags=[_TAG],
        summary="Mail another code",
        description="The one before is no longer valid.",
        request=shapes.RecoverySessionSerializer,
        responses={202: None},
        examples=[shapes.AGAIN],
    )
    def post(self, request: Request) -> Response:
        """202."""
        asked = values_of(shapes.RecoverySessionSerializer, request)
        from_apps.resend(
            asked["recovery_session"], key_thumbprint=self.thumbprint, actor=actor_of(request._request)
        )
        return Response(status=202)


class RecoveryLinkView(KeyView):
    """After the wait."""

    @extend_schema(
        operation_id="recover_by_link",
        tags=[_TAG],
        summary="Go on with the mailed link after a wait",
        description="The link and the password together let this device set up the new authenticator app. Let your "
        "app open the link (an https app link). Who has lost the password too goes on in the browser.",
        request=shapes.RecoveryLinkSerializer,
        responses={200: shapes.RecoveryProvenSerializer},
        examples=[shapes.LINK, shapes.PROVEN],
    )
    def post(self, request: Request) -> Response:
        """The key of the new app."""
        asked = values_of(shapes.RecoveryLinkSerializer, request)
        proven = from_apps.prove_password(
            asked["token"],
            asked["password"],
            key_thumbprint=self.thumbprint,
            actor=actor_of(request._request),
        )
        return Response(shapes.proven_body(proven.recovery, proven.session))


class RecoveryAppView(KeyView):
    """The new factor."""

    @extend_schema(
        operation_id="prove_recovery_app",
        tags=[_TAG],
        summary="Prove the new authenticator app's first code",
        description="Let the customer save the recovery codes, then finish. A repeat answers the same codes.",
        request=shapes.RecoveryCodeStepSerializer,
        responses={200: RecoveryCodesSerializer},
        examples=[shapes.APP_CODE, CODES],
    )
    def post(self, request: Request) -> Response:
        """The recovery codes to come. Nothing counts yet."""
        asked = values_of(shapes.RecoveryCodeStepSerializer, request)
        codes = from_apps.prove_app(
            asked["recovery_session"],
            asked["code"],
            key_thumbprint=self.thumbprint,
            actor=actor_of(request._request),
        )
        return Response({"recovery_codes": codes})


class RecoveryFinishView(KeyView):
    """Everything counts."""

    @extend_schema(
        operation_id="finish_recovery",
        tags=[_TAG],
        summary="Put the new factor in force",
        description="It takes the place of every old passkey, app and code; everything is signed out, every address "
        "is told, limits stay low for 72 hours. Nobody is signed in: begin at `sign_in` with the new app.",
        request=shapes.RecoverySessionSerializer,
        responses={204: None},
        examples=[shapes.AGAIN],
    )
    def post(self, request: Request) -> Response:
        """204."""
        asked = values_of(shapes.RecoverySessionSerializer, request)
        from_apps.finish(
            asked["recovery_session"], key_thumbprint=self.thumbprint, actor=actor_of(request._request)
        )
        return Response(status=204)


class RecoveryAskView(KeyView):
    """Everything is lost."""

    @extend_schema(
        operation_id="ask_recovery",
        tags=[_TAG],
        summary="Ask the support desk to get an account back",
        description="For who has lost the recovery codes too. The answer is the same for every address. Two members of "
        "staff and a wait of 72 hours, in which every address is told, come before anything else.",
        request=AddressSerializer,
        responses={202: None},
        examples=[ADDRESS],
    )
    def post(self, request: Request) -> Response:
        """202 for every address."""
        ask_recovery(values_of(AddressSerializer, request)["email"], actor=actor_of(request._request))
        return Response(status=202)


class OwnRecoveryView(APIView):
    """What is under way, for who is still signed in."""

    @extend_schema(
        operation_id="get_recovery",
        tags=[_TAG],
        summary="Read whether a recovery of this account is under way",
        responses={200: shapes.OwnRecoverySerializer},
        examples=[shapes.UNDER_WAY],
    )
    def get(self, request: Request) -> Response:
        """404 when none is."""
        recovery = open_recovery(customer_of(request).pk)
        if recovery is None:
            raise NotFound
        return Response(shapes.OwnRecoverySerializer(recovery).data)

    @extend_schema(
        operation_id="take_back_recovery",
        tags=[_TAG],
        summary="Take one's own recovery back",
        description="Needs a fresh step-up. Nothing is frozen; 409 `recovery-over` when none is under way.",
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        """204."""
        take_back(customer_of(request), actor=actor_of(request._request))
        return Response(status=204)


class StopRecoveryView(APIView):
    """It was somebody else."""

    @extend_schema(
        operation_id="stop_recovery",
        tags=[_TAG],
        summary="Stop a recovery that one did not begin",
        description="Needs no second factor: it only stops. The account is frozen, every browser and app is signed out "
        "(this one too), and the support desk has a case. 409 `recovery-over` when none is under way.",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """204."""
        stop_signed_in(customer_of(request), actor=actor_of(request._request))
        return Response(status=204)
