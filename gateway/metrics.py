"""What Prometheus may read at `/metrics`. No label ever holds an address, a name or a word of a message."""

from prometheus_client import Counter, Gauge, Histogram

INBOUND = Counter("ventanilla_inbound_total", "Requests from providers by what became of them", ["channel", "result"])
SENT = Counter("ventanilla_sent_total", "Attempts to send by outcome", ["channel", "outcome"])
MOMENTS = Counter("ventanilla_moments_total", "Warnings, breaches and what follows them, as they are noted", ["kind"])
REQUESTS = Histogram(
    "ventanilla_request_seconds",
    "Time to answer a request on the console and API, seconds",
    ["route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
SEARCH_READ = Counter("ventanilla_search_read_total", "Messages read into the full-text index")
SEARCH_LAG = Gauge("ventanilla_search_lag_seconds", "Age of the oldest message that cannot be found yet, seconds")
LIVE_STREAMS = Gauge("ventanilla_live_streams", "Console pages that are told of changes as they happen")
