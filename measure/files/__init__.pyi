from .archives import (
    read_members as read_members,
)
from .compression import (
    unpacked_name as unpacked_name,
)
from .file_error import (
    FileError as FileError,
    cell_text as cell_text,
)
from .json_files import (
    load_json as load_json,
    parse_json as parse_json,
)
from .records import (
    JsonObject as JsonObject,
    as_record as as_record,
    load_record as load_record,
)
from .regular_files import (
    FILE_LIMIT as FILE_LIMIT,
    decode_text as decode_text,
    read_bytes as read_bytes,
    read_text as read_text,
)

__all__ = [
    "FILE_LIMIT",
    "FileError",
    "JsonObject",
    "as_record",
    "cell_text",
    "decode_text",
    "load_json",
    "load_record",
    "parse_json",
    "read_bytes",
    "read_members",
    "read_text",
    "unpacked_name",
]
