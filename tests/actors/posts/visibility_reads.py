"""The reads of a world of `visibility_world`, and what the model expects of them.

A new read path of posts needs an entry in `READ_PATHS`: how to read what a viewer sees, and what the model
expects. Both are compared without their order.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from actors.pagination import KeysetPage
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Post
from storage.contracts.paging import PageKey
from tests.actors.posts.visibility_world import World

Rows = Sequence[str] | AbstractSet[str]
SAMPLE_SIZE = 6
PAGE_SIZES = (1, 3, 5, 20, 20)


@dataclass(frozen=True)
class ReadPath:
    """With `once`, what is read is the same for every viewer."""

    read: Callable[[World, str], Awaitable[Rows]]
    expect: Callable[[World, str], Rows]
    once: bool = False


async def check(world: World) -> None:
    """Compare every read path with the model, for every viewer."""
    world.sample = {
        *sample(world, list(world.model.posts)),
        *sample(world, list(world.model.comments)),
        *world.page_sizes.sample(world.users, 2),
    }
    world.hinted = sample(world, list(world.model.posts))
    world.hints = await world.setup.publish_hints(world.hinted, world.users)
    views = [
        (viewer, name, path)
        for viewer in world.users
        for name, path in READ_PATHS.items()
        if not path.once or viewer == world.users[0]
    ]
    found = await asyncio.gather(*(path.read(world, viewer) for viewer, _, path in views))
    for (viewer, name, path), rows in zip(views, found, strict=True):
        assert sorted(rows) == sorted(path.expect(world, viewer)), f"{name} of {world.label(viewer)}"


def sample(world: World, ids: Sequence[str]) -> list[str]:
    """Choose some ids: reading each one by one would take most of the time."""
    return world.page_sizes.sample(ids, min(SAMPLE_SIZE, len(ids)))


async def read_existing(
    world: World, request: Callable[[str], Awaitable[Sequence[str]]], not_found: str = "post.not_found"
) -> list[str]:
    """Return what a request returns for the sampled posts. Those that it does not find must not exist."""

    async def read(post_id: str) -> Sequence[str]:
        try:
            return await request(post_id)
        except ApiError as error:
            assert error.code == not_found, error  # noqa: PT017 - the outcome of the request
            return ()

    posts = [post_id for post_id in world.model.posts if post_id in world.sample]
    return [row for rows in await asyncio.gather(*map(read, posts)) for row in rows]


async def collect(
    world: World, read_page: Callable[[PageKey | None, int], Awaitable[KeysetPage[Post]]]
) -> list[Post]:
    """Return the posts of all pages, in pages of a random size. They must be in order."""
    limit, posts, before = world.page_sizes.choice(PAGE_SIZES), list[Post](), None
    while True:
        page = await read_page(before, limit)
        posts += page.items
        if page.next_key is None:
            return posts
        before = page.next_key


# --- single posts, and posts with what belongs to them


def describe(post: Post) -> str:
    """Write all that depends on what the viewer sees and did."""
    return json.dumps(
        (
            post.id,
            (post.like_count, post.comment_count, post.repost_count),
            (post.liked_by_me, post.bookmarked_by_me, post.reposted_by_me),
            sorted(user.id for user in post.mentions),
            None if post.repost_of is None else describe(post.repost_of),
        )
    )


def describe_in_model(world: World, viewer: str, post_id: str, *, is_original: bool = False) -> str:
    model, post = world.model, world.model.posts[post_id]
    has_original = not is_original and model.can_see_original(viewer, post)
    return json.dumps(
        (
            post_id,
            model.counts(post_id),
            (
                (viewer, post_id) in model.likes,
                (viewer, post_id) in model.bookmarks,
                model.has_reposted(viewer, post_id),
            ),
            sorted(user for user in post.mentioned if not model.is_blocked(viewer, user)),
            describe_in_model(world, viewer, post.original_id or "", is_original=True)
            if has_original
            else None,
        )
    )


async def read_posts(world: World, viewer: str) -> list[str]:
    async def read(post_id: str) -> Sequence[str]:
        return [describe(await world.setup.posts.get(viewer, post_id))]

    return await read_existing(world, read)


def posts_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        describe_in_model(world, viewer, post_id)
        for post_id in world.sample & model.posts.keys()
        if model.can_see(viewer, post_id) or model.can_see_hidden(viewer, post_id)
    ]


async def read_profiles(world: World, viewer: str) -> list[str]:
    async def read_profile(author: str) -> list[str]:
        page = world.setup.posts.page_by_author
        return [
            describe(post)
            for post in await collect(world, lambda before, limit: page(viewer, author, before, limit))
        ]

    sampled = world.sample.intersection(world.users)
    authors = [author for author in sampled if not world.model.is_blocked(viewer, author)]
    return [row for author in authors for row in await read_profile(author)]


def profiles_of_model(world: World, viewer: str) -> list[str]:
    return [
        describe_in_model(world, viewer, post_id)
        for post_id in world.model.visible(viewer)
        if world.model.posts[post_id].author in world.sample
    ]


async def read_history(world: World, viewer: str) -> list[str]:
    async def read(post_id: str) -> Sequence[str]:
        await world.setup.edits.page_history(viewer, post_id, None, 5)
        return [post_id]

    return await read_existing(world, read)


async def read_likes(world: World, viewer: str) -> list[str]:
    async def read(post_id: str) -> Sequence[str]:
        page = await world.setup.reactions.page_likes(viewer, post_id, None, 100)
        return [f"{post_id} ", *(f"{post_id} {user.id}" for user in page.items)]

    return await read_existing(world, read)


def likes_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        f"{post_id} {user}"
        for post_id in world.sample & model.visible(viewer)
        for user in ("", *(user for user, liked in model.likes if liked == model.target(post_id)))
        if not model.is_blocked(viewer, user)
    ]


async def read_counts(world: World, viewer: str) -> list[str]:
    """Return what a watcher of the sampled posts would get."""
    pairs = [(viewer, post_id) for post_id in world.model.posts if post_id in world.sample]
    return [
        f"{counts.post_id} {(counts.like_count, counts.comment_count, counts.repost_count)}"
        for counts in (await world.setup.post_counts.load(pairs)).values()
    ]


def counts_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [f"{post_id} {model.counts(post_id)}" for post_id in world.sample & model.visible(viewer)]


async def read_comments(world: World, viewer: str) -> list[str]:
    async def read(post_id: str) -> Sequence[str]:
        page = await world.setup.reactions.page_comments(viewer, post_id, None, 100)
        return [f"{post_id} {one.id} {one.like_count} {one.liked_by_me}" for one in page.items]

    return await read_existing(world, read)


def comments_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        f"{post_id} {comment_id} {sum(liked == comment_id for _, liked in model.comment_likes)}"
        f" {(viewer, comment_id) in model.comment_likes}"
        for post_id in world.sample & model.visible(viewer)
        for comment_id, comment in model.comments.items()
        if comment.post_id == model.target(post_id) and model.can_see_comment(viewer, comment_id, listed=True)
    ]


async def read_comment_likes(world: World, viewer: str) -> list[str]:
    """Return who likes each comment; a comment that cannot be read alone must not exist."""
    rows: list[str] = []
    for comment_id in world.sample & world.model.comments.keys():
        try:
            page = await world.setup.comment_likes.page(viewer, comment_id, None, 100)
        except ApiError as error:
            assert error.code == "comment.not_found", error  # noqa: PT017 - the outcome of the request
        else:
            rows += [f"{comment_id} ", *(f"{comment_id} {user.id}" for user in page.items)]
    return rows


def comment_likes_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        f"{comment_id} {user}"
        for comment_id in world.sample & model.comments.keys()
        if model.can_see_comment(viewer, comment_id, listed=False)
        for user in ("", *(user for user, liked in model.comment_likes if liked == comment_id))
        if not model.is_blocked(viewer, user)
    ]


# --- lists of posts


def tagged(world: World, viewer: str) -> set[str]:
    return {post_id for post_id in world.model.visible(viewer) if not world.model.posts[post_id].is_repost}


async def read_tag(world: World, viewer: str) -> list[str]:
    page = world.setup.posts.page_by_tag
    return [
        post.id for post in await collect(world, lambda before, limit: page(viewer, world.tag, before, limit))
    ]


async def read_feed(world: World, viewer: str) -> list[str]:
    """Return the feed with what each page leaves out because it shows the same post further up."""
    order, limit = list(world.model.posts), world.page_sizes.choice(PAGE_SIZES)
    rows, before = list[str](), None
    while True:
        page = await world.setup.feed.page(viewer, before, limit)
        ids = [post.id for post in page.items]
        shown = [world.model.target(post_id) for post_id in ids]
        assert len(set(shown)) == len(shown), "a post is twice on a page of the feed"
        newest = order.index(rows[-1]) if rows else len(order)
        oldest = order.index(page.next_key[1]) if page.next_key else 0
        expected = feed_of_model(world, viewer)
        repeated = {
            post_id
            for post_id in order[oldest:newest]
            if post_id in expected
            and any(
                world.model.target(post_id) == target and order.index(post_id) < order.index(post_above)
                for post_above, target in zip(ids, shown, strict=True)
            )
        }
        rows = sorted({*rows, *ids, *repeated}, key=order.index, reverse=True)
        if page.next_key is None:
            return rows
        before = page.next_key


def feed_of_model(world: World, viewer: str) -> set[str]:
    model = world.model
    authors = {other for one, other in model.follows if one == viewer}
    authors -= {other for one, other in model.post_mutes if one == viewer}
    followed = {
        post_id for post_id in model.visible(viewer) if model.posts[post_id].author in {viewer, *authors}
    }
    followed = {
        post_id
        for post_id in followed
        if not model.posts[post_id].is_repost
        or (viewer, model.posts[model.target(post_id)].author) not in model.post_mutes
    }
    return followed | (public_of_model(world, viewer) if viewer == world.users[0] else set())


async def read_public(world: World, viewer: str) -> list[str]:
    """Return those of the world's posts that are in the public timeline. It has those of other worlds too."""
    rows, before = list[str](), None
    while True:
        page = await world.setup.public_timeline.page(viewer, before, world.page_sizes.randint(10, 40))
        rows += [post.id for post in page.items if post.id in world.model.posts]
        if page.next_key is None or page.next_key[0] < world.started_us:
            return rows
        before = page.next_key


