"""What a stream carries.

| kind | data | |
|---|---|---|
| `state` | `status`, and `phase`, `eta_s`, `error_code`, `error_text` where there are any | each change |
| `reasoning` | `text`, `reset` | appended; replaces all of it where `reset` is true |
| `thought` | `seconds` | the reasoning ended |
| `block` | `n`, `html` | block `n` of the answer is finished: its final, safe HTML |
| `open` | `n`, `text`, `reset` | plain text appended to the unfinished block `n`; `reset`: in its place |
| `receipt` | the figures of services/receipt.py | at the end, before the last `state` |

Every event may come again (after a reconnect, a Continue, or where a long stream was shortened): a reader
that replaces where it is told to shows the same. What a reader missed is always told anew: a stream begins
with the whole of what is known (a snapshot), whatever was trimmed before it.
"""

from dataclasses import dataclass
from typing import Any

from chat.models import ENDED

STATE, REASONING, THOUGHT, BLOCK, OPEN, RECEIPT = "state", "reasoning", "thought", "block", "open", "receipt"
# The id of events that were made from the database: resuming after it means from the beginning.
FROM_ROWS = "0-0"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `id` is where a reader resumes after it."""

    id: str
    kind: str
    data: dict[str, Any]

    @property
    def is_last(self) -> bool:
        """True where nothing comes after it."""
        return self.kind == STATE and self.data.get("status") in ENDED


def stream_key(public_id: str) -> str:
    """The key of a reply's stream."""
    return f"chat:reply:{public_id}"
