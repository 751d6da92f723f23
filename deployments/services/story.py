"""A run told in sentences: who lit it and why, how it woke, what was asked of it, why it went out, what it
cost and what the log doctor found. Pure; a part that is not known is named, never guessed."""

from collections.abc import Sequence
from decimal import Decimal

from deployments.models.run import Cause, EndReason

from .chronicle import Asking, Chronicle, Money, Served, Step
from .sentences import about, duration, money

# At most so many people or keys are named; the rest are counted.
_NAMED = 4
_DOWN = frozenset({EndReason.BOOT_FAILED, EndReason.ENGINE_DIED, EndReason.BOOT_TIMEOUT, EndReason.GONE})
_EVIDENCE = 240


def story(run: Chronicle) -> list[str]:
    """The sentences, each with its full stop, in the order of what happened."""
    return [
        one
        for one in (_lit(run), _terms(run), _woke(run), _asked_of_it(run), _end(run), _cost(run), _split(run))
        if one
    ] + _found(run)


def count(number: int, one: str, many: str = "") -> str:
    """1 request, 2 requests, 1,234 requests."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """Anna; Anna and Ben; Anna, Ben and Eve."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


# --- Who lit it ------------------------------------------------------------------------------------------


def _lit(run: Chronicle) -> str:
    at, asking = run.clock(run.asked_at or run.first_seen_at), run.asking
    who = asking.who or "Somebody whose name was not kept"
    if run.cause == Cause.OUTSIDE:
        return f"It was lit from outside the panel, seen {at}; nobody of the panel asked for it."
    if run.cause == Cause.DOWNLOAD:
        return f"{who} had its weights downloaded on a machine without GPUs, {at}."
    why = f" Reason given: “{asking.reason}”." if _says_more(asking) else ""
    if run.cause == Cause.RESTART:
        for_whom = f" for {asking.who}" if asking.who else ""
        seen = run.clock(run.first_seen_at)
        return f"The provider started its container again, {seen}, while it was to be lit{for_whom}.{why}"
    return f"{_by(who, asking)}, {at}.{why}"


def _says_more(asking: Asking) -> bool:
    """A request's and a schedule's reason is told by who lit it."""
    return bool(asking.reason) and asking.via != "gateway" and asking.reason != asking.schedule


def _by(who: str, asking: Asking) -> str:
    by_key = f" with the key “{asking.key}”" if asking.key else ""
    if asking.schedule:
        return f"The schedule “{asking.schedule}” lit it for {who}"
    return {
        "page": f"{who} lit it from the panel’s pages",
        "api": f"{who} lit it over REST{by_key}",
        "gateway": f"A request of {who}{by_key} woke it",
        "command": f"{who} lit it from the command line",
        "schedule": f"A schedule that is gone lit it for {who}",
        "system": f"The panel itself lit it for {who}" if asking.who else "The panel itself lit it",
    }.get(asking.via, f"It was lit for {who}; by which way was not kept")


def _terms(run: Chronicle) -> str:
    """Until when, at which price, which release."""
    asking, told = run.asking, []
    if run.cause in (Cause.LEASE, Cause.RESTART) and asking.via:
        end = run.clock(asking.until) if asking.until is not None else "idle"
        quoted = f", quoted at {about(asking.quoted_usd)}" if asking.quoted_usd is not None else ""
        told.append(f"It was to stay lit until {end}{quoted}.")
    if run.cause != Cause.DOWNLOAD:
        known = run.release is not None
        told.append(f"It ran release {run.release}." if known else "Which release it ran is not known.")
    return " ".join(told)


# --- How it woke -----------------------------------------------------------------------------------------


def _woke(run: Chronicle) -> str:
    if run.cause == Cause.DOWNLOAD:
        return ""
    queued = next((step for step in run.steps if step.name == "queued"), None)
    steps = [step for step in run.steps if step.name not in ("queued", "ready") and step.seconds > 0]
    told = []
    if queued is not None and queued.seconds >= 1:
        told.append(f"It waited {duration(queued.seconds)} for a machine, which is not billed")
    if steps:
        told.append(", ".join(_took(step) for step in steps))
    return ". ".join([*_sentences(told), _reached(run, steps)])


