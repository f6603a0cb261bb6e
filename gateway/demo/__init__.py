"""Months of a deployment's life, made up: for screens, trials and lessons.

Nothing here writes a case by itself. Made-up citizens write to the real intake, made-up managers work at the real
desk, and the real timekeeper looks on, all by a clock that is moved by hand; only the providers are played.
"""
