"""Every failure of the SDK becomes a ProviderError."""

import pytest
from modal import exception

from deployments.providers.base import Credentials, NotDeployed, ProviderError
from deployments.providers.modal_cloud.errors import mapped

CREDENTIALS = Credentials(token_id="ak-1", token_secret="as-hidden", environment="main")


def raised(error):
    forgotten = []
    with pytest.raises(ProviderError) as caught, mapped(CREDENTIALS, went_bad=lambda: forgotten.append(1)):
        raise error
    return caught.value, bool(forgotten)


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (exception.AuthError("no"), True),
        (exception.PermissionDeniedError("no"), True),
        (exception.InvalidError("no"), True),
        (exception.NotFoundError("no"), True),
        (exception.AlreadyExistsError("no"), True),
        (exception.UnimplementedError("no"), True),
        (exception.VersionError("no"), True),
        (exception.ConflictError("no"), False),
        (exception.ResourceExhaustedError("no"), False),
        (exception.ServiceError("no"), False),
        (exception.InternalError("no"), False),
        (exception.ConnectionError("no"), False),
        (OSError("no"), False),
        (RuntimeError("no"), False),
        (TimeoutError(), False),
    ],
)
def test_only_what_a_person_must_change_is_permanent(error, permanent):
    mapped_error, forgotten = raised(error)
    assert mapped_error.permanent is permanent
    assert not forgotten


def test_a_closed_client_is_forgotten():
    error, forgotten = raised(exception.ClientClosed(1))
    assert forgotten
    assert not error.permanent


def test_the_vendors_words_stay_and_secrets_do_not():
    error, _ = raised(exception.InvalidError("token as-hidden is malformed"))
    assert str(error) == "token *** is malformed"


def test_an_error_without_words_is_named():
    assert "ServiceError" in str(raised(exception.ServiceError(""))[0])


def test_our_own_errors_pass_unchanged():
    assert isinstance(raised(NotDeployed("gone"))[0], NotDeployed)
