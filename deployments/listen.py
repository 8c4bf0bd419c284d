"""Serve the published folder to browsers, with ranges, so that listeners can seek."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from blocks.settings import load_settings


def application(folder: Path) -> Starlette:
    """A web application that serves `folder`; players on other sites may read transcripts and chapters (CORS)."""
    app = Starlette(middleware=[Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "HEAD"])])
    app.mount("/", StaticFiles(directory=folder, html=True))
    return app


def serve(folder: Path, port: int) -> None:
    """Serve until interrupted, on this machine only."""
    folder.mkdir(parents=True, exist_ok=True)
    uvicorn.run(application(folder), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    serve(Path(load_settings().target_uri), int(sys.argv[1]))
