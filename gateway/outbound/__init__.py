"""From the outbox to the provider, and back."""
