"""`/top-ups`: money from a linked card into the wallet, once per Idempotency-Key."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import card_queries
from payments.actions.top_ups import start_top_up
from payments.api.card_serializers import StartTopUpSerializer, TopUpSerializer
from payments.customers import customer_of
from wallet_site.api.idempotent import IdempotentMixin
from wallet_site.web import actor_of


class TopUpsView(IdempotentMixin, APIView):
    """Begin a top-up."""

    @extend_schema(
        operation_id="start_top_up",
        request=StartTopUpSerializer,
        responses={201: TopUpSerializer},
        summary="Charge a linked card and credit the wallet. No answer in time is `unknown`, never a failure.",
    )
    def post(self, request: Request) -> Response:
        asked = StartTopUpSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        started = start_top_up(
            customer_of(request),
            card_id=asked.validated_data["card"],
            amount_minor=asked.validated_data["amount"],
            request_key=self.request_once.key,
            actor=actor_of(request),
        )
        return self.answer(201, TopUpSerializer(started.top_up).data, repeated=started.repeated)


class TopUpView(APIView):
    """One top-up of the customer's."""

    @extend_schema(operation_id="get_top_up", responses={200: TopUpSerializer})
    def get(self, request: Request, top_up_id: UUID) -> Response:
        return Response(TopUpSerializer(card_queries.top_up_of(customer_of(request), top_up_id)).data)
