"""What the cloud refuses, by the gRPC status that the SDK turns into its own exception."""

from __future__ import annotations


class CloudError(Exception):
    """A refusal that the caller is shown word for word; `status` is a gRPC status name."""

    status = "INTERNAL"


class NotFoundError(CloudError):
    """There is no such object."""

    status = "NOT_FOUND"


class InvalidError(CloudError):
    """The request cannot be meant like this."""

    status = "INVALID_ARGUMENT"


class AlreadyThereError(CloudError):
    """The name is taken."""

    status = "ALREADY_EXISTS"


class ConflictError(CloudError):
    """The object is in a state that does not allow it."""

    status = "FAILED_PRECONDITION"


class UnavailableError(CloudError):
    """The control plane is away; the SDK tries again a few times."""

    status = "UNAVAILABLE"


class ThrottledError(CloudError):
    """Too many calls; the SDK waits and tries again."""

    status = "RESOURCE_EXHAUSTED"


class NotInPlanError(CloudError):
    """The workspace's plan does not include it."""

    status = "PERMISSION_DENIED"


class UnauthenticatedError(CloudError):
    """Wrong or missing token."""

    status = "UNAUTHENTICATED"


class UnimplementedError(CloudError):
    """A call that this stand-in does not speak."""

    status = "UNIMPLEMENTED"
