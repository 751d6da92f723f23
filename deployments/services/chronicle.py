"""What is known of one run, as plain values: its story, its timeline and its strip come from this. Pure."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from .sentences import clock

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who lit it and by which way. What is not known is empty.

    `via` is a value of `Via`; `schedule` and `key` are names; `until` is the end that was asked for, None
    until idle; `quoted_usd` is what the start was quoted at.
    """

    who: str = ""
    via: str = ""
    key: str = ""
    schedule: str = ""
    reason: str = ""
    until: datetime | None = None
    quoted_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A phase that has begun: name and label, how long it took (so far), and how long it takes usually."""

    name: str
    label: str
    at: datetime
    seconds: float
    usual_s: float | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What was asked of it. `by` are people or keys with their requests, most first.

    `failed` are requests that the engine failed, `left` those that their clients broke off. Tokens are the
    engine's own counts.
    """

    requests: int = 0
    failed: int = 0
    left: int = 0
    read_tokens: int = 0
    made_tokens: int = 0
    by: tuple[tuple[str, int], ...] = ()
    first_answer_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """What it cost, to the cent where `priced`. `kept` lies in `idle`. `split` is whom it is put down to once
    it is settled, most first."""

    total: Decimal = ZERO
    boot: Decimal = ZERO
    use: Decimal = ZERO
    idle: Decimal = ZERO
    kept: Decimal = ZERO
    priced: bool = True
    settled: bool = False
    split: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done or that happened, in words of its own. `kind` names its symbol."""

    at: datetime
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Said:
    """A diagnosis of the log doctor: `level` is error, warning or advice."""

    at: datetime
    level: str
    title: str


@dataclass(frozen=True, slots=True)
class Chronicle:
    """One run. Times are aware UTC, seconds wall seconds, money USD.

    `ended_by` is who ordered its end, where somebody did. `download` is how the weights download of a run
    that is one ended (a value of `DownloadStatus`). `busy` are the times with at least one request, `coarse`
    says that they are known to the quarter hour only. `zone` is that of whoever reads it.
    """

    name: str
    number: int
    cause: str
    first_seen_at: datetime
    now: datetime
    asking: Asking = field(default_factory=Asking)
    asked_at: datetime | None = None
    sandbox: bool = False
    release: int | None = None
    replaced_by: int | None = None
    started_at: datetime | None = None
    ready_at: datetime | None = None
    warmed_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""
    ended_by: str = ""
    end_text: str = ""
    download: str = ""
    steps: tuple[Step, ...] = ()
    served: Served = field(default_factory=Served)
    busy_s: float = 0.0
    busy: tuple[tuple[datetime, datetime], ...] = ()
    coarse: bool = False
    money: Money = field(default_factory=Money)
    deeds: tuple[Deed, ...] = ()
    said: tuple[Said, ...] = ()
    zone: tzinfo = UTC

    @property
    def until(self) -> datetime:
        """Its end, or now."""
        return self.ended_at or self.now

    def clock(self, at: datetime) -> str:
        """Day and time where it is read: Thu 26 Nov, 09:12. UTC is named, and so is another year."""
        at, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        year = "" if at.year == today.year else f" {at.year}"
        return f"{at:%a} {at.day} {at:%b}{year}, {clock(at)}"
