"""The server: its addresses and what answers at each.

Here: routes and the answer to what is refused. Not here: what they do (`intake`, `views`, `files`).
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from contracts.model import Contract
from portal.api import views
from portal.api.desk import Desk
from portal.api.files import PublicFolder
from portal.api.headers import SafeHeaders
from portal.api.intake import Intake, Limits
from portal.api.results import Result
from portal.api.words import RefusalError, language_of, wants_page

Answer = Callable[[Request], Awaitable[Response]]
MINUTE_S = 60
DRAIN_S, DRAIN_BYTES = 2, 64_000_000
log = logging.getLogger("regie.portal")
PRIVATE = {"cache-control": "no-store"}
_REPORT = re.compile(r"[a-z0-9-]+/(?:snapshot|\d{4}-\d{2}-\d{2})/[0-9a-f]{16}[\w.-]*\.(?:html|json|csv|svg)")
_POOLS_PAGE = re.compile(r"(?:[a-z0-9-]+/)*[a-z]+\.(?:fr|en)\.html")
"""Pages of the pool that a report links to from where it stands."""


def create_app(desk: Desk, limits: Limits | None = None) -> Starlette:
    """Return the ASGI application of a pool."""
    intake = Intake(desk, limits)
    act = _Acts(desk, intake)
    return Starlette(
        routes=[
            Route("/", act.door),
            Route("/try", act.choose("try")),
            Route("/try/{feed}", act.show_form("try"), methods=["GET"]),
            Route("/try/{feed}", act.take(is_deposit=False), methods=["POST"]),
            Route("/deposit", act.choose("deposit")),
            Route("/deposit/{feed}", act.show_form("deposit"), methods=["GET"]),
            Route("/deposit/{feed}", act.take(is_deposit=True), methods=["POST"]),
            Route("/deposit/{feed}/{period}", act.take(is_deposit=True), methods=["POST"]),
            Route("/results/{secret}", act.result),
            Route("/results/{secret}/pages/{page:path}", act.report),
            Mount("/reports/pages", PublicFolder(desk.home.pages)),
            Mount("/published/current", PublicFolder(desk.home.published / "current")),
        ],
        middleware=[Middleware(SafeHeaders)],
        exception_handlers={RefusalError: _refuse, HTTPException: _refuse_http},  # type: ignore[dict-item]
        lifespan=_lifespan(desk, intake),
    )


class _Acts:
    """The endpoints, which share a desk and an intake."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self._desk = desk
        self._intake = intake

    async def door(self, request: Request) -> Response:
        """Say where everything is."""
        return HTMLResponse(views.door(self._desk, language_of(request)))

    def choose(self, act: str) -> Answer:
        """Return the endpoint that offers the feeds."""

        async def answer(request: Request) -> Response:
            return HTMLResponse(views.choose_feed(self._desk, language_of(request), act))

        return answer

    def show_form(self, act: str) -> Answer:
        """Return the endpoint that shows a feed's form."""

        async def answer(request: Request) -> Response:
            page = views.form(self._desk, self._contract(request), language_of(request), act)
            return HTMLResponse(page)

        return answer

    def take(self, *, is_deposit: bool) -> Answer:
        """Return the endpoint that takes files."""

        async def answer(request: Request) -> Response:
            period = request.path_params.get("period") or request.query_params.get("period")
            response = await self._intake.take(
                request, self._contract(request), period, is_deposit=is_deposit
            )
            response.headers.update(PRIVATE)
            return response

        return answer

    async def result(self, request: Request) -> Response:
        """Show a result; while it isn't finished the page asks again by itself."""
        secret, result = self._result(request)
        contract = self._desk.contract(result.feed)
        if contract is None:
            raise RefusalError(404, "result_gone")
        again = {} if result.is_done else {"refresh": "1"}
        if not wants_page(request):
            return JSONResponse(views.as_json(result, secret), headers=PRIVATE)
        page = views.result_page(self._desk, contract, result, secret, language_of(request))
        return HTMLResponse(page, headers=PRIVATE | again)

    async def report(self, request: Request) -> Response:
        """Show the report of a file that was tried."""
        secret, _ = self._result(request)
        page = request.path_params["page"]
        if _POOLS_PAGE.fullmatch(page):
            return RedirectResponse(f"/reports/pages/{page}")
        path = self._intake.results.pages(secret).pages / page
        if not _REPORT.fullmatch(page) or not path.is_file():
            raise RefusalError(404, "not_found")
        return FileResponse(path, headers=PRIVATE)

    def _contract(self, request: Request) -> Contract:
        contract = self._desk.contract(request.path_params["feed"])
        if contract is None:
            raise RefusalError(404, "unknown_feed", feed=request.path_params["feed"][:80])
        return contract

    def _result(self, request: Request) -> tuple[str, Result]:
        secret = request.path_params["secret"]
        result = self._intake.results.read(secret, self._desk.clock())
        if result is None:
            raise RefusalError(404, "result_gone")
        return secret, result


async def _refuse(request: Request, refusal: RefusalError) -> Response:
    headers = dict(PRIVATE)
    if "seconds" in refusal.values:
        headers["retry-after"] = str(refusal.values["seconds"])
    if refusal.status == 401:  # noqa: PLR2004  # HTTP's own number
        headers["www-authenticate"] = 'Bearer realm="regie"'
    if request.method == "POST":
        if refusal.problem != "interrupted":
            await _let_finish(request)
        # The rest of a refused body may still be on its way: the connection can't be used again.
        headers["connection"] = "close"
    if wants_page(request):
        page = views.refusal_page(refusal, language_of(request))
        return HTMLResponse(page, status_code=refusal.status, headers=headers)
    return JSONResponse(views.refusal_json(refusal), status_code=refusal.status, headers=headers)


async def _let_finish(request: Request) -> None:
    """Throw away a little of what still comes: a sender in the middle of its body reads no answer."""
    if "expect" in request.headers:
        return
    taken = 0
    with anyio.move_on_after(DRAIN_S):
        while taken < DRAIN_BYTES:
            message = await request.receive()
            if not message.get("more_body"):
                return
            taken += len(message.get("body", b""))


async def _refuse_http(request: Request, error: HTTPException) -> Response:
    problem = "not_allowed" if error.status_code == 405 else "not_found"  # noqa: PLR2004
    response = await _refuse(request, RefusalError(error.status_code, problem))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _lifespan(desk: Desk, intake: Intake) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(_app: Starlette) -> AsyncIterator[None]:
        stop = threading.Event()
        threading.Thread(target=_keep_house, args=(desk, intake, stop), daemon=True).start()
        yield
        stop.set()

    return run


def _keep_house(desk: Desk, intake: Intake, stop: threading.Event) -> None:
    """Warm up, then each minute remove results whose time is over and do what the desk asks."""
    chores = (desk.warm_up, lambda: intake.results.sweep(desk.clock()))
    while True:
        for chore in chores:
            try:
                chore()
            except Exception:
                log.exception("in the background")
        if stop.wait(MINUTE_S):
            return
        chores = (chores[1], desk.each_minute)
