"""The least that a REST framework view can do for a sale: read JSON, check it, insert one row, answer.

No authentication, no signature, no idempotency, no code, no limit, no risk, no books, no audit, no notice. Served by
the same server with the same threads as the portal; see `tests.bench.measures.store_payment`.
"""

from __future__ import annotations

from django.conf import settings

from wallet_site import env

settings.configure(
    SECRET_KEY="bare",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    DATABASES={
        "default": env.database("DATABASE_URL")
        | {"CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True, "OPTIONS": {"prepare_threshold": 5}}
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
    USE_TZ=True,
)

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402

application = get_wsgi_application()

from rest_framework import serializers  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Sale(models.Model):
    """`bare.sale`, made by the measure."""

    reference = models.TextField()
    amount = models.BigIntegerField()

    class Meta:
        app_label = "bare"
        managed = False
        db_table = '"bare"."sale"'

    def __str__(self) -> str:
        return self.reference


class SaleSerializer(serializers.ModelSerializer):
    class Meta:
        model = Sale
        fields = ("id", "reference", "amount")


class SalesView(APIView):
    def post(self, request) -> Response:
        asked = SaleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        asked.save()
        return Response(asked.data, status=201)


urlpatterns = [path("sales", SalesView.as_view())]
