"""What a person does with a case: take, assign, answer, note, transfer, ask to complete, extend, close, split, move.

Every act is one transaction: the case, its event, its clocks and, where something is said, the outbox row. Every act
asks for the case with its principal, so that a case of another agency does not exist.
"""

from gateway.desk.answering import Answering, pieces
from gateway.desk.assigning import Assigning
from gateway.desk.merging import Merging
from gateway.desk.moving import OUTCOMES, Moving
from gateway.desk.timing import Timing
from gateway.desk.transcribing import Transcribing

__all__ = ["OUTCOMES", "Desk", "pieces"]


class Desk(Answering, Assigning, Moving, Merging, Timing, Transcribing):
    """The acts of response managers."""