def _sentences(told: Sequence[str]) -> list[str]:
    return [one[:1].upper() + one[1:] for one in told]


def _took(step: Step) -> str:
    """Container 54 s; with a usual time that it missed by much: weights 2 min (usually 30 s)."""
    odd = step.usual_s is not None and abs(step.seconds - step.usual_s) > max(5.0, step.usual_s * 0.2)
    usual = f" (usually {duration(step.usual_s)})" if step.usual_s is not None and odd else ""
    return f"{step.label.lower()} {duration(step.seconds)}{usual}"


def _reached(run: Chronicle, steps: Sequence[Step]) -> str:
    if run.ready_at is not None:
        took = duration((run.ready_at - run.first_seen_at).total_seconds())
        warmed = ", with warm-up," if run.warmed_at is not None else ""
        priced = run.money.priced and run.money.boot > 0
        return f"It was ready after {took}" + (
            f"; its boot{warmed} cost {money(run.money.boot)}." if priced else "."
        )
    if run.ended_at is None:
        return f"It is waking: {_phase(steps)}." if run.started_at else "It waits for a machine."
    if run.started_at is None:
        return "Its container never started."
    return f"It was never ready; it came as far as {_phase(steps)}."


def _phase(steps: Sequence[Step]) -> str:
    return steps[-1].label.lower() if steps else "container"


# --- What was asked of it --------------------------------------------------------------------------------


def _asked_of_it(run: Chronicle) -> str:
    if run.cause == Cause.DOWNLOAD or run.ready_at is None:
        return ""
    served, lit = run.served, duration((run.until - run.ready_at).total_seconds())
    been = "It was lit" if run.ended_at else "It has been lit"
    if not served.requests:
        busy = f" It was seen at work for {duration(run.busy_s)} all the same." if run.busy_s >= 1 else ""
        return f"{been} for {lit} after that, and no request came through the panel’s door.{busy}"
    asked = f"{been} for {lit} after that; {count(served.requests, 'request')} came from {_names(served.by)}"
    tokens = f"{count(served.read_tokens, 'token')} read and {count(served.made_tokens, 'token')} written"
    return f"{asked}: {tokens}. {_trouble(served)}"


def _names(by: Sequence[tuple[str, int]]) -> str:
    if not by:
        return "callers who are not known"
    if len(by) == 1:
        return by[0][0]
    named = [f"{name} ({number:,})" for name, number in by[:_NAMED]]
    if len(by) > _NAMED:
        named.append(count(len(by) - _NAMED, "other"))
    return listed(named)


def _trouble(served: Served) -> str:
    told = [f"{served.failed:,} failed"] if served.failed else []
    if served.left:
        told.append(f"{count(served.left, 'was', 'were')} broken off by the client")
    return (
        f"{listed(told)}." if told else "It did not fail." if served.requests == 1 else "None of them failed."
    )


# --- Why it went out -------------------------------------------------------------------------------------


def _end(run: Chronicle) -> str:
    if run.ended_at is None:
        return "" if run.ready_at is None else "It is lit now."
    words = _why_out(run, run.clock(run.ended_at))
    told = run.end_reason not in _DOWN or any(
        one.level == "error" for one in run.said
    )  # the diagnosis says it
    last = [] if told else run.end_text.strip().splitlines()[-1:]
    return f"{words} The line that says why: {_clean(last[0])}" if last else words


