"""The ground floor: what a message is, and how each provider says it."""
