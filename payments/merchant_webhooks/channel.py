"""How a message leaves for a merchant: one signed POST, and what its answer means for the endpoint."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import httpx
from django.conf import settings

from payments.actions.webhook_endpoints import note_delivered, note_failed, note_gone
from payments.merchant_webhooks.addresses import ForbiddenAddress, NameUnknown, target_of
from payments.merchant_webhooks.signing import headers
from payments.models import WebhookEndpoint
from wallet_site.outbox.channels import ChannelDown, Refused
from wallet_site.outbox.registry import Message, Recipient

GONE = 410


class WebhookChannel:
    """`Recipient.address` is the endpoint's id: its address and secrets are read at every try."""

    def send(self, to: Recipient, message: Message, *, message_id: str) -> None:
        """2xx is taken; 410 turns the endpoint off; anything else, a redirect too, is tried again later."""
        endpoint = WebhookEndpoint.objects.filter(public_id=to.address).first()
        if endpoint is None or endpoint.disabled_at is not None:
            raise Refused("the endpoint is turned off")
        try:
            status = _post(endpoint, message.text, message_id=message_id)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise self._later(endpoint, f"no answer: {type(error).__name__}") from error
        except (ForbiddenAddress, NameUnknown) as error:
            raise self._later(endpoint, f"{error.code}: the address cannot be called") from error
        if 200 <= status < 300:
            note_delivered(endpoint)
        elif status == GONE:
            note_gone(endpoint)
            raise Refused("410: the merchant wants no more of it")
        else:
            raise self._later(endpoint, f"answered {status}")

    def _later(self, endpoint: WebhookEndpoint, said: str) -> Exception:
        return (
            Refused(f"{said}; the endpoint failed for days") if note_failed(endpoint) else ChannelDown(said)
        )


def _post(endpoint: WebhookEndpoint, body: str, *, message_id: str) -> int:
    """The status of the answer; its body is never read."""
    target = target_of(endpoint.url)
    now = datetime.now(UTC)
    live = [endpoint.secret]
    if endpoint.previous_secret and endpoint.previous_until and endpoint.previous_until > now:
        live.append(endpoint.previous_secret)
    signed = headers(body, message_id=message_id, secret_texts=live, at=now)
    with (
        httpx.Client(
            verify=_trust(), timeout=settings.WEBHOOK_TIMEOUT_SECONDS, trust_env=False, follow_redirects=False
        ) as client,
        client.stream(
            "POST",
            target.url,
            content=body.encode(),
            headers={
                "Host": target.host_header,
                "Content-Type": "application/json",
                "User-Agent": "Kakehashi-Webhooks/1",
                **signed,
            },
            extensions={"sni_hostname": target.host},
        ) as answer,
    ):
        return answer.status_code


def _trust() -> ssl.SSLContext:
    """The authorities that this machine trusts; the certificate must be the host's, not the number's."""
    return ssl.create_default_context()
