"""A file's way through the server: let in, written down, judged, answered.

Here: the same way for a try and for a deposit, for a browser and for a program. Not here: the judging
itself (`Desk.judge`, `Desk.deposit`), the upload's bytes (`uploads`), the words (`views`).
"""

from __future__ import annotations

import errno
import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from contracts.model import Contract
from contracts.verdict import Verdict
from portal.api.desk import Desk, Upload
from portal.api.limits import RateLimit, name_address
from portal.api.results import Item, Progress, Result, Results
from portal.api.uploads import Received, receive
from portal.api.views import as_json
from portal.api.words import RefusalError, language_of, speak, wants_page
from portal.language import CODES
from portal.masking import mask_verdict
from portal.reports import report_folder
from portal.sentences import headline

MAX_IN_HOUSE = 16
"""Uploads being received, waiting or judged; whoever comes then is asked to come again."""
BUSY_S = 10
FOLDER_PREFIX = "upload-"

log = logging.getLogger("regie.portal")


@dataclass
class Limits:
    """How often one address may send, how often it may be wrong about a token, and one token deposit."""

    sending: RateLimit = field(default_factory=lambda: RateLimit(burst=40, per_minute=20))
    guessing: RateLimit = field(default_factory=lambda: RateLimit(burst=10, per_minute=2))
    depositing: RateLimit = field(default_factory=lambda: RateLimit(burst=60, per_minute=20))


@dataclass(frozen=True)
class _Job:
    """Files that came whole and are to be judged for a result."""

    secret: str
    contract: Contract
    day: str | None
    files: tuple[Upload, ...]
    folder: Path
    is_deposit: bool


