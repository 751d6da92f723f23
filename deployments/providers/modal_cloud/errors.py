"""Every error of the SDK as a ProviderError: the vendor's words, without a secret."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from modal import exception

from deployments.providers.base import Credentials, CredentialsRefused, ProviderError

# The same call fails again until a person changes something. (`ConflictError` is one too, and passes.)
_PERMANENT = (
    exception.AuthError,
    exception.PermissionDeniedError,
    exception.InvalidError,
    exception.NotFoundError,
    exception.AlreadyExistsError,
    exception.UnimplementedError,
    exception.VersionError,
)


@contextmanager
def mapped(
    credentials: Credentials, *, went_bad: Callable[[], None], sent: Iterable[str] = ()
) -> Iterator[None]:
    """Turn whatever happens inside into a ProviderError; `went_bad` is told when the client is at fault.

    `sent` are secrets of this very call that may come back in its error.
    """
    try:
        yield
    except ProviderError:
        raise
    except TimeoutError:
        raise ProviderError("Modal did not answer in time.", permanent=False) from None
    except exception.ClientClosed as error:
        went_bad()
        raise ProviderError(redacted(_words(error), credentials, sent), permanent=False) from None
    except exception.AuthError as error:
        raise CredentialsRefused(redacted(_words(error), credentials, sent)) from None
    except Exception as error:  # the SDK's edge: the protocol lets nothing else through
        words = redacted(_words(error), credentials, sent)
        raise ProviderError(words, permanent=_permanent(error)) from None


def redacted(text: str, credentials: Credentials, sent: Iterable[str] = ()) -> str:
    """`text` without the secrets of the credentials, and without those of `sent`."""
    own = (credentials.token_secret, credentials.proxy_token_secret, *credentials.hidden, *sent)
    for secret in sorted(own, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "***")
    return text


def _permanent(error: Exception) -> bool:
    return isinstance(error, _PERMANENT) and not isinstance(error, exception.ConflictError)


def _words(error: Exception) -> str:
    text = str(error).strip()
    return text or f"Modal's SDK failed with {type(error).__name__}."
