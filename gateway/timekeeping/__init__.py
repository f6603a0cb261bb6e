"""Clocks kept beside the log, and what they set off."""
