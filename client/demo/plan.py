"""A whole town thought up from its seed, before anything of it is done. Never asks a server."""

from datetime import date

import msgspec

from client.demo.follows import Follow, Ties
from client.demo.gatherings import Calendar, Gathering
from client.demo.people import Person, invent_people
from client.demo.posts import Newspaper, PlannedPost
from client.demo.talks import Playwright, Talk
from client.demo.topic import read_library


class Plan(msgspec.Struct, frozen=True):
    people: tuple[Person, ...]
    follows: tuple[Follow, ...]
    gatherings: tuple[Gathering, ...]
    posts: tuple[PlannedPost, ...]
    talks: tuple[Talk, ...]


def plan_town(count: int, seed: int, today: date) -> Plan:
    """The same for the same seed and number of people; only the dates of gatherings follow `today`.

    Raises `ValueError` where a town can not have so many people.
    """
    library = read_library()
    people = invent_people(count, seed, library)
    ties = Ties(people, seed)
    gatherings = Calendar(people, ties, library, seed, today).gatherings()
    posts = Newspaper(people, ties, library, seed).posts(gatherings)
    playwright = Playwright(people, ties, library, seed)
    talks = (*playwright.groups(), *playwright.directs())
    return Plan(people, tuple(ties.follows), tuple(gatherings), tuple(posts), talks)
