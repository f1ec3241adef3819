"""Stripe: `client.py` links cards on its Checkout page and charges them, `webhooks.py` understands its events."""
