"""A fresh second factor from an app: for five minutes, or for exactly one thing."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import step_up
from accounts.actions.step_ups import find_challenge, step_up_device
from accounts.api import examples
from accounts.api.callers import customer_of, device_of
from accounts.api.serializers import (
    AskStepUpSerializer,
    PasskeyQuestionSerializer,
    QuestionSerializer,
    StepUpAnswerSerializer,
    StepUpSerializer,
    proof_in,
)
from accounts.errors import StepUpOver
from accounts.models import ApiDevice, StepUpChallenge
from accounts.two_factor.codes import APP_CODE, EVERY_CODE, check_code
from accounts.two_factor.passkeys.ceremonies import Question, ask_to_sign
from accounts.two_factor.passkeys.proofs import check_passkey
from wallet_site.api.serializers import values_of
from wallet_site.errors import NotFound
from wallet_site.web import actor_of


class StepUpView(APIView):
    """A fresh second factor."""

    @extend_schema(
        operation_id="step_up",
        tags=["Step-up"],
        summary="Prove the second factor again",
        description="What matters asks for a second factor that is at most five minutes old (RFC 9470). Such a request "
        'is answered with 401 `step-up-required` and `WWW-Authenticate: DPoP error="insufficient_user_authentication", '
        'acr_values="urn:kakehashi:acr:second-factor", max_age=300`: call this, then repeat the request.\n\n'
        "Where the problem's `step_up` member has a `challenge`, "
        "show its `words` to the customer and send it along: the proof then counts for exactly this action, amount and "
        "payee, once, for five minutes. Repeat the refused request with the same `Idempotency-Key`. A challenge that "
        "is over is answered with 409 `step-up-over`: repeat the request to get the next one.",
        request=StepUpSerializer,
        responses={200: StepUpAnswerSerializer},
        examples=[examples.STEP_UP, examples.STEP_UP_BOUND, examples.STEP_UP_PASSKEY, examples.STEPPED_UP],
    )
    def post(self, request: Request) -> Response:
        """The device counts as freshly proven for five minutes."""
        asked = values_of(StepUpSerializer, request)
        actor = actor_of(request._request)
        challenge = find_challenge(asked.get("challenge"), actor=actor)
        user, given = customer_of(request), proof_in(asked)
        if isinstance(given, str):
            allowed = EVERY_CODE if challenge is None else APP_CODE
            proof = check_code(user, given, actor=actor, allowed=allowed)
        else:
            question = _question(device_of(request), challenge)
            proof = check_passkey(given.ceremony, given.credential, question=question, user=user, actor=actor)
        step_up_device(device_of(request), proof, challenge=challenge, actor=actor)
        return Response({"max_age": int(settings.STEP_UP_FRESH.total_seconds())})


class AskStepUpPasskeyView(APIView):
    """The question for a passkey that gives a fresh proof."""

    @extend_schema(
        operation_id="ask_passkey_to_step_up",
        tags=["Step-up"],
        summary="Get the question for a passkey",
        description="Give `options` to the system's credential manager and send its answer to `/step-up`. With a "
        "`challenge` what is confirmed becomes part of what the passkey signs.",
        request=AskStepUpSerializer,
        responses={200: PasskeyQuestionSerializer},
        examples=[examples.ASK_STEP_UP, examples.ASKED],
    )
    def post(self, request: Request) -> Response:
        """A ceremony and WebAuthn's options."""
        asked = values_of(AskStepUpSerializer, request)
        challenge = find_challenge(asked.get("challenge"), actor=actor_of(request._request))
        question = _question(device_of(request), challenge)
        return Response(ask_to_sign(question, user=customer_of(request)).as_json())


def _question(device: ApiDevice, challenge: StepUpChallenge | None) -> Question:
    """Answered by that device alone, and for that one thing alone."""
    return Question(
        "step_up", f"device:{device.public_id}", bytes(challenge.digest) if challenge is not None else b""
    )


class ChallengeView(APIView):
    """What is to be confirmed."""

    @extend_schema(
        operation_id="get_step_up_challenge",
        tags=["Step-up"],
        summary="Read what is to be confirmed",
        description="The `step_up` member of the refused request once more, in the language of this one. Only the "
        "device that was refused finds it, and only until it is proven or over.",
        responses={
            200: QuestionSerializer,
            404: OpenApiResponse(description="Proven, over, or another device's."),
        },
        examples=[examples.QUESTION],
    )
    def get(self, request: Request, challenge_id: UUID) -> Response:
        """Action, amount, payee and words."""
        try:
            challenge = find_challenge(challenge_id, actor=actor_of(request._request))
        except StepUpOver as over:
            raise NotFound from over
        if challenge is None:
            raise NotFound
        return Response(step_up.description_of(challenge))
