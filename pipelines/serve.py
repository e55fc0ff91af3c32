"""The pool's own acts, handed to the portal's server: try a file, deposit one.

Here: a file tried or deposited by the code path of a run, and what has to be there before. Not here:
HTTP (`portal/api`), the steps themselves (`steps`).
"""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from time import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connectors.formats import read_tables
from connectors.landing import DEPOSIT, Landing, LandingOutcome, land_file, landed_data, period_in_name
from contracts import verdicts as verdict_store
from contracts.gate import judge
from contracts.layout import Home
from contracts.model import Contract, DeliveryMode
from contracts.verdict import TRY, Arrival, Verdict
from contracts.verdicts import Registers
from pipelines import steps
from pipelines.engine import Engine
from pipelines.live_pool import LivePool
from pipelines.notify.notifier import Notifier
from portal.api.desk import KEEP_DAYS, Deposited, Desk, Upload
from portal.api.intake import FOLDER_PREFIX
from portal.api.words import RefusalError
from portal.reports import write_report

if TYPE_CHECKING:
    from collections.abc import Callable

TRY_PREFIX = "try-"
ABANDONED_AFTER_S = 86_400
log = logging.getLogger("regie.portal")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def open_desk(engine: Engine, clock: Callable[[], datetime], *, keep_days: int = KEEP_DAYS) -> Desk:
    """Return what the server works with: the pool of this engine, and the real time."""
    _sweep(engine.home)
    # The gates' DuckDB connection serves one judgement at a time.
    bench = threading.Lock()

    def judge_upload(contract: Contract, period: str | None, upload: Upload, pages: Home) -> Verdict:
        with bench:
            return try_file(engine, contract, period, upload, pages)

    def deposit_upload(contract: Contract, period: str | None, upload: Upload) -> Deposited:
        with bench:
            return deposit_file(engine, contract, period, upload)

    def warm() -> None:
        with bench:
            warm_up(engine)

    return Desk(
        get_pool=LivePool(engine),
        home=engine.home,
        judge=judge_upload,
        deposit=deposit_upload,
        clock=clock,
        warm_up=warm,
        each_minute=lambda: _tell_what_rested(engine),
        keep_days=keep_days,
    )


def try_file(engine: Engine, contract: Contract, period: str | None, upload: Upload, pages: Home) -> Verdict:
    """Judge a file as if it had been delivered, and write its report under another home's pages.

    Registers and past deliveries are the pool's, read only; bytes, rows and verdict go with a home of
    their own. Raises RefusalError where the file can't be taken as a delivery of the feed.
    """
    day = day_of(engine, contract, period, upload.name)
    with _own_home(engine.home) as home:
        landing = land_file(contract, day, upload.path, home, now=engine.now, source=TRY + upload.name)
        arrival = _arrival(landing)
        [verdict] = judge(
            engine.gate_connection,
            contract,
            [(arrival, landed_data(home, arrival))],
            read_tables=read_tables,
            home=home,
            now=engine.now,
            registers=_registers(engine, contract, arrival),
            history=verdict_store.history(engine.home, contract.id, before=day),
        )
        write_report(
            verdict,
            contract,
            pages,
            pool_title=engine.pool.title,
            previous=_previous(engine, contract, day),
            quarantine=home.quarantine / verdict.folder if verdict.folder else None,
        )
    return verdict


def deposit_file(engine: Engine, contract: Contract, period: str | None, upload: Upload) -> Deposited:
    """Land a file as a delivery of the pool and judge it, as a run would; renew the pool's index.

    The lake is left to the next run. Raises RefusalError where the file can't be taken as a delivery.
    """
    day = day_of(engine, contract, period, upload.name)
    landing = land_file(contract, day, upload.path, engine.home, now=engine.now, source=DEPOSIT + upload.name)
    arrival = _arrival(landing)
    [delivered] = steps.settle(engine, contract, [(day, landing)])
    if delivered.verdict is None or delivered.verdict.arrival.delivery_id != arrival.delivery_id:
        raise RuntimeError(f"{contract.id}: delivery {arrival.delivery_id} landed and has no verdict")
    steps.show(engine)
    return Deposited(delivered.verdict, landing.outcome is LandingOutcome.NEW)


