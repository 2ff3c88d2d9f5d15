"""The typed HTTP layer: routes, refusals as problems, pages, budgets. Knows nothing of any one route."""
