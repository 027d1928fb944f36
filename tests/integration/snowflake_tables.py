"""Let target-snowflake make its tables for the SCHEMA messages on standard input.

Runs in the environment of the target, before an imitation of Snowflake. That one (fakesnow 0.12.1)
knows tables, but not the target's way of loading them: it takes no PUT to a quoted stage of the
user's and no REMOVE, so that rows get no further than this.

Prints as JSON, by stream: the type of each property, the columns of the table as they are stored,
and what the loading statement takes from a row and gives to the table.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import fakesnow
import snowflake.connector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from target_snowflake.target import TargetSnowflake

COLUMNS = (
    "select table_name, column_name from information_schema.columns "
    "where table_schema = '{}' order by ordinal_position"
)


def print_tables() -> None:
    """Print what comes of the messages."""
    given = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, fakesnow.patch(create_database_on_connect=True):
        config = {**given, "private_key_path": str(_key(Path(folder)))}
        target = TargetSnowflake(config=config)
        for line in sys.stdin:
            target._process_schema_message(json.loads(line))
        made = {name: _column_types(sink) for name, sink in target._sinks_active.items()}
        schema = config["default_target_schema"]
        with snowflake.connector.connect(database=config["database"], schema=schema) as connection:
            query = COLUMNS.format(schema.upper())
            for table, column in connection.cursor().execute(query).fetchall():
                made[table.lower()]["stored"].append(column)
    json.dump(made, sys.stdout)


def _key(folder: Path) -> Path:
    """Write a new private key: the target reads one before it connects."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = folder / "key.p8"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def _column_types(sink: Any) -> dict[str, Any]:
    connector, properties = sink.connector, sink.schema["properties"]
    statement, _ = connector._get_merge_from_stage_statement(
        full_table_name=sink.full_table_name,
        schema=sink.schema,
        sync_id="sync",
        file_format="format",
        key_properties=sink.key_properties,
    )
    taken = re.findall(r'\$1:(?:"([^"]+)"|(\w+))::', str(statement))
    (given,) = re.findall(r"insert \((.+)\) values", str(statement))
    return {
        "types": {
            name: connector.to_sql_type(one).compile(dialect=connector._engine.dialect)
            for name, one in properties.items()
        },
        "stored": [],
        "taken": ["".join(either) for either in taken],
        "given": [name.strip().strip('"').upper() for name in given.split(",")],
        "quoted": [name.strip('" ').lower() for name in given.split(",") if '"' in name],
    }


print_tables()
