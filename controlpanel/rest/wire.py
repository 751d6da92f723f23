"""JSON as it comes in and goes out."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder

from deployments.public import Refused


class Encoder(NinjaJSONEncoder):
    """Times in UTC with Z, money as text without an exponent or idle zeros."""

    def default(self, o: Any) -> Any:
        """What JSON has no form for."""
        if isinstance(o, Decimal):
            return format(o.normalize(), "f")
        if isinstance(o, datetime) and o.tzinfo is not None:
            o = o.astimezone(UTC)
        return super().default(o)


class Renderer(JSONRenderer):
    """Answers."""

    encoder_class = Encoder


class Reader(Parser):
    """Bodies and queries. What no database stores is refused before anything looks at it."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The JSON of the body. Raises ValueError, which is answered with 400."""
        found = json.loads(request.body, parse_constant=_refuse_constant)
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text
        if "\\u0000" in json.dumps(found):
            raise ValueError("a NUL character")
        return found

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """The query. Raises Refused naming the field with a NUL character."""
        for name in data:
            if any("\x00" in str(value) for value in data.getlist(name)):
                words = "A NUL character cannot be stored; leave it out."
                raise Refused("invalid", words, status=422, fields={name.replace("\x00", ""): words})
        return super().parse_querydict(data, list_fields, request)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
