"""Who is there, and who gets what."""
