"""All routes of the house, wherever they stand, around parts that are never asked."""

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
        for name, kind in vars(importlib.import_module(module.name)).items():
            if name.endswith("Routes") and inspect.isclass(kind) and kind.__module__ == module.name:
                build: Any = kind
                parts = len(inspect.signature(build).parameters)
                routes += build(*(Mock() for _ in range(parts))).routes()
    return routes
