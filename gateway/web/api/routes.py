"""The table of the API. Serving, guarding, checking and documenting all read it, so none of them can lag."""

from typing import Final

from aiohttp import web

from gateway.principal import Right
from gateway.web.api import (
    answers,
    assisted,
    audit,
    bodies,
    bulk,
    canned,
    cases,
    clocks,
    duty,
    merging,
    openapi,
    people,
    places,
    reports,
    team,
    watch,
)
from gateway.web.api.asked import Ask, Asked, Nothing
from gateway.web.api.route import Route

_READ, _WORK, _WATCH = Right.READ_CASES, Right.WORK_CASES, Right.WATCH_CHANNELS
_CASE = "/cases/{number}"
_ABSENCES = "/staff/{login}/absences"


async def _document(_ask: Ask) -> web.Response:
    return web.json_response(openapi.document(ROUTES))


def _act(name: str, handler: openapi.Handler, *, summary: str, body: type[Asked] = Nothing,
         answer: type[answers.Answer] = answers.Case, status: int = 200) -> Route:  # fmt: skip
    """Something that is done with a case."""
    return Route(
        method="POST", path=f"{_CASE}/{name}", handler=handler, summary=summary, right=_WORK, body=body,
        answer=answer, status=status,
    )  # fmt: skip


ROUTES: Final[tuple[Route, ...]] = (
    Route(method="GET", path="/cases", handler=cases.listed, summary="List cases", right=_READ,
          query=bodies.CasesQuery, answer=answers.Cases),
    Route(method="POST", path="/cases", handler=assisted.transcribe, right=Right.TRANSCRIBE,
          body=assisted.TranscribeBody, answer=assisted.Opened, status=201,
          summary="Write down what somebody said as a case"),
    Route(method="POST", path="/cases/bulk", handler=bulk.do, right=_WORK, body=bulk.BulkBody, answer=bulk.BulkResult,
          summary="Do one act with many cases"),
    Route(method="GET", path=_CASE, handler=cases.one, right=_READ, answer=answers.CaseStory,
          summary="Read a case with its messages and events"),
    Route(method="GET", path=f"{_CASE}/clocks", handler=clocks.of_case, right=_READ, answer=answers.Clocks,
          summary="Read a case's clocks, with every day explained"),
    _act("take", cases.take, summary="Take a case", body=bodies.TakeBody),
    _act("release", cases.release, summary="Give a case back to the queue"),
    _act("reply", cases.reply, summary="Answer the citizen", body=bodies.ReplyBody, answer=answers.Replied, status=201),
    _act("undo", merging.undo, summary="Take the answer just given back, before it leaves"),
    _act("merge", merging.merge, summary="Let another case stand for this one", body=merging.MergeBody),
    _act("separate", merging.separate, summary="Let a duplicate stand for itself again", body=merging.SeparateBody),
    _act("note", cases.note, summary="Write a note", body=bodies.NoteBody, answer=answers.Noted, status=201),
    _act("transfer", cases.transfer, summary="Hand a case to another agency", body=bodies.TransferBody,
         answer=answers.Transferred),
    _act("close", cases.close, summary="End a case", body=bodies.CloseBody),
    _act("reopen", cases.reopen, summary="Open an ended case again", body=bodies.ReopenBody),
    _act("classify", cases.classify, summary="Give a case another class of petition", body=bodies.ClassifyBody),
    _act("completion", cases.ask_completion, summary="Ask the citizen for what is missing",
         body=bodies.CompletionBody, answer=answers.Replied, status=201),
    _act("completion/incomplete", cases.incomplete, summary="Say that something is still missing",
         body=bodies.CompletionBody, answer=answers.Replied, status=201),
    _act("completion/prolong", cases.prolong_completion, summary="Give the citizen a second month",
         body=bodies.ProlongBody),
    _act("completion/resume", cases.resume, summary="Let the clock go on without the citizen's answer",
         body=bodies.ResumeBody),
    _act("extend", cases.extend, summary="Take more time, once, before the deadline", body=bodies.ExtendBody),
    _act("split", cases.split, summary="Make a message a case of its own", body=bodies.SplitBody,
         answer=answers.Number),
    _act("move", cases.move, summary="Move a message to another case of the person", body=bodies.MoveBody),
    _act("messages/{id}/again", cases.send_again, summary="Send a failed message once more"),
    Route(method="POST", path=f"{_CASE}/assign", handler=team.assign, right=Right.SUPERVISE, body=team.AssignBody,
          answer=answers.Case, summary="Give a case to somebody, or offer it again"),
    Route(method="GET", path="/queue/next", handler=cases.peek, right=_WORK, query=bodies.AgencyQuery,
          answer=answers.Case, empty="nothing waits", summary="See the case that would be handed out next"),
    Route(method="POST", path="/queue/next", handler=cases.take_next, right=_WORK, body=bodies.NextBody,
          answer=answers.Case, empty="nothing waits", summary="Take the case that is due first"),
    Route(method="GET", path="/attachments/{id}", handler=people.attachment, right=_READ, media="*/*",
          summary="Fetch a file"),
    Route(method="GET", path="/agencies", handler=places.agencies, summary="List agencies", right=_READ,
          answer=answers.Agencies),
    Route(method="GET", path="/agencies/{key}", handler=places.agency, summary="Read an agency", right=_READ,
          answer=answers.Agency),
    Route(method="GET", path="/contacts", handler=people.contacts, summary="List people", right=_READ,
          query=bodies.ContactsQuery, answer=answers.Contacts),
    Route(method="GET", path="/contacts/{id}", handler=people.contact, right=_READ, answer=answers.ContactStory,
          summary="Read a person with addresses and cases"),
    Route(method="GET", path="/channels", handler=watch.channels, summary="List channels", right=_WATCH,
          answer=answers.Channels),
    Route(method="GET", path="/unparsed", handler=watch.unparsed, right=_WATCH, answer=answers.UnparsedList,
          summary="List requests that became no message"),
    Route(method="POST", path="/unparsed/{id}/replay", handler=watch.replay, right=Right.REPLAY,
          answer=answers.Replayed, summary="Take such a request in once more"),
    Route(method="GET", path="/notices", handler=duty.notices, right=_READ, query=duty.NoticesQuery,
          answer=duty.Notices, summary="List what staff are told and have not read"),
    Route(method="POST", path="/notices/read", handler=duty.read, right=_WORK, body=duty.ReadBody, answer=duty.Read,
          summary="Note that notices were read"),
    Route(method="GET", path=_ABSENCES, handler=duty.away, right=Right.SUPERVISE, answer=duty.Absences,
          summary="Read when somebody is away"),
    Route(method="POST", path=_ABSENCES, handler=duty.leave, right=Right.SUPERVISE, body=duty.AbsenceBody,
          answer=duty.Absences, status=201, summary="Note that somebody is away"),
    Route(method="DELETE", path=f"{_ABSENCES}/{{id}}", handler=duty.come_back, right=Right.SUPERVISE,
          answer=duty.Absences, summary="End an absence, or strike it out"),
    Route(method="POST", path="/staff/{login}/duty", handler=team.set_duty, right=Right.SUPERVISE, body=team.DutyBody,
          answer=team.Duty, summary="Put somebody on duty, or off"),
    Route(method="GET", path="/canned", handler=canned.listed, right=_READ, query=canned.CannedQuery,
          answer=canned.CannedAnswers, summary="List canned answers"),
    Route(method="GET", path="/audit", handler=audit.listed, summary="Read who saw and did what",
          right=Right.READ_AUDIT, query=bodies.AuditQuery, answer=answers.Audit),
    Route(method="GET", path="/reports/timeliness", handler=reports.figures, right=_READ, also="text/csv",
          query=reports.TimelinessQuery, answer=reports.TimelinessReport, summary="Read the indicators of a period"),
    Route(method="GET", path="/reports/legal", handler=reports.legal, right=_READ, query=reports.LegalQuery,
          answer=reports.LegalReport, also="text/csv", summary="Read the requests of a period one by one"),
    Route(method="GET", path="/openapi.json", handler=_document, right=None, summary="Read this document"),
)  # fmt: skip
