"""From the webhook to the case."""
