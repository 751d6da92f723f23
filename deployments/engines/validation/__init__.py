"""What is wrong with a configuration, found before anything is spent. Pure."""

from deployments.planning.spec import Spec

from .case import Case, Context
from .finding import Finding, Fix, Level
from .models import ModelFacts, facts_of_config
from .parsing import parser_findings
from .rules_door import RULES as DOOR
from .rules_engine import RULES as ENGINE
from .rules_inner import RULES as INNER
from .rules_life import RULES as LIFE
from .rules_memory import RULES as MEMORY
from .rules_provider import RULES as PROVIDER

__all__ = [
    "RULES",
    "Context",
    "Finding",
    "Fix",
    "Level",
    "ModelFacts",
    "facts_of_config",
    "findings",
]

RULES = (*DOOR, *PROVIDER, *ENGINE, *INNER, *LIFE, *MEMORY)
_ORDER = {level: number for number, level in enumerate(Level)}


def findings(spec: Spec, context: Context) -> list[Finding]:
    """Everything there is to say about a spec that `from_json` gave, errors first."""
    case = Case(spec, context)
    found = [*parser_findings(case), *(one for rule in RULES for one in rule.findings(case))]
    return sorted(found, key=lambda one: _ORDER[one.level])