def _clean(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _EVIDENCE else f"{line[:_EVIDENCE].rstrip()}…"


_ENDS = {
    EndReason.IDLE: "It went out idle, {at}.",
    EndReason.UNTIL: "It went out because the time that it was to be lit for was over, {at}.",
    EndReason.SLEPT: "It was put to sleep, {at}; by whom was not kept.",
    EndReason.TURNED_OFF: "It was turned off, {at}; by whom was not kept.",
    EndReason.FROZEN: "Everything was frozen, and it went out, {at}.",
    EndReason.BUDGET: "The panel put it out at the limit of a budget, {at}.",
    EndReason.BOOT_FAILED: "It ended before it was ready, {at}.",
    EndReason.BOOT_TIMEOUT: "It was not ready in time, and ended {at}.",
    EndReason.ENGINE_DIED: "The engine died while it was lit; it ended {at}.",
    EndReason.REPLACED: "It was replaced by {release}, {at}.",
    EndReason.PREEMPTED: "The provider took its machine away, {at}.",
    EndReason.FINISHED: "It finished, {at}.",
    EndReason.GONE: "It was gone, {at}; why is not known.",
}
_ENDS_BY = {
    EndReason.SLEPT: "{by} put it to sleep; it was out {at}.",
    EndReason.TURNED_OFF: "{by} turned it off; it was out {at}.",
    EndReason.FROZEN: "{by} froze everything; it was out {at}.",
}


def _why_out(run: Chronicle, at: str) -> str:
    if run.end_reason not in EndReason.values:
        return f"It ended, {at}; why was not kept."
    reason = EndReason(run.end_reason)
    if run.cause == Cause.DOWNLOAD and reason is EndReason.FINISHED:
        return _download(run.download).format(at=at)
    words = _ENDS_BY.get(reason, _ENDS[reason]) if run.ended_by else _ENDS[reason]
    release = f"release {run.replaced_by}" if run.replaced_by is not None else "another release"
    return words.format(at=at, by=run.ended_by, release=release)


def _download(status: str) -> str:
    return {
        "done": "The download was complete, {at}.",
        "failed": "The download failed, {at}.",
        "cancelled": "The download was cancelled, {at}; what had come stays on the volume.",
    }.get(status, "Its container ended, {at}; how the download ended was not kept.")


# --- What it cost ----------------------------------------------------------------------------------------


def _cost(run: Chronicle) -> str:
    sandbox = " Sandbox: nobody is billed." if run.sandbox else ""
    cost = run.money
    if run.started_at is None:
        return (
            f"Nothing is billed while it waits for a machine.{sandbox}"
            if run.ended_at is None
            else (f"Nothing was billed: no container of it started.{sandbox}")
        )
    if not cost.priced:
        return f"What it cost is not known: a price is missing.{sandbox}"
    said = "It cost" if run.ended_at else "So far it cost"
    if run.cause == Cause.DOWNLOAD:
        return f"{said} {money(cost.total)}.{sandbox}"
    kept = f" (of that {money(cost.kept)} kept warm by leases)" if cost.kept > 0 else ""
    return f"{said} {money(cost.total)}{_parts(cost)}{kept}.{sandbox}"


def _parts(cost: Money) -> str:
    named = ((cost.boot, "to boot"), (cost.use, "in use"), (cost.idle, "idle"))
    parts = [(usd, what) for usd, what in named if usd > 0]
    if len(parts) == 1:
        return f", all of it {parts[0][1]}"
    return f": {listed([f'{money(usd)} {what}' for usd, what in parts])}" if parts else ""


def _split(run: Chronicle) -> str:
    cost = run.money
    if run.ended_at is None or run.started_at is None or not cost.priced:
        return ""
    if not cost.settled:
        return "Whom it is put down to is being added up."
    if not cost.split:
        return ""
    if len(cost.split) == 1:
        return f"All of it is put down to {cost.split[0][0]}."
    named = [f"{name} {money(usd)}" for name, usd in cost.split[:_NAMED]]
    if len(cost.split) > _NAMED:
        rest = sum((usd for _, usd in cost.split[_NAMED:]), Decimal(0))
        named.append(f"{count(len(cost.split) - _NAMED, 'other')} {money(rest)}")
    return f"Put down to {listed(named)}."


# --- What the log doctor found ---------------------------------------------------------------------------


def _found(run: Chronicle) -> list[str]:
    errors = [one.title for one in run.said if one.level == "error"]
    others = [one.title for one in run.said if one.level == "warning"]
    told = []
    if errors:
        told.append(f"The log doctor’s diagnosis: {'; '.join(errors)}.")
    elif run.end_reason in _DOWN:
        told.append("The log doctor knows no rule for this end.")
    if others:
        told.append(f"The log doctor warned: {'; '.join(others)}.")
    return told
