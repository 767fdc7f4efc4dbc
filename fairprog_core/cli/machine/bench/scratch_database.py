"""A place for a run table that is measured and thrown away, in the database that ``FAIRPROG_DB_URL`` names."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.runs.table.database import reason_and_advice
from fairprog_core.runs.table.engine import database_url, open_engine

VARIABLE = "FAIRPROG_DB_URL"


@contextmanager
def scratch_database() -> Iterator[str]:
    """Let this process, and those that it starts meanwhile, use a schema of their own in that database.

    Yields:
        The name of the database's kind: "PostgreSQL", or "SQLite" where the variable is not set or names a file; then
        nothing is made, as a run table belongs to a home.

    Raises:
        ArtifactError: the database cannot be reached, or this user may not make a schema there.
        ConfigError: the variable is not the address of a database, or its driver is not installed.
    """
    address = os.environ.get(VARIABLE)
    if not address or database_url(address).get_backend_name() == "sqlite":
        os.environ.pop(VARIABLE, None)
        try:
            yield "SQLite"
        finally:
            os.environ.update({VARIABLE: address} if address else {})
        return
    url, schema = database_url(address), f"fairprog_bench_{secrets.token_hex(4)}"
    options = f"{url.query.get('options', '')} -csearch_path={schema}".strip()
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        os.environ[VARIABLE] = url.update_query_dict({"options": options}).render_as_string(hide_password=False)
        try:
            yield "PostgreSQL"
        finally:
            os.environ[VARIABLE] = address
            with engine.begin() as connection:
                connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    except DatabaseError as error:
        raise machine_error(error) or ArtifactError(f"Nothing can be measured: {reason_and_advice(error)}.") from error
    finally:
        engine.dispose()
