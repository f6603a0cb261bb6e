"""Finding cases, and suggesting from what was found."""
