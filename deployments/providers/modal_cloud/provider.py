"""The `Provider` of Modal."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

from deployments.planning.spec import Spec, SpecError
from deployments.providers.base import (
    AccountFacts,
    AppFacts,
    BilledHour,
    CallState,
    ContainerFacts,
    Credentials,
    Deployed,
    EndedContainer,
    ListedApp,
    LogEntry,
    ProviderError,
    ProxyToken,
    Stats,
    WakeHop,
    WeightsFacts,
)
from deployments.providers.rendering import spec_document

from . import account, apps, billing, containers, deploying, downloads, model_files, sdk, web
from .errors import mapped
from .sdk import Client

Answer = TypeVar("Answer")


class ModalProvider:
    """Every call goes to Modal's control plane but `send_wake`, `follow_wake` and `ping`.

    Cheap to make: clients are shared per process and credentials. Safe to use from several threads.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._environment = credentials.environment

    def check(self) -> AccountFacts:
        """Prove the credentials and read the environment. Free."""
        return self._ask(lambda client: account.facts(client, self._environment))

    def create_proxy_token(self) -> ProxyToken:
        """Make a token pair for web endpoints. Not idempotent."""
        return self._ask(lambda client: account.new_proxy_token(client, self._environment))

    def proxy_token_holds(self, token_id: str) -> bool:
        """Whether that token is listed as one that opens the environment."""
        return self._ask(lambda client: account.proxy_token_holds(client, self._environment, token_id))

    def revoke_proxy_token(self, token_id: str) -> None:
        """Delete that token. One that is gone is no error."""
        self._ask(lambda client: account.revoke_proxy_token(client, token_id))

    def write_secrets(self, secrets: Mapping[str, Mapping[str, str]]) -> None:
        """Create or overwrite the named secrets. Idempotent. What is written is in no error."""
        for name, values in secrets.items():
            question = partial(account.write_secret, self._environment, name, values)
            self._ask(question, sent=values.values())

    def missing_secrets(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that do not exist in the environment."""
        return self._ask(lambda client: account.missing_secrets(client, self._environment, names))

    def missing_keys(self, secret: str, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that an existing secret has no value of."""
        return self._ask(lambda client: account.missing_keys(client, self._environment, secret, keys))

    def missing_volumes(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that are no volume of the environment."""
        return self._ask(lambda client: downloads.missing_volumes(client, self._environment, names))

    def deploy(
        self,
        spec: Spec,
        *,
        slug: str,
        release: int,
        on_line: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Deployed:
        """Deploy with `recreate`, by Modal's command line. Takes minutes where an image is built."""
        try:
            document = spec_document(spec, slug, release)
        except SpecError as error:
            raise ProviderError(str(error), permanent=True) from None
        with mapped(self._credentials, went_bad=self._forget):
            changed = deploying.deploy(self._credentials, document, on_line=on_line, cancelled=cancelled)
        app = self.find_app(spec.app_name)
        if app is None:
            raise ProviderError(f"{spec.app_name} was deployed and is gone again.", permanent=False)
        return Deployed(app_id=app.app_id, endpoint_url=app.endpoint_url, changed=changed)

    def find_app(self, app_name: str) -> AppFacts | None:
        """The deployed app of this name, or None where it is not deployed."""
        return self._ask(lambda client: apps.find(client, self._environment, app_name))

    def apps(self) -> list[ListedApp]:
        """Every app of the environment that has not ended."""
        return self._ask(lambda client: apps.listing(client, self._environment))

    def containers(self) -> list[ContainerFacts]:
        """Every container of the environment that exists now."""
        return self._ask(lambda client: containers.listing(client, self._environment))

    def ended_container(self, container_id: str) -> EndedContainer | None:
        """The times of a container that is gone, or None where Modal does not know it."""
        return self._ask(lambda client: containers.ended(client, container_id))

    def stats(self, app_name: str) -> Stats:
        """Backlog and running inputs of `serve`. Raises NotDeployed."""
        return self._ask(lambda client: apps.stats(client, self._environment, app_name))

    def logs(self, app_id: str, *, since: datetime, until: datetime) -> list[LogEntry]:
        """Log lines in time order."""
        return self._ask(lambda client: apps.logs(client, app_id, since, until))

    def stop_container(self, container_id: str, *, graceful: bool) -> None:
        """End one container. One that is gone already is no error."""
        self._ask(lambda client: containers.stop(client, container_id, graceful=graceful))

    def turn_off(self, app_name: str) -> None:
        """End the app. One that is gone is no error."""
        self._ask(lambda client: apps.stop(client, self._environment, app_name))

    def end_app(self, app_id: str) -> None:
        """End an app by its id. One that is gone is no error."""
        self._ask(lambda client: apps.end(client, app_id))

    def send_wake(self, endpoint_url: str) -> WakeHop:
        """Send the ONE request that wakes the server; blocks for up to 170 s of Modal's time."""
        return web.send_wake(self._credentials, endpoint_url)

    def follow_wake(self, result_url: str) -> WakeHop:
        """Ask for the answer of a wake sent before. Starts nothing (documented)."""
        return web.follow_wake(self._credentials, result_url)

    def ping(self, endpoint_url: str) -> None:
        """One keep-warm request to a lit server. It wakes a sleeping one."""
        web.ping(self._credentials, endpoint_url)

    def warm_up(self, endpoint_url: str, *, engine_key: str, bodies: Sequence[bytes], limit_s: float) -> None:
        """Completions in pairs to a lit server, so that its kernels are compiled before anybody asks."""
        web.warm_up(self._credentials, endpoint_url, engine_key=engine_key, bodies=bodies, limit_s=limit_s)

    def weights_present(self, volume: str, model: str) -> bool | None:
        """Whether `model` lies complete on the volume; None where that cannot be told."""
        return self.weights_facts(volume, model).whole

    def weights_facts(self, volume: str, model: str) -> WeightsFacts:
        """What of `model` lies on the volume, by its list of files."""
        return self._ask(lambda client: downloads.weights(client, self._environment, volume, model))

    def model_config(self, volume: str, model: str) -> bytes | None:
        """The config.json of `model` on the volume; None where it is not there. Starts no container."""
        return self._ask(lambda client: model_files.model_config(client, self._environment, volume, model))

    def start_download(self, app_name: str) -> str:
        """Start the CPU-only `download` function; gives the id of the call. Raises NotDeployed."""
        return self._ask(lambda client: downloads.start(client, self._environment, app_name))

    def download_state(self, call_id: str) -> CallState:
        """Where that call stands, at once."""
        return self._ask(lambda client: downloads.state(client, call_id))

    def cancel_download(self, call_id: str) -> None:
        """End that call and its container."""
        self._ask(lambda client: downloads.cancel(client, call_id))

    def unit_prices(self) -> dict[str, Decimal] | None:
        """USD per second by resource, or None on plans that do not show them."""
        return self._ask(account.unit_prices)

    def billing_report(self, since: datetime, until: datetime) -> list[BilledHour] | None:
        """Whole hours of the environment's apps; None on plans that do not include the report."""
        return self._ask(lambda client: billing.report(client, self._environment, since, until))

    def _ask(self, question: Callable[[Client], Awaitable[Answer]], *, sent: Iterable[str] = ()) -> Answer:
        """The answer of the control plane, within 30 s."""
        with mapped(self._credentials, went_bad=self._forget, sent=sent):
            client = sdk.client_of(self._credentials)
            return sdk.wait(lambda: question(client), sdk.CALL_LIMIT_S)

    def _forget(self) -> None:
        sdk.forget(self._credentials)
