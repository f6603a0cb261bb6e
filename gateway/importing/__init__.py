"""Cases of the past."""
