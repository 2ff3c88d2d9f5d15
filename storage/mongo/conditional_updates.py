"""Conditional updates, with the condition in the update pipeline instead of the filter.

The filter is `_id` alone, because the embedded store scans the collection if a filter has another condition.
Values are wrapped in `$literal`, so users' text is not interpreted as a field path or an operator.
"""

from bson.datetime_ms import DatetimeMS

from storage.mongo.client import Document


def set_if_older(field: str, seq: int, fields: Document) -> list[Document]:
    """Return the pipeline that sets `fields` if `field` exists and is below `seq`. None removes a field."""
    is_older = {"$lt": [{"$ifNull": [f"${field}", seq]}, seq]}
    values = {name: "$$REMOVE" if value is None else {"$literal": value} for name, value in fields.items()}
    return [{"$set": {name: {"$cond": [is_older, value, f"${name}"]} for name, value in values.items()}}]


def add_reader(user_id: str, read_at: DatetimeMS) -> list[Document]:
    """Return the pipeline that adds a user to `delivery_status.read_by`, unless present."""
    readers = "$delivery_status.read_by"
    # $map, because the embedded store resolves a path through an empty array to missing, not to an array.
    is_known = {"$in": [user_id, {"$map": {"input": readers, "as": "reader", "in": "$$reader.user_id"}}]}
    reader = {"$literal": {"user_id": user_id, "read_at": read_at}}
    extended = {"$concatArrays": [readers, [reader]]}
    return [{"$set": {"delivery_status.read_by": {"$cond": [is_known, readers, extended]}}}]
