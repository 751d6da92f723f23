"""The branch of a conversation that is shown."""

from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass

from chat.models import Attachment, Conversation, Message


@dataclass(frozen=True, slots=True)
class Shown:
    """One message of the branch. `versions` are its siblings and itself, oldest first; `position` from 1;
    `last` at the branch's end."""

    message: Message
    versions: list[Message]
    position: int
    attachments: list[Attachment]
    last: bool


def branch(conversation: Conversation, only: Container[str] | None = None) -> list[Shown]:
    """From the first question to the head, in three queries; without texts of other versions. With `only`,
    those of these public ids, and no other's text is read.

    The messages' `conversation` is the row given here.
    """
    nodes = {node.pk: node for node in _tree(conversation)}
    whole = _path(nodes, conversation.head_id)
    path = whole if only is None else [node for node in whole if node.public_id in only]
    full = Message.objects.in_bulk([node.pk for node in path])
    siblings: defaultdict[tuple[int | None, str], list[Message]] = defaultdict(list)
    for node in nodes.values():
        siblings[node.parent_id, node.role].append(node)
    files = _files(conversation, list(full))
    return [
        _shown(
            full[node.pk],
            siblings[node.parent_id, node.role],
            files[node.pk],
            conversation,
            last=node is whole[-1],
        )
        for node in path
        if node.pk in full
    ]


def path_to(conversation: Conversation, leaf: int | None) -> list[int]:
    """The keys from the first question down to the message `leaf`. One query."""
    above = dict(Message.objects.filter(conversation=conversation).values_list("pk", "parent_id"))
    path = []
    while leaf is not None and leaf in above:
        path.append(leaf)
        leaf = above[leaf]
    return path[::-1]


def _tree(conversation: Conversation) -> list[Message]:
    """Every message, without what is long."""
    rows = Message.objects.filter(conversation=conversation).order_by("id")
    return list(rows.only("id", "public_id", "conversation_id", "parent_id", "role", "status", "created_at"))


def _path(nodes: dict[int, Message], head: int | None) -> list[Message]:
    path = []
    while head is not None and head in nodes:
        path.append(nodes[head])
        head = nodes[head].parent_id
    return path[::-1]


def _files(conversation: Conversation, messages: list[int]) -> defaultdict[int, list[Attachment]]:
    """Attachments by message, without their texts: those can be megabytes, and load when asked for."""
    found: defaultdict[int, list[Attachment]] = defaultdict(list)
    for row in Attachment.objects.filter(conversation=conversation, message__in=messages).defer("text"):
        if row.message_id is not None:
            found[row.message_id].append(row)
    return found


def _shown(
    message: Message,
    versions: list[Message],
    files: list[Attachment],
    conversation: Conversation,
    *,
    last: bool,
) -> Shown:
    message.conversation = conversation
    return Shown(
        message=message,
        versions=versions,
        position=1 + next(i for i, one in enumerate(versions) if one.pk == message.pk),
        attachments=files,
        last=last,
    )
