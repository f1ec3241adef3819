"""The customer's side of the desk."""

from __future__ import annotations

from django.urls import path

from support.views import restricted

app_name = "support"

urlpatterns = [
    path("restricted/", restricted.restricted, name="restricted"),
]
