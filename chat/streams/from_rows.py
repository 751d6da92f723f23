"""A reply's events made from its row, where there is no stream."""

from typing import Any

from chat.markdown.blocks import BlockSplitter, Finished
from chat.models import ENDED, Message
from chat.services.receipt import receipt

from .events import BLOCK, FROM_ROWS, OPEN, REASONING, RECEIPT, STATE, THOUGHT, Event


def rows_of(public_id: str) -> list[Event]:
    """All that the row says, as one snapshot; empty where there is no such reply."""
    message = Message.objects.filter(public_id=public_id).first()
    return [Event(FROM_ROWS, kind, data) for kind, data in snapshot(message)] if message is not None else []


def status_of(public_id: str) -> str | None:
    """The status in the row; None where there is none."""
    return Message.objects.filter(public_id=public_id).values_list("status", flat=True).first()


def snapshot(message: Message) -> list[tuple[str, dict[str, Any]]]:
    """Kinds and data, the state last where nothing more will come."""
    told: list[tuple[str, dict[str, Any]]] = [(REASONING, {"text": message.reasoning, "reset": True})]
    if message.reasoning_ended_at and message.first_token_at:
        seconds = (message.reasoning_ended_at - message.first_token_at).total_seconds()
        told.append((THOUGHT, {"seconds": round(seconds, 3)}))
    told += _text(message)
    if message.status not in ENDED:
        return [(STATE, state(message)), *told]
    return [*told, (RECEIPT, receipt_data(message)), (STATE, state(message))]


def _text(message: Message) -> list[tuple[str, dict[str, Any]]]:
    """Every block once, and the open one of a reply that is still written."""
    splitter, over = BlockSplitter(), message.status in ENDED
    blocks: dict[int, str] = {}
    opened: list[tuple[str, dict[str, Any]]] = []
    for piece in [*splitter.feed(message.text), *(splitter.finish() if over else [])]:
        if isinstance(piece, Finished):
            blocks[piece.n], opened = piece.html, []
        else:
            opened = [(OPEN, {"n": piece.n, "text": piece.text, "reset": True})]
    return [*((BLOCK, {"n": n, "html": html}) for n, html in sorted(blocks.items())), *opened]


def state(message: Message) -> dict[str, Any]:
    """The data of a `state` event."""
    told = {"status": str(message.status), "error_code": message.error_code, "error_text": message.error_text}
    return {name: value for name, value in told.items() if value}


def receipt_data(message: Message) -> dict[str, Any]:
    """The data of a `receipt` event: every figure by name, money as text, None where nobody knows it."""
    figures = receipt(message)
    values = {name: getattr(figures, name).value for name in figures.__dataclass_fields__}
    return {
        name: str(value) if name == "cost_usd" and value is not None else value
        for name, value in values.items()
    }