def public_of_model(world: World, viewer: str) -> set[str]:
    model = world.model
    return {
        post_id
        for post_id in tagged(world, viewer)
        if model.posts[post_id].visibility == "public"
        and (viewer, model.posts[post_id].author) not in model.post_mutes
    }


async def read_atom_feeds(world: World, _viewer: str) -> list[str]:
    return [
        json.dumps((post.id, len(post.mentions), post.repost_of and post.repost_of.id))
        for author in world.users
        for post in (await world.setup.posts.list_public(author, 100))[1]
    ]


def atom_of_model(world: World, _viewer: str) -> list[str]:
    model = world.model
    anonymous = ""
    return [
        json.dumps((post_id, 0, post.original_id if model.can_see_original(anonymous, post) else None))
        for post_id, post in model.posts.items()
        if not post.is_repost and model.can_see(anonymous, post_id)
    ]


async def read_bookmarks(world: World, viewer: str) -> list[str]:
    page = world.setup.bookmarks.page
    return [post.id for post in await collect(world, lambda before, limit: page(viewer, before, limit))]


def bookmarks_of_model(world: World, viewer: str) -> set[str]:
    return {post_id for user, post_id in world.model.bookmarks if user == viewer} & world.model.visible(
        viewer
    )


async def read_hints(world: World, viewer: str) -> list[str]:
    return world.hints.get(viewer, [])


