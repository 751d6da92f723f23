"""Every few seconds: open the windows of schedules, follow their changes, and close what nobody wants."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from deployments.models import Action, Deployment, Lease, LeaseEnd, Schedule
from deployments.planning.power import SYSTEM, Via
from deployments.planning.windows import Occurrence, merged, occurrences

from . import audit, enqueue, notify, requests
from .allowed import check_can_light
from .budgets import Wish
from .errors import Refused
from .loading import loaded
from .locking import locked
from .requests import LONGEST
from .schedule_facts import lead_of, owner_of, schedules_of, standing_rules

log = structlog.get_logger(__name__)

# Ends after which the opening that held it does not light it again: a person or the breaker won, or its
# container went away more often than it is worth. A freeze that is lifted and a budget that is raised let
# the rest of the window be lit.
FINAL = (
    LeaseEnd.SLEPT,
    LeaseEnd.TURNED_OFF,
    LeaseEnd.RELEASED,
    LeaseEnd.FAILED,
    LeaseEnd.GONE,
    LeaseEnd.IDLE,
)
_STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Now:
    """What is open at one deployment at one instant, and until when without a pause."""

    at: datetime
    deployment: Deployment
    rows: dict[int, Schedule]
    ahead: list[Occurrence]
    until: datetime

    @property
    def open(self) -> list[Occurrence]:
        """What is open now, by the instant it opened."""
        return [one for one in self.ahead if one.open_at(self.at)]


def go_round(*, now: datetime | None = None) -> None:
    """Safe to repeat, in any number of processes: a window is lit once, a refusal is told once."""
    now = now or timezone.now()
    wanted = Q(schedules__enabled=True) | Q(leases__ended_at__isnull=True, leases__window_at__isnull=False)
    rows = Deployment.objects.filter(wanted, archived_at__isnull=True)
    for deployment_id in sorted(set(rows.values_list("pk", flat=True))):
        try:
            _one(deployment_id, now)
        except Exception:  # the loop's edge: one bad schedule must not keep the others' windows shut
            log.exception("schedule.failed", deployment=deployment_id)


def _one(deployment_id: int, now: datetime) -> None:
    moment = _moment(deployment_id, now)
    lease = _open_lease(deployment_id)
    if lease is None:
        _open_first(moment)
    elif lease.until == lease.window_until:
        _follow(lease, moment)
    elif moment.open and not _own_is_open(lease, moment) and _detach(lease):
        _open_first(moment)


def _moment(deployment_id: int, now: datetime) -> _Now:
    deployment = loaded(deployment_id, now)
    rows = {row.pk: row for row in schedules_of(deployment)}
    rules = standing_rules(rows.values(), lead_of(deployment, now))
    found = occurrences(rules, now - timedelta(days=2), now + LONGEST)
    whole = next((one for one in merged(found) if one.start <= now < one.end), None)
    until = min(whole.end, now + LONGEST) if whole is not None else now
    return _Now(now, deployment, rows, found, until)


def _open_lease(deployment_id: int) -> Lease | None:
    rows = Lease.objects.filter(deployment=deployment_id, ended_at__isnull=True, window_at__isnull=False)
    return rows.first()


def _open_first(moment: _Now, replacing: Lease | None = None) -> bool:
    """Light it for the first opening that may; True where that was done."""
    final_at = _put_out_at(moment.deployment.pk)
    may = (one for one in moment.open if final_at is None or final_at < one.opens_at)
    return any(_open(moment, one, replacing) for one in may)


def _put_out_at(deployment_id: int) -> datetime | None:
    """When a person last put it out, or a schedule's lease ended for good, also where a person had brought
    its end forward."""
    by_people = Action.objects.filter(deployment=deployment_id, verb__in=("sleep", "turn_off"))
    acted = by_people.exclude(via=Via.SYSTEM).aggregate(at=Max("at"))["at"]
    for_good = Q(end_reason__in=FINAL) | Q(end_reason=LeaseEnd.UNTIL, until__lt=F("window_until"))
    leases = Lease.objects.filter(for_good, deployment=deployment_id, window_at__isnull=False)
    ended = leases.aggregate(at=Max("ended_at"))["at"]
    return max((at for at in (acted, ended) if at is not None), default=None)


def _open(moment: _Now, one: Occurrence, replacing: Lease | None) -> bool:
    schedule = moment.rows[one.key]
    try:
        with transaction.atomic():
            deployment = locked(moment.deployment.pk)
            if not _still_wanted(schedule, one, replacing):
                return False
            _light(deployment, schedule, one, moment, replacing)
    except Refused as refusal:
        _refused(schedule, one, refusal)
        return False
    return True


def _still_wanted(schedule: Schedule, one: Occurrence, replacing: Lease | None) -> bool:
    """Under the lock: another process may have lit it, or a person put it out, moved the end or changed the
    schedule."""
    held, put_out_at = _open_lease(schedule.deployment_id), _put_out_at(schedule.deployment_id)
    same = (held and (held.pk, held.until)) == (replacing and (replacing.pk, replacing.until))
    stays_out = put_out_at is not None and put_out_at >= one.opens_at
    return same and not stays_out and Schedule.objects.filter(pk=schedule.pk, enabled=True).exists()


def _light(
    deployment: Deployment, schedule: Schedule, one: Occurrence, moment: _Now, replacing: Lease | None
) -> None:
    """Raises Refused; nothing is written then."""
    owner = owner_of(schedule)
    if owner is None:
        return
    if deployment.breaker_opened_at is not None:
        raise Refused("failed", "Its last start failed: a person has to start it again.", status=409)
    if replacing is not None:
        Lease.objects.filter(pk=replacing.pk, ended_at__isnull=True).update(
            ended_at=moment.at, end_reason=LeaseEnd.UNTIL
        )
    lease = requests.start(deployment, actor=owner, until=moment.until, reason=schedule.name)
    Lease.objects.filter(pk=lease.pk).update(
        schedule=schedule, window_at=one.starts_at, window_until=moment.until
    )
    Schedule.objects.filter(pk=schedule.pk).update(refused_at=None, refused_text="")


def _refused(schedule: Schedule, one: Occurrence, refusal: Refused) -> None:
    """Told and recorded once for each opening; asked again every round until its end."""
    rows = Schedule.objects.filter(pk=schedule.pk)
    first = rows.exclude(refused_at=one.starts_at, refused_text__gt="")
    words = f"{schedule.name} could not light {schedule.deployment.name}: {refusal.message}"
    also = [schedule.owner.email] if schedule.owner is not None else []
    with transaction.atomic():
        if not first.update(refused_at=one.starts_at, refused_text=refusal.message):
            rows.update(refused_text=refusal.message)
            return
        audit.record(
            SYSTEM,
            "schedule",
            deployment=schedule.deployment,
            target=f"schedule {schedule.pk}",
            summary=words,
        )
        after = "It is tried again until the window ends."
        notify.tell("schedule", words, more=after, deployment=schedule.deployment, also_to=also)


def _follow(lease: Lease, moment: _Now) -> None:
    """The lease of a window whose schedules may have changed since."""
    mine = (lease.schedule_id, lease.window_at)
    own = next((one for one in moment.ahead if (one.key, one.starts_at) == mine), None)
    if own is not None and moment.at < own.opens_at:
        return  # opened by a worker whose clock is ahead, or when a start took longer
    if own is not None and own.open_at(moment.at):
        _move_end(lease, moment)
    elif not _open_first(moment, replacing=lease) and lease.until is not None and lease.until > moment.at:
        _set_end(lease, moment.at)


def _own_is_open(lease: Lease, moment: _Now) -> bool:
    mine = (lease.schedule_id, lease.window_at)
    return any((one.key, one.starts_at) == mine for one in moment.open)


def _detach(lease: Lease) -> bool:
    """A person has moved its end, and its own window is over: it is theirs alone from now on, and the next
    window is lit beside it. False where it ended meanwhile."""
    return Lease.objects.filter(pk=lease.pk, ended_at__isnull=True).update(window_at=None) == 1


def _move_end(lease: Lease, moment: _Now) -> None:
    end, before = moment.until, lease.until
    if before is None or end == before:
        return
    if end < before:
        _set_end(lease, end)
        return
    if end >= moment.at + LONGEST and end - before < _STEP:
        return  # one that never closes is carried on hour by hour
    owner = owner_of(moment.rows[lease.schedule_id]) if lease.schedule_id else None
    try:
        with transaction.atomic():
            deployment = locked(lease.deployment_id)
            check_can_light(deployment, moment.at, actor=owner or SYSTEM, wish=Wish(deployment, end))
            _set_end(lease, end)
    except Refused as refusal:
        log.info("schedule.not_extended", lease=lease.pk, reason=refusal.code)


def _set_end(lease: Lease, end: datetime) -> None:
    """Unless somebody moved or ended it meanwhile."""
    rows = Lease.objects.filter(pk=lease.pk, ended_at__isnull=True, until=lease.until)
    if rows.update(until=end, window_until=end):
        enqueue.reconcile_soon(lease.deployment_id)
