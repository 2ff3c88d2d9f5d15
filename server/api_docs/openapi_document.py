"""An OpenAPI 3.1 document as structs: only those parts of the specification that are needed here.

Schemas stay as msgspec makes them. Never knows a route.
"""

from typing import Any

import msgspec
from msgspec import field

Schema = dict[str, Any]
"""A JSON Schema, draft 2020-12."""


class Reference(msgspec.Struct, frozen=True):
    """Stands for a part that is in the components."""

    ref: str = field(name="$ref")


class Info(msgspec.Struct, frozen=True):
    title: str
    version: str
    description: str


class Tag(msgspec.Struct, frozen=True):
    name: str
    description: str


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """`place` is path, query or header. Lists are written with commas (`explode` is False)."""

    name: str
    location: str = field(name="in")
    schema: Schema
    required: bool = False
    description: str = ""
    style: str | None = None
    explode: bool | None = None


class Header(msgspec.Struct, frozen=True):
    description: str
    schema: Schema


class MediaType(msgspec.Struct, frozen=True):
    schema: Schema


class RequestBody(msgspec.Struct, frozen=True):
    description: str
    content: dict[str, MediaType]
    required: bool = True


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    description: str
    headers: dict[str, Reference] = {}
    content: dict[str, MediaType] = {}


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """`security` is empty where no token is needed, None where the document's own holds."""

    tags: tuple[str, ...]
    operation_id: str
    summary: str
    description: str = ""
    parameters: tuple[Parameter | Reference, ...] = ()
    request_body: RequestBody | None = None
    responses: dict[str, Response | Reference]
    security: tuple[dict[str, list[str]], ...] | None = None


class Components(msgspec.Struct, frozen=True, rename="camel"):
    schemas: dict[str, Schema]
    parameters: dict[str, Parameter]
    headers: dict[str, Header]
    responses: dict[str, Response]
    security_schemes: dict[str, dict[str, str]]


class OpenApi(msgspec.Struct, frozen=True):
    """`paths` is by path, then by method in lower case."""

    openapi: str
    info: Info
    tags: tuple[Tag, ...]
    security: tuple[dict[str, list[str]], ...]
    paths: dict[str, dict[str, Operation]]
    components: Components
