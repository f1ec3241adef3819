"""Telling merchants what happened, by Standard Webhooks (https://www.standardwebhooks.com), out of the outbox."""
