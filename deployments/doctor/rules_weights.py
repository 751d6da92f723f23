"""Weights that cannot be had, or come slowly."""

from deployments.engines.validation import Level

from . import changes
from .rule import Context, Depth, Rule, Values, said

_ERROR = r"(?:(?:\w+\.)*\w*Error: )?"
# Loading that takes so many times its usual seconds is told, from so many seconds on.
_SLOWER, _LEAST_S = 3.0, 60.0


def _times_slower(values: Values, context: Context) -> bool:
    seconds = float(values["seconds"])
    usual_s = context.usual_weights_s() if seconds >= _LEAST_S else None
    return usual_s is not None and usual_s > 0 and seconds >= _SLOWER * usual_s


RULES = (
    Rule(
        code="weights-gated",
        title="The weights are gated",
        cause="The hub gives this model only to accounts that accepted its terms, and the account of this "
        "server’s token did not, or no token was sent.",
        remedy="Accept the terms on the model’s page, and give the account a token that may read it.",
        patterns=said(
            rf"{_ERROR}Cannot access gated repo for url",
            r"(?:\w+\.)*GatedRepoError: ",
            r"Access to model \S+ is restricted",
        ),
        sources=("documented: weights refused", "stand-in engine"),
        documented=True,
    ),
    Rule(
        code="weights-not-found",
        title="There are no such weights",
        cause="The hub knows no model of this name and revision, or hides it from this server’s token.",
        remedy="Correct the name or the revision of the weights. A private model needs a token that may "
        "read it.",
        patterns=said(
            rf"{_ERROR}Repository Not Found for url",
            r"(?:\w+\.)*(?:Repository|Revision|Entry)NotFoundError: 404",
        ),
        sources=("documented: weights refused", "stand-in engine"),
        documented=True,
    ),
    Rule(
        code="hub-token-refused",
        title="The hub refused the token",
        cause="The hub answered {code}: this server’s token is wrong, has ended, or may not read this model.",
        remedy="Write a new token for the hub into the account.",
        patterns=said(rf"{_ERROR}(?P<code>40[13]) Client Error"),
        sources=("documented: weights refused",),
        depth=Depth.GENERAL,
        documented=True,
    ),
    Rule(
        code="weights-not-in-cache",
        title="The weights are not there, and the server may not fetch them",
        cause="The engine is told to stay offline, and the volume holds no such model in this revision.",
        remedy="Download the weights first (Settings), or let the engine ask the hub.",
        patterns=said(
            r"(?:\w+\.)*LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder"
        ),
        sources=("recorded: cuda-0.26.0-fail-missing-model-hub-offline", "stand-in engine"),
        change=changes.online,
    ),
    Rule(
        code="hub-unreachable",
        title="The hub could not be reached",
        cause="The weights are not on the volume, and the server found no way to the hub.",
        remedy="Start it again. Weights that were downloaded before need no hub.",
        patterns=said(
            r"(?:\w+\.)*ConnectError: ",
            r"OSError: We couldn't connect to ",
            r"(?:\w+\.)*LocalEntryNotFoundError: An error happened while trying to locate the file",
        ),
        sources=("recorded: cuda-0.26.0-fail-missing-model-no-network",),
    ),
    Rule(
        code="weights-path-missing",
        title="There is nothing at the path of the weights",
        cause="{path} is not a folder in the container, and not a name that the hub could have.",
        remedy="Write the model’s name at the hub, as in owner/name, or mount the volume that has the "
        "folder.",
        patterns=said(r"(?:\w+\.)*HFValidationError: Repo id must be in the form .*?: '(?P<path>[^']*)'"),
        sources=("recorded: cuda-0.26.0-fail-missing-model-path", "stand-in engine"),
    ),
    Rule(
        code="weights-damaged",
        title="A file of the weights is damaged or incomplete",
        cause="A checkpoint file could not be read to its end.",
        remedy="Download the weights again: an interrupted download leaves such a file.",
        patterns=said(r"(?:\w+\.)*SafetensorError: "),
        sources=("read in the sources of vLLM 0.33",),
        documented=True,
    ),
    Rule(
        code="no-prefetch",
        title="The weights are read one file after another",
        cause="The engine did not read the checkpoint ahead, since it does not take the file system "
        "({filesystem}) for a network one. The published recipe took over 12 minutes so, and one with it.",
        remedy="Tell it to prefetch.",
        patterns=said(
            r"Auto-prefetch is disabled because the filesystem \((?P<filesystem>[^)]*)\) is not a recognized "
            r"network FS(?!.*exceeds 90% of)"
        ),
        sources=("documented: the recipe’s second post-mortem", "stand-in engine"),
        level=Level.WARNING,
        change=changes.prefetch,
        slows=True,
        documented=True,
    ),
    Rule(
        code="weights-slow",
        title="The weights loaded much slower than usual",
        cause="Loading took {seconds} s, more than three times its usual time here.",
        remedy="If it comes back, look whether prefetching is on and whether the volume moved to another "
        "region.",
        patterns=said(r"Loading weights took (?P<seconds>\d+(?:\.\d+)?) seconds"),
        sources=("recorded: every start; the comparison is with this deployment’s own starts",),
        level=Level.WARNING,
        when=_times_slower,
        change=changes.prefetch,
        slows=True,
    ),
)