def day_of(engine: Engine, contract: Contract, period: str | None, name: str) -> str | None:
    """Return the day a file is about: as given, else as its name says; None for a feed delivered whole.

    Raises RefusalError for a day that the feed can't have: before it starts, or after today.
    """
    if contract.delivery.mode is DeliveryMode.SNAPSHOT:
        if period:
            raise RefusalError(400, "day_not_wanted")
        return None
    day = period or period_in_name(name)
    if day is None:
        raise RefusalError(400, "day_unknown", name=name)
    try:
        parsed = date.fromisoformat(day) if _ISO_DAY.fullmatch(day) else None
    except ValueError:
        parsed = None
    if parsed is None:
        raise RefusalError(400, "day_wrong", day=day[:40])
    first, last = _span(engine, contract)
    if not first <= parsed <= last:
        raise RefusalError(400, "day_outside", day=day, first=first.isoformat(), last=last.isoformat())
    return day


def warm_up(engine: Engine) -> None:
    """Judge the smallest delivery there is, aside: the first sender need not wait for imports."""
    kept = [v for v in verdict_store.load_all(engine.home) if v.is_accepted]
    known = {contract.id: contract for contract in engine.pool.contracts}
    for verdict in sorted(kept, key=lambda v: v.arrival.size):
        data = landed_data(engine.home, verdict.arrival)
        contract = known.get(verdict.arrival.feed)
        if contract is not None and data.is_file():
            upload = Upload(data, "warm-up", verdict.arrival.size)
            with _own_home(engine.home) as pages, suppress(RefusalError):
                try_file(engine, contract, verdict.arrival.period, upload, pages)
            return


def _tell_what_rested(engine: Engine) -> None:
    """Send the letters whose rest is over; a failure is told by the notifier's own log."""
    if isinstance(engine.notify, Notifier):
        for failure in engine.notify.flush():
            log.warning("not told yet: %s", failure)


def _span(engine: Engine, contract: Contract) -> tuple[date, date]:
    last = engine.now.astimezone(ZoneInfo(contract.timezone)).date()
    starts_on = contract.delivery.starts_on
    return (date.fromisoformat(starts_on) if starts_on else last - timedelta(days=3660)), last


def _registers(engine: Engine, contract: Contract, arrival: Arrival) -> Registers:
    """Return what rules look up, as a delivery would find it: the pool's registers, the feed's last rows."""
    shared = verdict_store.registers_for(engine.home, contract)
    return verdict_store.with_last(engine.home, contract, shared, arrival)


def _arrival(landing: Landing) -> Arrival:
    """Return what landed; a file of ours that did not is our fault: too large was refused before."""
    if landing.arrival is None:
        raise OSError(landing.detail)
    return landing.arrival


def _previous(engine: Engine, contract: Contract, day: str | None) -> Verdict | None:
    """Return the delivery that this one would follow: of its day, else the last accepted day before."""
    same = verdict_store.newest(engine.home, contract.id, day)
    if same is not None or day is None:
        return same
    return verdict_store.newest_accepted(engine.home, contract.id, before=day)


@contextmanager
def _own_home(home: Home) -> Iterator[Home]:
    """Give a home of its own to a judgement that must leave nothing behind."""
    home.scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=TRY_PREFIX, dir=home.scratch))
    try:
        yield Home(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(home: Home) -> None:
    """Remove what a killed server left of uploads and tries."""
    for prefix in (TRY_PREFIX, FOLDER_PREFIX):
        for folder in home.scratch.glob(f"{prefix}*"):
            with suppress(FileNotFoundError):
                if time() - folder.stat().st_mtime > ABANDONED_AFTER_S:
                    shutil.rmtree(folder, ignore_errors=True)
