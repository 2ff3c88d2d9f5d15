"""Embedded stores: starts PostgreSQL, Valkey and a MongoDB server. See `EmbeddedStores`."""

from storage.embedded.binaries import StoresUnavailable
from storage.embedded.document_store import find_mongod
from storage.embedded.settings import EmbeddedStatistics, StoreStatistics, StoreUrls
from storage.embedded.stores import EmbeddedStores

__all__ = [
    "EmbeddedStatistics",
    "EmbeddedStores",
    "StoreStatistics",
    "StoreUrls",
    "StoresUnavailable",
    "find_mongod",
]
