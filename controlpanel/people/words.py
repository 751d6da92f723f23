"""Roles in plain words."""

from dataclasses import dataclass

from deployments.public import Role


@dataclass(frozen=True, slots=True)
class Choice:
    """One role to choose."""

    value: str
    hint: str


ROLES = (
    Choice(Role.VIEWER.value, "Sees everything, changes nothing, spends nothing."),
    Choice(Role.MEMBER.value, "Also chats, makes own keys, and starts what is asleep until it is idle."),
    Choice(
        Role.OPERATOR.value, "Also starts from off and for a time, makes releases, puts others out, freezes."
    ),
    Choice(Role.ADMIN.value, "Also configuration, accounts, prices, people and everyone’s keys."),
)
