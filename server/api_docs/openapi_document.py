"""OpenAPI 3.1 documents as structs: the parts of the specification that are used here."""

from typing import Any, Final

import msgspec
from msgspec import field

Schema = dict[str, Any]
"""A JSON Schema, draft 2020-12."""


class Reference(msgspec.Struct, frozen=True):
    """A reference to a component of the same document."""

    ref: str = field(name="$ref")


class License(msgspec.Struct, frozen=True):
    name: str
    url: str


APACHE_2: Final = License("Apache 2.0", "https://www.apache.org/licenses/LICENSE-2.0")


class Info(msgspec.Struct, frozen=True):
    title: str
    version: str
    description: str
    license: License = APACHE_2


class Server(msgspec.Struct, frozen=True):
    url: str
    description: str


class Tag(msgspec.Struct, frozen=True):
    name: str
    description: str


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """`location` is path, query or header. `explode` is false for lists that are separated by commas."""

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
    """`security` is empty if no token is needed; None means that the security of the document applies."""

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
    """`paths` maps a path to its operations, by method in lower case."""

    openapi: str
    info: Info
    servers: tuple[Server, ...]
    tags: tuple[Tag, ...]
    security: tuple[dict[str, list[str]], ...]
    paths: dict[str, dict[str, Operation]]
    components: Components
