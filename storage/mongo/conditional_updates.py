"""Updates that take effect only where they are due, with the condition inside the update.

The filter stays a bare `_id`: the embedded store scans the whole collection as soon as another condition
stands beside it. Values are literals, so no text of a user is ever read as a field or an operator.
"""

from bson.datetime_ms import DatetimeMS

from storage.mongo.client import Document


def set_if_older(field: str, seq: int, fields: Document) -> list[Document]:
    """Set `fields` where `field` stands and is below `seq`; None removes one."""
    behind = {"$lt": [{"$ifNull": [f"${field}", seq]}, seq]}
    values = {name: "$$REMOVE" if value is None else {"$literal": value} for name, value in fields.items()}
    return [{"$set": {name: {"$cond": [behind, value, f"${name}"]} for name, value in values.items()}}]


def add_reader(user_id: str, read_at: DatetimeMS) -> list[Document]:
    """Add a reader to `delivery_status.read_by`, unless the user is in it."""
    readers = "$delivery_status.read_by"
    # Mapped, because a path through an empty array is nothing to the embedded store.
    known = {"$in": [user_id, {"$map": {"input": readers, "as": "reader", "in": "$$reader.user_id"}}]}
    reader = {"$literal": {"user_id": user_id, "read_at": read_at}}
    grown = {"$concatArrays": [readers, [reader]]}
    return [{"$set": {"delivery_status.read_by": {"$cond": [known, readers, grown]}}}]
