"""The fixtures of the server tests: attacks run against the same servers."""

from tests.server.conftest import api, instance, people, shared_instance, start_instance

__all__ = ["api", "instance", "people", "shared_instance", "start_instance"]
