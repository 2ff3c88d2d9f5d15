"""The page of the socket and of Server-Sent Events: the AsyncAPI document, for people.

Never shows what the document does not say.
"""

from collections.abc import Iterable

import msgspec

from server.contract.async_document import AsyncApi, Bounds, Channel, Message, Operation, SubProtocol
from server.contract.asyncapi import SOCKET, STREAM
from server.contract.document import Reference
from server.contract.html import Html, element, joined, prose, words
from server.contract.page import details, header, menu, page, schemas_section
from server.contract.schema_html import fields_html, plain_table_html
from server.contract.schemas import PLACE

CLOSE_CODES = "close-codes"


def socket_page(document: AsyncApi) -> str:
    """Write the whole page."""
    info = document.info
    socket, stream = document.channels[SOCKET], document.channels[STREAM]
    commands = [one for one in document.operations.values() if one.reply is not None]
    told = {
        name: one
        for name, one in document.operations.items()
        if one.reply is None and one.channel.ref == f"#/channels/{SOCKET}"
    }
    asked = [name for one in commands for name in _names(one.messages)]
    answers = _answers(commands, told.values())
    links = (("asyncapi.json", "/asyncapi.json"), ("HTTP", "/docs"))
    return page(
        f"{info.title}: the socket",
        menu(
            [
                ("connection", [(Html("Opening and bounds"), SOCKET), (Html("Close codes"), CLOSE_CODES)]),
                ("commands", _links(document, asked)),
                ("answers", _links(document, answers)),
                *((name, _links(document, _names(one.messages))) for name, one in told.items()),
                ("events", [(Html("Server-Sent Events"), STREAM)]),
            ]
        ),
        header(info.title, info.version, info.description, *links),
        _socket(socket),
        _section("Commands", Html(), [_command(document, one) for one in commands]),
        _section("Answers", prose("One to each command."), [_message(document, name) for name in answers]),
        *(_told(document, name, one) for name, one in told.items()),
        _stream(document, stream, [name for name in stream.messages if name not in socket.messages]),
        schemas_section(document.components.schemas),
    )


def _names(references: Iterable[Reference]) -> list[str]:
    return [reference.ref.rpartition("/")[2] for reference in references]


def _answers(commands: Iterable[Operation], told: Iterable[Operation]) -> list[str]:
    """What answers and does nothing else; what is also told unasked is shown there."""
    unasked = {name for one in told for name in _names(one.messages)}
    answering = [name for one in commands if one.reply is not None for name in _names(one.reply.messages)]
    return [name for name in dict.fromkeys(answering) if name not in unasked]


def _links(document: AsyncApi, names: Iterable[str]) -> list[tuple[Html, str]]:
    return [(element("span", document.components.messages[name].title), name) for name in names]


def _section(title: str, about: Html, shown: Iterable[Html]) -> Html:
    return element("section", element("h2", title), about, *shown, class_="tag")


def _address(channel: Channel, anchor: str) -> Html:
    return element("p", element("code", f"GET {channel.address}"), id=anchor)


def _socket(channel: Channel) -> Html:
    codes = [
        (
            joined(element("code", str(one.code)), " ", element("small", one.name)),
            words(one.meaning),
            Html("connect again and resume" if one.resume else "do not come back the same way"),
        )
        for one in channel.close_codes
    ]
    shown = (
        prose(channel.description),
        _sub_protocols(channel.sub_protocols),
        _bounds(channel.limits) if channel.limits is not None else Html(),
        element("h4", "Close codes", id=CLOSE_CODES),
        plain_table_html(("Code", "Meaning", "Then"), codes),
    )
    return _section(channel.title, _address(channel, SOCKET), shown)


def _sub_protocols(protocols: Iterable[SubProtocol]) -> Html:
    rows = [
        (element("code", one.name), Html(f"{one.frames} frames{', the default' if one.default else ''}"))
        for one in protocols
    ]
    return joined(element("h4", "Sub-protocols"), plain_table_html(("Name", "Frames"), rows))


def _bounds(bounds: Bounds) -> Html:
    rows = [
        (element("code", name), Html(f"{value:,}")) for name, value in msgspec.structs.asdict(bounds).items()
    ]
    return joined(element("h4", "Bounds"), plain_table_html(("Name", "Value"), rows))


def _command(document: AsyncApi, operation: Operation) -> Html:
    (name,) = _names(operation.messages)
    message = document.components.messages[name]
    answers = _names(operation.reply.messages) if operation.reply is not None else []
    opening = joined(
        element("code", message.name), " ", element("span", words(operation.summary), class_="what")
    )
    inside = (
        prose(operation.description),
        _fields(document, message),
        element("h4", "Answers"),
        _list(document, answers),
        _samples(message),
    )
    return details(opening, inside, name)


def _told(document: AsyncApi, name: str, operation: Operation) -> Html:
    about = joined(element("p", words(operation.summary), "."), prose(operation.description))
    return _section(name, about, [_message(document, one) for one in _names(operation.messages)])


def _message(document: AsyncApi, name: str) -> Html:
    message = document.components.messages[name]
    place = message.delivered.place if message.delivered is not None else None
    opening = joined(
        element("code", message.title),
        " ",
        element("span", words(message.summary), class_="what"),
        element("span", place, class_="open") if place is not None else "",
    )
    return details(opening, (prose(message.description), _fields(document, message), _samples(message)), name)


def _stream(document: AsyncApi, channel: Channel, own: Iterable[str]) -> Html:
    about = joined(_address(channel, STREAM), prose(channel.description))
    shown = [_message(document, name) for name in own]
    return _section(channel.title, about, [*shown, _list(document, channel.messages)])


def _list(document: AsyncApi, names: Iterable[str]) -> Html:
    links = [
        element("a", element("code", document.components.messages[name].title), href=f"#{name}")
        for name in names
    ]
    return element("ul", *(element("li", link) for link in links))


def _fields(document: AsyncApi, message: Message) -> Html:
    schema = document.components.schemas[message.payload.ref.removeprefix(PLACE)]
    return joined(element("h4", "Fields"), fields_html(schema))


def _samples(message: Message) -> Html:
    shown = [
        element("pre", element("code", msgspec.json.format(bytes(one.payload), indent=2).decode()))
        for one in message.examples
    ]
    return joined(element("h4", "Sample"), *shown) if shown else Html()
