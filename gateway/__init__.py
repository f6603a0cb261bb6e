"""The top floor: what does happen. Store, clocks ticking, sending, web."""
