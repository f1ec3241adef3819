"""What Stripe and the sandbox, which speaks as it does, have in common."""
