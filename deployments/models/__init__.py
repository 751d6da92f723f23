"""The rows: facts alone. Decisions live in `planning`, effects in `services`."""

from .account import Account, ProviderName
from .action import Action, Freeze, Heartbeat, IdempotencyRecord
from .auto_rollback import AutoRollback
from .bill import BillLine
from .budget import Budget, BudgetScope, Period
from .charge import Charge
from .day_cost import DayCost
from .deployment import Deployment, StopKind, Wanted
from .download import OPEN_DOWNLOADS, Download, DownloadStatus
from .finding import Finding, LogScan
from .in_flight import InFlight
from .lease import OPEN_WAKES, Lease, LeaseEnd, Wake, WakeStatus
from .log import OF_DEPLOYS, OF_RUNS, LogLevel, LogLine, LogSource
from .metric import MetricBucket, MetricRound
from .model_config import ModelConfig
from .notice import ChannelKind, Delivery, Notice, NotificationChannel
from .orphan import Orphan, OrphanContainer, OrphanKind
from .outside import ProviderLook
from .price import Price
from .release import OPEN_DEPLOYS, Deploy, DeployStatus, Release
from .run import Cause, EndReason, Phase, PhaseName, Run, Sample
from .schedule import Schedule
from .slow_phase import SlowPhase
from .watch import ErrorSource, KeptError, LookGaps

__all__ = [
    "OF_DEPLOYS",
    "OF_RUNS",
    "OPEN_DEPLOYS",
    "OPEN_DOWNLOADS",
    "OPEN_WAKES",
    "Account",
    "Action",
    "AutoRollback",
    "BillLine",
    "Budget",
    "BudgetScope",
    "Cause",
    "ChannelKind",
    "Charge",
    "DayCost",
    "Delivery",
    "Deploy",
    "DeployStatus",
    "Deployment",
    "Download",
    "DownloadStatus",
    "EndReason",
    "ErrorSource",
    "Finding",
    "Freeze",
    "Heartbeat",
    "IdempotencyRecord",
    "InFlight",
    "KeptError",
    "Lease",
    "LeaseEnd",
    "LogLevel",
    "LogLine",
    "LogScan",
    "LogSource",
    "LookGaps",
    "MetricBucket",
    "MetricRound",
    "ModelConfig",
    "Notice",
    "NotificationChannel",
    "Orphan",
    "OrphanContainer",
    "OrphanKind",
    "Period",
    "Phase",
    "PhaseName",
    "Price",
    "ProviderLook",
    "ProviderName",
    "Release",
    "Run",
    "Sample",
    "Schedule",
    "SlowPhase",
    "StopKind",
    "Wake",
    "WakeStatus",
    "Wanted",
]  # fmt: skip