def hints_of_model(world: World, viewer: str) -> set[str]:
    """Without posts by muted users, and posts about those that are by muted users or not visible."""
    model = world.model
    hinted = set()
    for post_id in model.visible(viewer).intersection(world.hinted):
        post = model.posts[post_id]
        about = [post]
        if post.original_id in model.posts and post.original_id not in model.hidden:
            about.append(model.posts[post.original_id])
        if all(
            (viewer, one.author) not in model.post_mutes
            and model.can_see_posts_of(viewer, one.author, one.visibility)
            for one in about
        ):
            hinted.add(post_id)
    return hinted


# --- notifications


async def read_mentions(world: World, viewer: str) -> list[str]:
    """Return the posts whose mentions the viewer was notified of, without posts that were hidden."""
    page = await world.setup.notifications.page(viewer, None, 100, unread_only=False)
    return [
        item.reference_id or ""
        for item in page.items
        if item.type.value == "MENTION" and item.reference_id not in world.ever_hidden
        if item.reference_id not in world.model.posts
        or viewer in world.model.posts[item.reference_id].mentioned
    ]


def mentions_of_model(world: World, viewer: str) -> set[str]:
    mentioned = {post_id for user, post_id in world.mentions if user == viewer}
    return (mentioned & world.model.visible(viewer)) - world.ever_hidden


