"""Every typed route of the server, with mocked services: for tests that read the routes' declarations."""

import importlib
import inspect
import pkgutil
from typing import Any
from unittest.mock import Mock

import server.routes
from server.http.route import Route


def collect_routes() -> list[Route]:
    routes: list[Route] = []
    for module in pkgutil.iter_modules(server.routes.__path__, "server.routes."):
        for name, cls in vars(importlib.import_module(module.name)).items():
            if name.endswith("Routes") and inspect.isclass(cls) and cls.__module__ == module.name:
                build: Any = cls
                argument_count = len(inspect.signature(build).parameters)
                routes += build(*(Mock() for _ in range(argument_count))).routes()
    return routes
