"""A program of a host's: connects, writes inside a transaction, says so, and waits to be killed.

Usage: host.py FOLDER PACKAGE URL. It prints the process id of its engine once a row is written and not yet committed.
"""

from __future__ import annotations

import importlib
import sys
import time
from datetime import timedelta

folder, name, url = sys.argv[1:]
sys.path.insert(0, folder)
client = importlib.import_module(name).Prisma(datasource={"url": url})
client.connect()
with client.tx(timeout=timedelta(minutes=5)) as tx:
    tx.item.create(data={"id": "half"})
    tx.item.update(where={"id": "whole"}, data={"n": 1})
    print(client._engine.process.pid, flush=True)
    time.sleep(300)
