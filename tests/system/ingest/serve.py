"""A door process for the tests: `serve.py DATA PORT`, admin key "a" * 32, no limit of free disk."""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from ingest.assembly import open_door


def main(data: str, port: str) -> None:
    parts = open_door(Path(data), admin_key="a" * 32, min_free_bytes=0)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(lifespan=lifespan)
    app.include_router(parts.routes())
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
