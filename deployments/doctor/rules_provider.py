"""What the provider refuses: builds, secrets, credentials, limits."""

from deployments.engines.validation import Level

from .rule import Depth, Place, Rule, said

# The command line puts this before what it says last.
_ERROR = r"(?:Error: )?"

RULES = (
    Rule(
        code="image-not-found",
        title="There is no such image",
        cause="The registry has no image {image} with this tag.",
        brief="The registry has no image of this name and tag.",
        remedy="Correct the image’s name or tag in Settings.",
        patterns=said(
            r".{0,120}?manifest for (?P<image>\S+) not found",
            r".{0,160}?\bmanifest unknown\b",
            r".{0,120}?pull access denied for (?P<image>[^\s,]+)",
        ),
        sources=("documented: image tag not found; the registries’ own words", "stand-in cloud"),
        place=Place.OUTSIDE,
        documented=True,
    ),
    Rule(
        code="pip-failed",
        title="A package could not be installed in the image",
        cause="pip found no way to install {package}.",
        brief="pip found no way to install what was asked for.",
        remedy="Correct the package’s name or version in Settings.",
        patterns=said(
            r"ERROR: No matching distribution found for (?P<package>\S+)",
            r"ERROR: Could not find a version that satisfies the requirement (?P<package>\S+)",
            r"ERROR: (?:ResolutionImpossible|Cannot install (?P<package>\S+))",
        ),
        sources=("documented: pip step failed; pip’s own words",),
        place=Place.OUTSIDE,
        documented=True,
    ),
    Rule(
        code="image-build-failed",
        title="The image could not be built",
        cause="A step of the build failed.",
        remedy="Read the build’s log above this line.",
        patterns=said(rf"{_ERROR}Image build for (?P<image>\S+) (?:failed|terminated|timed out)"),
        sources=("read in the source of modal 1.6.4", "stand-in cloud"),
        depth=Depth.END,
        place=Place.OUTSIDE,
    ),
    Rule(
        code="secret-missing",
        title="A secret is missing at the provider",
        cause="The provider has no secret {name} in this environment.",
        remedy="Make it there, or take it out of Settings. The panel itself writes vllm-api-key and "
        "huggingface.",
        patterns=said(rf"{_ERROR}Secret '(?P<name>[^']+)' (?:not found|is missing key)"),
        sources=(
            "seen: modal 1.6.4 against the stand-in cloud",
            "documented: one clear line for a missing secret",
        ),
        place=Place.OUTSIDE,
    ),
    Rule(
        code="token-refused",
        title="The provider refused the account’s token",
        cause="The token of the account is wrong, or was taken back.",
        remedy="Make a new token at the provider, and write it into the account.",
        patterns=said(
            rf"{_ERROR}Token validation failed", rf"{_ERROR}.{{0,80}}Could not authenticate client"
        ),
        sources=("stand-in cloud", "documented: UNAUTHENTICATED"),
        place=Place.OUTSIDE,
        documented=True,
    ),
    Rule(
        code="proxy-token-refused",
        title="The provider’s proxy refused the panel",
        cause="The proxy token of the account does not open this server any more.",
        remedy="Make a new one: in the account, with one click.",
        patterns=said(r"Modal refused the proxy token"),
        sources=("the panel’s own words for 401 and 403 of the proxy",),
        place=Place.OUTSIDE,
    ),
    Rule(
        code="engine-key-refused",
        title="The engine refused the panel’s key",
        cause="The server is up, and its key is not the one that the panel has.",
        remedy="Write the keys again (in the account), and start it anew: it reads them when it starts.",
        patterns=said(r"The server answered 401"),
        sources=("the panel’s own words in the warm-up; wrong key is answered 401",),
        place=Place.OUTSIDE,
    ),
    Rule(
        code="limit-reached",
        title="A limit of the provider’s account is reached",
        cause="The provider says that a spending limit, budget or quota is used up.",
        remedy="Raise it at the provider, or wait until its period is over.",
        patterns=said(
            r".{0,160}?\b(?:spend(?:ing)? limit|quota|budget)\b.{0,80}?\b(?:reached|exceeded|exhausted)\b",
            r".{0,160}?\bexceeded\b.{0,60}?\b(?:spend(?:ing)? limit|quota|budget)\b",
        ),
        sources=("documented: spend_limit_reached, RESOURCE_EXHAUSTED",),
        place=Place.OUTSIDE,
        documented=True,
    ),
    Rule(
        code="throttled",
        title="The provider slows the panel down",
        cause="Too many calls in too short a time.",
        remedy="Wait a minute and start it again.",
        patterns=said(
            rf"{_ERROR}.{{0,120}}?Rate limit exceeded",
            r"Modal throttles requests",
            rf"{_ERROR}.{{0,120}}?\b429 Too Many Requests",
        ),
        sources=("stand-in cloud", "documented: 200 requests/s, then 429"),
        depth=Depth.GENERAL,
        place=Place.OUTSIDE,
        documented=True,
    ),
    Rule(
        code="provider-unreachable",
        title="The provider could not be reached",
        cause="It did not answer, or refused every call.",
        remedy="Look at the provider’s status page. Nothing is lit until it answers.",
        patterns=said(
            r"Modal did not answer in time",
            r"\S+ (?:did not answer in \d+ s|could not be reached)",
            rf"{_ERROR}.{{0,80}}?The control plane is not available",
            rf"{_ERROR}.{{0,80}}?Could not connect to the Modal server",
        ),
        sources=("the panel’s own words", "stand-in cloud", "documented: UNAVAILABLE ServiceError"),
        depth=Depth.GENERAL,
        place=Place.OUTSIDE,
    ),
    Rule(
        code="deploy-took-too-long",
        title="The deploy took too long",
        cause="The panel ended it after an hour.",
        remedy="Read the build’s log: what it did last did not come to an end.",
        patterns=said(r"The deploy took too long and was ended"),
        sources=("the panel’s own words",),
        depth=Depth.CONSEQUENCE,
        place=Place.OUTSIDE,
    ),
    Rule(
        code="app-vanished",
        title="The app vanished right after its deploy",
        cause="Somebody turned it off at the provider while the panel deployed it.",
        remedy="Start it again, and look who else uses this app’s name.",
        patterns=said(r"\S+ was deployed and is gone again"),
        sources=("the panel’s own words",),
        level=Level.ERROR,
        place=Place.OUTSIDE,
    ),
)
