"""Registrations that wait for approval, for moderators; invite codes and blocked names, for admins."""

from actors.moderation.bodies import InviteCodeRequest
from actors.moderation.registrations import Registrations
from actors.protocol.moderation_objects import BlockedName, InviteCode, PendingRegistration
from server.http.cursor import encode_cursor
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page
from storage.contracts.registrations import NameKind
from storage.contracts.users import Role


class BlockedNameQuery(PageQuery, frozen=True, kw_only=True):
    kind: NameKind


class RegistrationRoutes:
    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations

    def routes(self) -> tuple[Route, ...]:
        registrations, codes, names = (
            "/v1/admin/registrations",
            "/v1/admin/invite-codes",
            "/v1/admin/blocked-names",
        )
        return (
            Route(
                "GET",
                registrations,
                self.page,
                query=PageQuery,
                response=Page[PendingRegistration],
                role=Role.MODERATOR,
            ),
            Route(
                "PUT",
                f"{registrations}/{{id}}/approval",
                self.approve,
                status=204,
                errors=(
                    "registration.not_found",
                    "user.email_taken",
                    "user.username_taken",
                    "user.name_blocked",
                ),
                role=Role.MODERATOR,
            ),
            Route(
                "DELETE",
                f"{registrations}/{{id}}",
                self.decline,
                status=204,
                errors=("registration.not_found",),
                role=Role.MODERATOR,
            ),
            Route(
                "POST",
                codes,
                self.create_code,
                body=InviteCodeRequest,
                response=InviteCode,
                status=201,
                idempotent=True,
                response_has_secrets=True,
                errors=("invite_code.limit", "invite_code.not_found"),
                role=Role.ADMIN,
            ),
            Route("GET", codes, self.page_codes, query=PageQuery, response=Page[InviteCode], role=Role.ADMIN),
            Route(
                "DELETE",
                f"{codes}/{{id}}",
                self.delete_code,
                status=204,
                errors=("invite_code.not_found",),
                role=Role.ADMIN,
            ),
            Route(
                "GET",
                names,
                self.page_names,
                query=BlockedNameQuery,
                response=Page[BlockedName],
                role=Role.ADMIN,
            ),
            Route(
                "PUT",
                f"{names}/{{kind}}/{{value}}",
                self.block_name,
                status=204,
                errors=("request.invalid", "name_block.limit"),
                role=Role.ADMIN,
            ),
            Route(
                "DELETE",
                f"{names}/{{kind}}/{{value}}",
                self.unblock_name,
                status=204,
                errors=("request.invalid",),
                role=Role.ADMIN,
            ),
        )

    async def page(self, request: TypedRequest[None, PageQuery]) -> Page[PendingRegistration]:
        """List registrations that wait for approval, the oldest first."""
        return to_page(await self._registrations.page(decode_page_cursor(request), request.query.limit))

    async def approve(self, request: TypedRequest[None, None]) -> None:
        """Approve a registration.

        The user gets a mail with the link that confirms the address, and can log in.
        """
        await self._registrations.approve(request.caller.user.id, request.path_params["id"])

    async def decline(self, request: TypedRequest[None, None]) -> None:
        """Decline a registration, and delete it."""
        await self._registrations.decline(request.caller.user.id, request.path_params["id"])

    async def create_code(self, request: TypedRequest[InviteCodeRequest, None]) -> InviteCode:
        """Create an invite code.

        Registrations need one if the server is configured so.
        """
        return await self._registrations.create_invite_code(
            request.caller.user.id, request.body, request.idempotency_key
        )

    async def page_codes(self, request: TypedRequest[None, PageQuery]) -> Page[InviteCode]:
        """List invite codes, the oldest first, also those that are used up or have expired."""
        return to_page(
            await self._registrations.page_invite_codes(decode_page_cursor(request), request.query.limit)
        )

    async def delete_code(self, request: TypedRequest[None, None]) -> None:
        """Delete an invite code."""
        await self._registrations.delete_invite_code(request.caller.user.id, request.path_params["id"])

    async def page_names(self, request: TypedRequest[None, BlockedNameQuery]) -> Page[BlockedName]:
        """List blocked usernames or e-mail domains, in alphabetical order."""
        query = request.query
        items, after = await self._registrations.page_blocked_names(
            query.kind, request.cursor(str) or "", query.limit
        )
        return Page(items, None if after is None else encode_cursor(after))

    async def block_name(self, request: TypedRequest[None, None]) -> None:
        """Block a username, or an e-mail domain with its subdomains.

        `kind` is `username` or `email_domain`. New users cannot register with it, and others cannot change to
        it; those who have it keep it. Idempotent.
        """
        await self._registrations.block_name(
            request.caller.user.id, request.path_params["kind"], request.path_params["value"]
        )

    async def unblock_name(self, request: TypedRequest[None, None]) -> None:
        """Unblock a username or an e-mail domain.

        Idempotent.
        """
        await self._registrations.unblock_name(
            request.caller.user.id, request.path_params["kind"], request.path_params["value"]
        )
