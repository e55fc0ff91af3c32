"""What there is to tell about deliveries just judged.

Here: from verdicts and landings to causes. Not here: what was told already (`memory`), letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from connectors.landing import LandingOutcome
from contracts import verdicts as verdict_store
from contracts.layout import Home
from contracts.model import Contract
from contracts.verdict import Outcome, Verdict
from pipelines.notify.reasons import Cause, Reason
from pipelines.steps import Delivered
from portal.api.words import N_, speak
from portal.language import CODES
from portal.masking import mask_verdict
from portal.report_view import in_language
from portal.reports import report_folder
from portal.sentences import headline

FALL_POINTS = 0.5
"""Quality fell if the share of rows set aside rose by this many points and doubled at least."""
FALL_FACTOR = 2
PAST_LENGTH = 7
WORDS = {
    Reason.FIXED: N_("The correction is accepted, thank you. {sentence}"),
    Reason.QUALITY_FELL: N_(
        "{now} of the rows were set aside, against {before} in the deliveries before. {sentence}"
    ),
    Reason.LATE: N_("Nothing has come for this day, and the time promised in the contract is over."),
    Reason.EXPIRES_SOON: N_(
        "The timetable ends soon: {observed} known, {expected} promised in the contract."
    ),
    Reason.CONTRACT_CHANGED: N_(
        "The feed is now judged by version {after} of its contract (before: {before})."
    ),
}


def find_causes(
    home: Home, contract: Contract, delivered: Sequence[Delivered], now: datetime
) -> Iterator[Cause]:
    """Yield what there is to tell, also what was told before: `now` is the pool's clock (UTC)."""
    for one in delivered:
        if one.verdict is None:
            if is_late(contract, one, now):
                yield _cause(contract, Reason.LATE, one.period, one.period or "")
        else:
            yield from _of_verdict(home, contract, one.verdict)
    newest = next((one.verdict for one in reversed(delivered) if one.verdict is not None), None)
    if newest is not None:
        yield from _of_contract(home, contract, newest)


def is_late(contract: Contract, one: Delivered, now: datetime) -> bool:
    """Whether a day is over, its promised delay too, and its file is not there."""
    latency = contract.service_levels.latency_s
    if one.period is None or latency is None or one.landing.outcome is not LandingOutcome.MISSING:
        return False
    after = date.fromisoformat(one.period) + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(contract.timezone))
    return now > end + timedelta(seconds=latency)


def _of_verdict(home: Home, contract: Contract, verdict: Verdict) -> Iterator[Cause]:
    if not verdict.is_accepted:
        yield _told(contract, Reason.REJECTED, verdict)
        return
    if _follows_refusal(home, contract, verdict):
        yield _told(contract, Reason.FIXED, verdict)
    before = verdict_store.history(home, contract.id, verdict.arrival.period, PAST_LENGTH)
    past = [float(v.quarantined_pct) for v in before if v.arrival != verdict.arrival]
    share = float(verdict.quarantined_pct)
    if past and share - median(past) >= FALL_POINTS and share >= FALL_FACTOR * median(past):
        yield _told(contract, Reason.QUALITY_FELL, verdict, before=median(past), now=share)
    kinds = {rule.id: rule.kind for rule in contract.rules}
    for result in verdict.rules:
        is_short = result.outcome in (Outcome.WARNING, Outcome.FAILED)
        if is_short and kinds.get(result.rule) == "calendar_covers":
            values = {"observed": result.observed or "", "expected": result.expected or ""}
            yield _told(contract, Reason.EXPIRES_SOON, verdict, **values)


def _follows_refusal(home: Home, contract: Contract, verdict: Verdict) -> bool:
    same = verdict_store.deliveries(home, contract.id, verdict.arrival.period)
    names = [v.arrival.delivery_id for v in same]
    place = names.index(verdict.arrival.delivery_id) if verdict.arrival.delivery_id in names else 0
    return place > 0 and not same[place - 1].is_accepted


def _of_contract(home: Home, contract: Contract, verdict: Verdict) -> Iterator[Cause]:
    known = [v for v in verdict_store.load_all(home, contract.id) if v.contract_version != contract.version]
    if known and verdict.contract_version == contract.version:
        last = max(known, key=lambda v: v.arrival.received_at)
        values = {"before": last.contract_version, "after": contract.version}
        yield _cause(contract, Reason.CONTRACT_CHANGED, None, contract.version, None, **values)


def _told(contract: Contract, reason: Reason, verdict: Verdict, **values: object) -> Cause:
    """Return a cause that a delivery's report explains."""
    arrival = verdict.arrival
    cause = _cause(contract, reason, arrival.period, arrival.delivery_id, verdict, **values)
    return cause.model_copy(update={"report": f"{report_folder(verdict)}/{arrival.delivery_id}"})


def _cause(
    contract: Contract,
    reason: Reason,
    period: str | None,
    mark: str,
    verdict: Verdict | None = None,
    **values: object,
) -> Cause:
    return Cause(
        reason=reason,
        feed=contract.id,
        period=period,
        mark=mark,
        title={code: _title(contract, period, code) for code in CODES},
        words={code: _words(contract, reason, verdict, code, values) for code in CODES},
    )


def _title(contract: Contract, period: str | None, code: str) -> str:
    language = speak(code)
    label = in_language(contract.label, language, contract.name)
    return f"{label}, {language.day(date.fromisoformat(period))}" if period else label


def _words(
    contract: Contract, reason: Reason, verdict: Verdict | None, code: str, values: dict[str, object]
) -> str:
    language = speak(code)
    sentence = headline(mask_verdict(verdict, contract), contract, language) if verdict else ""
    if reason is Reason.REJECTED:
        return sentence
    shown = {k: language.share(v) if isinstance(v, float) else _figure(v, code) for k, v in values.items()}
    return language.say(WORDS[reason], sentence=sentence, **shown)


def _figure(value: object, code: str) -> str:
    return speak(code).measure(str(value))
