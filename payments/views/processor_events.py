"""Where processors send their webhooks."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments.actions.webhooks import take_webhook
from payments.errors import DisputeTooEarly
from payments.processors.base import ForgedWebhookError, ProcessorError
from payments.processors.registry import NONE
from wallet_site.web import public

log = structlog.get_logger(__name__)


@public
@csrf_exempt
@require_POST
def processor_events(request: HttpRequest, processor: str) -> HttpResponse:
    """204: taken. 400: not genuine or not fresh. 503: send it again later. The signature is the only way in."""
    if processor != settings.PROCESSOR or processor == NONE:
        return HttpResponse(status=404)
    try:
        take_webhook(processor, request.body, request.headers)
    except (ForgedWebhookError, RequestDataTooBig) as error:
        log.warning("webhook_refused", processor=processor, why=str(error))
        return HttpResponse(status=400)
    except (ProcessorError, DisputeTooEarly) as error:
        log.info("webhook_put_off", processor=processor, why=str(error))
        return HttpResponse(status=503, headers={"Retry-After": "5"})
    return HttpResponse(status=204)
