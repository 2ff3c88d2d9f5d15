"""Embedded stores: starts PostgreSQL, Valkey and secantusd-rs from installed wheels. See `EmbeddedStores`."""

from storage.embedded.errors import StoresUnavailable
from storage.embedded.statistics import EmbeddedStatistics, StoreStatistics
from storage.embedded.stores import EmbeddedStores
from storage.embedded.urls import StoreUrls

__all__ = ["EmbeddedStatistics", "EmbeddedStores", "StoreStatistics", "StoreUrls", "StoresUnavailable"]
