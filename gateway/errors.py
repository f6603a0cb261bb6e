"""What can go wrong in the gateway, as one tree.

    GatewayError                the root, never raised itself
    ├── SettingsFault           an environment variable is missing or wrong: said at start, in a sentence
    ├── StoreBusy               another process serves this SQLite file, or the database cannot be had
    └── Refusal                 a person asked for something that may not be done now
        ├── NotFound            there is no such thing, or it is not yours to see: the same answer
        ├── Forbidden           your role may not do this
        ├── Invalid             a field is missing or wrong; `field` names it
        └── Conflict            the case has moved on: somebody took it, it is closed, nothing is left to take

Each refusal's text may be shown to a person and holds no personal data.
"""


class GatewayError(Exception):
    """Root of the gateway's errors."""


class SettingsFault(GatewayError):
    """The environment does not describe a gateway that can start."""


class StoreBusy(GatewayError):
    """The database is held by another process, or is not there."""


class Refusal(GatewayError):
    """Asked and not done, with the reason. `status` is the HTTP status that says so."""

    status = 400
    title = "Refused"


class NotFound(Refusal):
    """No such thing, or not yours to see."""

    status = 404
    title = "Not found"


class Forbidden(Refusal):
    """Your role may not do this."""

    status = 403
    title = "Forbidden"


class Invalid(Refusal):
    """A field is missing or wrong."""

    status = 422
    title = "Invalid"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Conflict(Refusal):
    """It was possible a moment ago, and is not now."""

    status = 409
    title = "Conflict"
