"""Speed and size, each shown as a ratio to something simpler run beside it. `make bench` runs them all."""
