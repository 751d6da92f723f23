"""Who may do what: scopes, roles, and the actor that every service call names."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """One power. A key carries a set of them; a role grants a set of them."""

    READ = "read"
    CHAT = "chat"
    WAKE = "wake"
    OPERATE = "operate"
    ADMIN = "admin"


class Role(StrEnum):
    """The four roles; each is a Django group of the same name."""

    VIEWER = "Viewer"
    MEMBER = "Member"
    OPERATOR = "Operator"
    ADMIN = "Admin"


_MEMBER = frozenset({Scope.READ, Scope.CHAT, Scope.WAKE})
ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.MEMBER: _MEMBER,
    Role.OPERATOR: _MEMBER | {Scope.OPERATE},
    Role.ADMIN: _MEMBER | {Scope.OPERATE, Scope.ADMIN},
}


class Via(StrEnum):
    """The way by which an action came in."""

    PAGE = "page"
    API = "api"
    GATEWAY = "gateway"
    COMMAND = "command"
    SYSTEM = "system"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with the powers that hold at this moment.

    `scopes` is already the smaller of the key's scopes and the owner's role. `user_id` is None for the
    panel itself. `key_id` is set where an API key was used. `deployments` is None where every deployment
    is open to the actor, else the slugs a key is limited to.
    """

    user_id: int | None
    name: str
    scopes: frozenset[Scope]
    via: Via
    key_id: int | None = None
    address: str | None = None
    deployments: frozenset[str] | None = None

    def may(self, scope: Scope, slug: str | None = None) -> bool:
        """True where the actor holds `scope`, and, with `slug`, may use it on that deployment."""
        reaches = slug is None or self.deployments is None or slug in self.deployments
        return reaches and scope in self.scopes


SYSTEM = Actor(user_id=None, name="the panel", scopes=frozenset(Scope), via=Via.SYSTEM)
