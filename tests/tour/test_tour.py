"""The documented tour against `kavach serve`, over sockets: the published SDK where it is installed, else ours."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")

from database_fixture import Database
from served import serve
from tour.walk import Tour

SDK = "kavachos" if find_spec("kavachos") else "kavach_core.client"
CLIENTS = ("KavachClient", "KavachSyncClient")


@pytest.mark.not_in_memory
async def test_the_documented_tour_in_both_colours(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path) as served:
        for client in CLIENTS:
            await Tour(SDK, client, served.url, served.token).walk()


@pytest.mark.not_in_memory
@pytest.mark.one_database
async def test_people_sign_up_in_and_out(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path) as served:
        for client in CLIENTS:
            await Tour(SDK, client, served.url, served.token).people()
