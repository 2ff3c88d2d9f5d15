"""Reads of users: profiles, lists of followers, own lists, and suggestions."""

import asyncio
import json
from collections.abc import Sequence

from actors.protocol.objects import UserCard
from tests.actors.visibility.reads.requests import read_each
from tests.actors.visibility.world import World


async def read_people(world: World, viewer: str) -> list[str]:
    """Return the counts, relationship, followers and followed users of each user that exists."""

    async def read(user: str) -> list[str]:
        stats, relationship = await world.setup.relationships.get_profile(viewer, user)
        social = world.setup.social_service
        same_stats, followers, following = await asyncio.gather(
            social.get_stats(viewer, user),
            social.followers(viewer, user, None, 100),
            social.following(viewer, user, None, 100),
        )
        assert stats == same_stats
        return [
            json.dumps(
                (
                    user,
                    (stats.followers_count, stats.following_count, stats.posts_count),
                    relationship
                    and (
                        (relationship.following, relationship.requested, relationship.followed_by),
                        (relationship.muted, relationship.blocked),
                    ),
                    ids_of(followers.items),
                    ids_of(following.items),
                )
            )
        ]

    return await read_each(world.sample.intersection(world.users), read, "user.not_found")


def people_of_model(world: World, viewer: str) -> list[str]:
    """The counts are the same for every viewer; lists are without users with a block between."""
    model = world.model
    rows: list[str] = []
    for user in world.sample.intersection(world.users):
        if model.is_blocked(viewer, user):
            continue
        followers = [one for one, other in model.follows if other == user]
        following = [other for one, other in model.follows if one == user]
        posts_count = sum(
            post.author == user and post_id not in model.hidden for post_id, post in model.posts.items()
        )
        shown = model.can_see_posts_of(viewer, user)
        relationship = (
            (
                (viewer, user) in model.follows,
                (viewer, user) in model.requests,
                (user, viewer) in model.follows,
            ),
            ((viewer, user) in model.post_mutes | model.notification_mutes, False),
        )
        rows.append(
            json.dumps(
                (
                    user,
                    (len(followers), len(following), posts_count),
                    None if viewer == user else relationship,
                    *(
                        sorted(one for one in users if shown and not model.is_blocked(viewer, one))
                        for users in (followers, following)
                    ),
                )
            )
        )
    return rows


async def read_own_lists(world: World, viewer: str) -> list[str]:
    setup = world.setup
    blocked, muted, requests = await asyncio.gather(
        setup.social_service.blocked_users(viewer, None, 100),
        setup.mutes_service.page(viewer, None, 100),
        setup.follow_requests_service.page(viewer, None, 100),
    )
    return [
        *(f"blocked {user.id}" for user in blocked.items),
        *(f"muted {mute.user.id}" for mute in muted.items),
        *(f"request {request.user.id}" for request in requests.items),
    ]


def own_lists_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        *(f"blocked {other}" for one, other in model.blocks if one == viewer),
        *(
            f"muted {other}"
            for one, other in model.post_mutes | model.notification_mutes
            if one == viewer and not model.is_blocked(one, other)
        ),
        *(f"request {one}" for one, other in model.requests if other == viewer),
    ]


async def read_wrong_suggestions(world: World, viewer: str) -> list[str]:
    """Return suggested users that the viewer follows, has asked to follow, mutes, or must not see."""
    model = world.model
    suggested = {user.id for user in await world.setup.suggestions.find(viewer)}
    related = model.follows | model.requests | model.post_mutes | model.notification_mutes
    return sorted(
        suggested
        & {
            user
            for user in world.users
            if user == viewer or (viewer, user) in related or model.is_blocked(viewer, user)
        }
    )


def ids_of(users: Sequence[UserCard]) -> list[str]:
    return sorted(user.id for user in users)
