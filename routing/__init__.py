"""The middle floor: what should happen. Pure functions; `now` is a parameter."""