async def read_notifications_of_others(world: World, viewer: str) -> list[str]:
    """Return notifications that the viewer must not see: of blocked users, or about posts not visible."""
    page = await world.setup.notifications.page(viewer, None, 100, unread_only=False)
    blocked = {user for user in world.users if world.model.is_blocked(viewer, user)}
    return [
        f"{item.type.value} {item.message}"
        for item in page.items
        if (item.sender and item.sender.id in blocked)
        or (
            item.type.value in {"LIKE", "COMMENT", "MENTION", "REPOST"}
            and item.reference_id not in world.model.visible(viewer)
        )
    ]


async def read_unlisted(world: World, viewer: str) -> list[str]:
    """Return how the unread count and the export differ from the list of notifications, if they do."""
    page = await world.setup.notifications.page(viewer, None, 100, unread_only=True)
    unread = await world.setup.notifications.count_unread(viewer)
    exported = await world.setup.read_export("notifications", viewer)
    listed = {item.id for item in page.items}
    differing = [f"unread count {unread}, listed {len(listed)}"] if unread != len(listed) else []
    return differing + [f"exported {row['message']}" for row in exported if row["id"] not in listed]


# --- users


async def read_people(world: World, viewer: str) -> list[str]:
    """Return the counts, relationship, followers and followed users of each user that exists."""
    rows: list[str] = []
    for user in world.sample.intersection(world.users):
        try:
            stats, relationship = await world.setup.relationships.get_profile(viewer, user)
        except ApiError as error:
            assert error.code == "user.not_found", error  # noqa: PT017 - the outcome of the request
            continue
        assert stats == await world.setup.social_service.get_stats(viewer, user)
        followers = await world.setup.social_service.followers(viewer, user, None, 100)
        following = await world.setup.social_service.following(viewer, user, None, 100)
        rows.append(
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
        )
    return rows


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
    blocked = await setup.social_service.blocked_users(viewer, None, 100)
    muted = await setup.mutes_service.page(viewer, None, 100)
    requests = await setup.follow_requests_service.page(viewer, None, 100)
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
    """Return suggested users whom the viewer follows, has asked to follow, mutes, or must not see."""
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


# --- the export


EXPORTED = {
    "posts": "id",
    "comments": "id",
    "likes": "post_id",
    "bookmarks": "post_id",
    "comment_likes": "comment_id",
}


async def read_export(world: World, viewer: str) -> list[str]:
    """Return what of the world is in the viewer's export."""
    return [
        f"{part} {row[column]}"
        for part, column in EXPORTED.items()
        for row in await world.setup.read_export(part, viewer)
    ]


def export_of_model(world: World, viewer: str) -> list[str]:
    """What the user wrote and did, independent of who sees it."""
    model = world.model
    own = {
        "posts": [post_id for post_id, post in model.posts.items() if post.author == viewer],
        "comments": [one for one, comment in model.comments.items() if comment.author == viewer],
        "likes": [post_id for user, post_id in model.likes if user == viewer],
        "bookmarks": [post_id for user, post_id in model.bookmarks if user == viewer],
        "comment_likes": [one for user, one in model.comment_likes if user == viewer],
    }
    return [f"{part} {one}" for part, ids in own.items() for one in ids]


READ_PATHS = {
    "posts": ReadPath(read_posts, posts_of_model),
    "profiles": ReadPath(read_profiles, profiles_of_model),
    "histories": ReadPath(read_history, lambda world, viewer: world.sample & world.model.visible(viewer)),
    "likes": ReadPath(read_likes, likes_of_model),
    "watched counts": ReadPath(read_counts, counts_of_model),
    "comments": ReadPath(read_comments, comments_of_model),
    "likes of comments": ReadPath(read_comment_likes, comment_likes_of_model),
    "the tag": ReadPath(read_tag, tagged),
    "the feed": ReadPath(read_feed, feed_of_model),
    "the public timeline": ReadPath(read_public, public_of_model),
    "Atom feeds": ReadPath(read_atom_feeds, atom_of_model, once=True),
    "bookmarks": ReadPath(read_bookmarks, bookmarks_of_model),
    "hints": ReadPath(read_hints, hints_of_model),
    "mentions": ReadPath(read_mentions, mentions_of_model),
    "notifications of others": ReadPath(read_notifications_of_others, lambda _world, _viewer: ()),
    "unlisted notifications": ReadPath(read_unlisted, lambda _world, _viewer: ()),
    "people": ReadPath(read_people, people_of_model),
    "own lists": ReadPath(read_own_lists, own_lists_of_model),
    "wrong suggestions": ReadPath(read_wrong_suggestions, lambda _world, _viewer: ()),
    "the export": ReadPath(read_export, export_of_model),
}
