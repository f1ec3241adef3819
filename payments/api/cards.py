"""`/cards`: the customer's cards and their linking."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import card_queries
from payments.actions.card_endings import remove_card
from payments.actions.linkings import finish_linking, start_linking
from payments.api.card_serializers import CardSerializer, LinkingSerializer, StartedLinkingSerializer
from payments.customers import customer_of
from wallet_site.api.etags import tagged
from wallet_site.web import actor_of


class CardsView(APIView):
    """The live cards."""

    @extend_schema(
        operation_id="list_cards", responses={200: CardSerializer(many=True)}, summary="At most five."
    )
    def get(self, request: Request) -> Response:
        return tagged(request, CardSerializer(card_queries.live_cards(customer_of(request)), many=True).data)


class CardView(APIView):
    """One card."""

    @extend_schema(
        operation_id="remove_card",
        request=None,
        responses={204: None},
        summary="Remove a card. Needs a second factor at most five minutes old.",
    )
    def delete(self, request: Request, card_id: UUID) -> Response:
        remove_card(card_queries.card_of(customer_of(request), card_id), actor=actor_of(request))
        return Response(status=204)


class LinkingsView(APIView):
    """Begin to link a card."""

    @extend_schema(
        operation_id="start_card_linking",
        request=None,
        responses={201: StartedLinkingSerializer},
        summary="Begin to link a card on the processor's own page. Needs a fresh second factor; five tries a day.",
    )
    def post(self, request: Request) -> Response:
        linking, url = start_linking(customer_of(request), actor=actor_of(request))
        body = {**LinkingSerializer(linking).data, "url": url}
        return Response(body, status=201)


class LinkingView(APIView):
    """How a linking stands."""

    @extend_schema(operation_id="get_card_linking", responses={200: LinkingSerializer})
    def get(self, request: Request, linking_id: UUID) -> Response:
        linking = card_queries.linking_of(customer_of(request), linking_id)
        return Response(LinkingSerializer(finish_linking(linking, actor=actor_of(request))).data)
