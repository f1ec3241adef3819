"""The app's addresses for cards and top-ups."""

from __future__ import annotations

from django.urls import path

from payments.api import cards, top_ups

urlpatterns = [
    path("cards", cards.CardsView.as_view(), name="cards"),
    path("cards/linkings", cards.LinkingsView.as_view(), name="card_linkings"),
    path("cards/linkings/<uuid:linking_id>", cards.LinkingView.as_view(), name="card_linking"),
    path("cards/<uuid:card_id>", cards.CardView.as_view(), name="card"),
    path("top-ups", top_ups.TopUpsView.as_view(), name="top_ups"),
    path("top-ups/<uuid:top_up_id>", top_ups.TopUpView.as_view(), name="top_up"),
]
