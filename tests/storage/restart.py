"""What a restart of the server does to those who are connected."""

from __future__ import annotations

from database_fixture import Database


def end_connections(database: Database) -> None:
    """End all connections to the test's database, as a restart of the server does."""
    from servers.connections import connect_mysql, connect_postgres
    from servers.databases import MYSQL_THREADS

    if database.provider == "postgres":
        with connect_postgres(database.url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    else:
        with connect_mysql(database.url) as mysql, mysql.cursor() as cursor:
            cursor.execute(MYSQL_THREADS[database.name], (database.url.rpartition("/")[2],))
            for (thread,) in cursor.fetchall():
                cursor.execute(f"KILL {thread}")
