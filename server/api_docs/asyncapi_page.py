"""The page of the socket and of Server-Sent Events: the AsyncAPI document, for people.

Never shows what the document does not say.
"""

from collections.abc import Iterable

import msgspec

from server.api_docs.asyncapi import SOCKET_CHANNEL, STREAM_CHANNEL
from server.api_docs.asyncapi_document import (
    AsyncApi,
    Channel,
    Message,
    Operation,
    PublishedLimits,
    SubProtocol,
)
from server.api_docs.html import Html, concat, element, inline, paragraphs
from server.api_docs.openapi_document import Reference
from server.api_docs.page_layout import collapsible, menu, page_header, render_page, schemas_section
from server.api_docs.schema_html import fields_html, plain_table_html
from server.api_docs.schemas import SCHEMA_REF_PREFIX

CLOSE_CODES_ANCHOR = "close-codes"


def render_asyncapi_page(document: AsyncApi) -> str:
    """Write the whole page."""
    info = document.info
    socket, stream = document.channels[SOCKET_CHANNEL], document.channels[STREAM_CHANNEL]
    commands = [one for one in document.operations.values() if one.reply is not None]
    told = {
        name: one
        for name, one in document.operations.items()
        if one.reply is None and one.channel.ref == f"#/channels/{SOCKET_CHANNEL}"
    }
    asked = [name for one in commands for name in _reference_names(one.messages)]
    answers = _reply_names(commands, told.values())
    links = (("asyncapi.json", "/asyncapi.json"), ("HTTP", "/docs"))
    return render_page(
        f"{info.title}: the socket",
        menu(
            [
                (
                    "connection",
                    [(Html("Opening and bounds"), SOCKET_CHANNEL), (Html("Close codes"), CLOSE_CODES_ANCHOR)],
                ),
                ("commands", _links(document, asked)),
                ("answers", _links(document, answers)),
                *((name, _links(document, _reference_names(one.messages))) for name, one in told.items()),
                ("events", [(Html("Server-Sent Events"), STREAM_CHANNEL)]),
            ]
        ),
        page_header(info.title, info.version, info.description, *links),
        _socket(socket),
        _section("Commands", Html(), [_command(document, one) for one in commands]),
        _section(
            "Answers", paragraphs("One to each command."), [_message(document, name) for name in answers]
        ),
        *(_delivery(document, name, one) for name, one in told.items()),
        _stream(document, stream, [name for name in stream.messages if name not in socket.messages]),
        schemas_section(document.components.schemas),
    )


def _reference_names(references: Iterable[Reference]) -> list[str]:
    return [reference.ref.rpartition("/")[2] for reference in references]


def _reply_names(commands: Iterable[Operation], pushed: Iterable[Operation]) -> list[str]:
    """What answers and does nothing else; what is also told unasked is shown there."""
    unasked = {name for one in pushed for name in _reference_names(one.messages)}
    answering = [
        name for one in commands if one.reply is not None for name in _reference_names(one.reply.messages)
    ]
    return [name for name in dict.fromkeys(answering) if name not in unasked]


def _links(document: AsyncApi, names: Iterable[str]) -> list[tuple[Html, str]]:
    return [(element("span", document.components.messages[name].title), name) for name in names]


def _section(title: str, introduction: Html, shown: Iterable[Html]) -> Html:
    return element("section", element("h2", title), introduction, *shown, class_="tag")


def _address(channel: Channel, anchor: str) -> Html:
    return element("p", element("code", f"GET {channel.address}"), id=anchor)


def _socket(channel: Channel) -> Html:
    codes = [
        (
            concat(element("code", str(one.code)), " ", element("small", one.name)),
            inline(one.meaning),
            Html("connect again and resume" if one.resume else "do not come back the same way"),
        )
        for one in channel.close_codes
    ]
    shown = (
        paragraphs(channel.description),
        _sub_protocols(channel.sub_protocols),
        _bounds(channel.limits) if channel.limits is not None else Html(),
        element("h4", "Close codes", id=CLOSE_CODES_ANCHOR),
        plain_table_html(("Code", "Meaning", "Then"), codes),
    )
    return _section(channel.title, _address(channel, SOCKET_CHANNEL), shown)


def _sub_protocols(protocols: Iterable[SubProtocol]) -> Html:
    rows = [
        (element("code", one.name), Html(f"{one.frames} frames{', the default' if one.default else ''}"))
        for one in protocols
    ]
    return concat(element("h4", "Sub-protocols"), plain_table_html(("Name", "Frames"), rows))


def _bounds(bounds: PublishedLimits) -> Html:
    rows = [
        (element("code", name), Html(f"{value:,}")) for name, value in msgspec.structs.asdict(bounds).items()
    ]
    return concat(element("h4", "Bounds"), plain_table_html(("Name", "Value"), rows))


def _command(document: AsyncApi, operation: Operation) -> Html:
    (name,) = _reference_names(operation.messages)
    message = document.components.messages[name]
    answers = _reference_names(operation.reply.messages) if operation.reply is not None else []
    opening = concat(
        element("code", message.name), " ", element("span", inline(operation.summary), class_="what")
    )
    inside = (
        paragraphs(operation.description),
        _fields(document, message),
        element("h4", "Answers"),
        _message_list(document, answers),
        _examples(message),
    )
    return collapsible(opening, inside, name)


def _delivery(document: AsyncApi, name: str, operation: Operation) -> Html:
    about = concat(element("p", inline(operation.summary), "."), paragraphs(operation.description))
    return _section(name, about, [_message(document, one) for one in _reference_names(operation.messages)])


def _message(document: AsyncApi, name: str) -> Html:
    message = document.components.messages[name]
    place = message.delivery.place if message.delivery is not None else None
    opening = concat(
        element("code", message.title),
        " ",
        element("span", inline(message.summary), class_="what"),
        element("span", place, class_="open") if place is not None else "",
    )
    return collapsible(
        opening, (paragraphs(message.description), _fields(document, message), _examples(message)), name
    )


def _stream(document: AsyncApi, channel: Channel, own: Iterable[str]) -> Html:
    about = concat(_address(channel, STREAM_CHANNEL), paragraphs(channel.description))
    shown = [_message(document, name) for name in own]
    return _section(channel.title, about, [*shown, _message_list(document, channel.messages)])


def _message_list(document: AsyncApi, names: Iterable[str]) -> Html:
    links = [
        element("a", element("code", document.components.messages[name].title), href=f"#{name}")
        for name in names
    ]
    return element("ul", *(element("li", link) for link in links))


def _fields(document: AsyncApi, message: Message) -> Html:
    schema = document.components.schemas[message.payload.ref.removeprefix(SCHEMA_REF_PREFIX)]
    return concat(element("h4", "Fields"), fields_html(schema))


def _examples(message: Message) -> Html:
    shown = [
        element("pre", element("code", msgspec.json.format(bytes(one.payload), indent=2).decode()))
        for one in message.examples
    ]
    return concat(element("h4", "Sample"), *shown) if shown else Html()