class Intake:
    """Takes uploads, a bounded number at a time, and has them judged one after the other."""

    def __init__(self, desk: Desk, limits: Limits | None = None) -> None:
        """Work for a desk."""
        self.desk = desk
        self.limits = limits or Limits()
        self.results = Results(desk.tries, timedelta(days=desk.keep_days))
        self._in_house = 0
        # The gates have one DuckDB, which uses every core: two judgements at once would only take turns.
        self._bench = anyio.CapacityLimiter(1)

    async def take(
        self, request: Request, contract: Contract, period: str | None, *, is_deposit: bool
    ) -> Response:
        """Receive and judge; raises RefusalError. A browser is sent to a page that shows the progress."""
        self._admit(request)
        self._in_house += 1
        folder = self._open_folder()
        handed_over = False
        try:
            received = await self._receive(request, contract, folder, is_deposit=is_deposit)
            day = received.fields.get("period") or period
            if day and len(received.files) > 1:
                raise RefusalError(400, "day_for_one")
            names = [upload.name for upload in received.files]
            secret = self.results.open(contract.id, names, self.desk.clock(), is_deposit=is_deposit)
            job = _Job(secret, contract, day, tuple(received.files), folder, is_deposit)
            handed_over = True
            if wants_page(request):
                where = f"/results/{secret}?lang={language_of(request).code}"
                return RedirectResponse(where, status_code=303, background=BackgroundTask(self._settle, job))
            await self._settle(job)
            return self._answer(secret)
        finally:
            if not handed_over:
                self._leave(folder)

    def _admit(self, request: Request) -> None:
        if request.headers.get("sec-fetch-site") == "cross-site":
            raise RefusalError(403, "other_site")
        wait = self.limits.sending.take(address_of(request))
        if wait:
            raise RefusalError(429, "too_often", seconds=int(wait) + 1)
        if self._in_house >= MAX_IN_HOUSE:
            raise RefusalError(503, "too_busy", seconds=BUSY_S)

    async def _receive(
        self, request: Request, contract: Contract, folder: Path, *, is_deposit: bool
    ) -> Received:
        def permit(fields: Mapping[str, str]) -> None:
            if is_deposit:
                self._check_token(request, contract, fields)

        try:
            return await receive(
                request,
                folder,
                max_bytes=contract.server.max_bytes,
                idle_s=self.desk.idle_s,
                permit=permit,
            )
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise RefusalError(507, "disk_full") from None
            raise

    def _check_token(self, request: Request, contract: Contract, fields: Mapping[str, str]) -> None:
        address = address_of(request)
        wait = self.limits.guessing.wait_s(address)
        if wait:
            raise RefusalError(429, "too_often", seconds=int(wait) + 1)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        text = given.strip() if scheme.lower() == "bearer" else fields.get("token", "")
        if not text:
            raise RefusalError(401, "no_token")
        token = self.desk.tokens.check(text, self.desk.clock())
        if token is None:
            self.limits.guessing.take(address)
            raise RefusalError(401, "wrong_token")
        if contract.id not in token.feeds:
            raise RefusalError(403, "other_feed", feed=contract.id)
        wait = self.limits.depositing.take(token.id)
        if wait:
            raise RefusalError(429, "too_often", seconds=int(wait) + 1)

    async def _settle(self, job: _Job) -> None:
        """Judge each file in its turn and say so in the result; the uploads go, whatever happens."""
        try:
            for place in range(len(job.files)):
                await anyio.to_thread.run_sync(partial(self._settle_one, job, place), limiter=self._bench)
        finally:
            self._leave(job.folder)

    def _settle_one(self, job: _Job, place: int) -> None:
        now, upload = self.desk.clock(), job.files[place]
        item = Item(name=upload.name, progress=Progress.JUDGING)
        self.results.update(job.secret, place, item, now)
        try:
            if job.is_deposit:
                deposited = self.desk.deposit(job.contract, job.day, upload)
                item = _judged(item, deposited.verdict, job.contract, is_new=deposited.is_new)
            else:
                pages = self.results.pages(job.secret)
                item = _judged(
                    item, self.desk.judge(job.contract, job.day, upload, pages), job.contract, is_new=True
                )
        except RefusalError as refusal:
            item = _refused(item, refusal)
        except Exception:
            log.exception("a file for %s could not be judged", job.contract.id)
            item = _refused(item, RefusalError(500, "ours"))
        self.results.update(job.secret, place, item, now)

    def _answer(self, secret: str) -> Response:
        result = self.results.read(secret, self.desk.clock())
        if result is None:
            raise RefusalError(404, "result_gone")
        return JSONResponse(as_json(result, secret), status_code=_status_of(result))

    def _open_folder(self) -> Path:
        self.desk.home.scratch.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=self.desk.home.scratch))

    def _leave(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._in_house -= 1


def address_of(request: Request) -> str:
    """Return the name by which the sender's address is counted."""
    return name_address(request.client.host if request.client else None)


def _judged(item: Item, verdict: Verdict, contract: Contract, *, is_new: bool) -> Item:
    masked = mask_verdict(verdict, contract)
    arrival = verdict.arrival
    return item.model_copy(
        update={
            "progress": Progress.DONE,
            "period": arrival.period,
            "status": verdict.status,
            "sentence": {code: headline(masked, contract, speak(code)) for code in CODES},
            "rows_landed": verdict.rows_landed,
            "rows_accepted": verdict.rows_accepted,
            "rows_quarantined": verdict.rows_quarantined,
            "delivery_id": arrival.delivery_id,
            "report": f"{report_folder(verdict)}/{arrival.delivery_id}",
            "is_new": is_new,
        }
    )


def _refused(item: Item, refusal: RefusalError) -> Item:
    words = {code: refusal.words(speak(code)) for code in CODES}
    problem = words | {"id": refusal.problem}
    return item.model_copy(update={"progress": Progress.REFUSED, "problem": problem})


def _status_of(result: Result) -> int:
    """Return 201 for a new deposit accepted, 200 for a known one or a try; 422 rejected, 400 not taken."""
    problems = {item.problem.get("id") for item in result.items if item.progress is Progress.REFUSED}
    if problems:
        return 500 if "ours" in problems else 400
    if any(item.status == "rejected" for item in result.items):
        return 422
    return 201 if result.is_deposit and any(item.is_new for item in result.items) else 200
