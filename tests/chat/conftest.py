"""People, conversations, and a broker, for the tests of the playground."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from chat.models import Conversation
from chat.services import conversations
from controlpanel.models import User
from controlpanel.roles import give_role
from controlpanel.supervisor.broker import _binary
from deployments.planning.power import Role

SLUG = "glm-5-2-fp8"


@pytest.fixture
def person(db: Any) -> Callable[..., User]:
    """Makes a person of a role."""

    def make(name: str = "anna", role: Role = Role.MEMBER) -> User:
        user = User.objects.create_user(name)
        give_role(user, role)
        return user

    return make


@pytest.fixture
def anna(person: Callable[..., User]) -> User:
    return person("anna")


@pytest.fixture
def ben(person: Callable[..., User]) -> User:
    return person("ben")


@pytest.fixture
def talk(anna: User) -> Conversation:
    """A conversation of Anna's without any message."""
    return conversations.begin(anna, SLUG)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a broker as `up` starts it."""
    folder = tmp_path_factory.mktemp("b")
    path = folder / "s"
    argv = [_binary(), "--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
    with contextlib.ExitStack() as stack:
        server = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        stack.callback(server.wait)
        stack.callback(server.kill)
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 200)
        redis.Redis(unix_socket_path=str(path), retry=retry, retry_on_error=[redis.ConnectionError]).ping()
        yield f"unix://{path}"


@pytest.fixture
def broker(valkey: str, settings: Any) -> str:
    """An empty broker, which the panel uses."""
    redis.Redis.from_url(valkey).flushall()
    settings.REDIS_URL = valkey
    return valkey
