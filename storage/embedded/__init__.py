"""Real stores from installed wheels, started beside the server: PostgreSQL, Valkey and secantusd-rs.

The way in is `EmbeddedStores`. Nothing outside this folder starts or stops a store's process; it never
knows a table, a collection or a key.
"""

from storage.embedded.errors import StoresUnavailable
from storage.embedded.statistics import EmbeddedStatistics, StoreStatistics
from storage.embedded.stores import EmbeddedStores
from storage.embedded.urls import StoreUrls

__all__ = ["EmbeddedStatistics", "EmbeddedStores", "StoreStatistics", "StoreUrls", "StoresUnavailable"]
