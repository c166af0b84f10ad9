"""The application's own: its engine, its sessions, its table."""

from __future__ import annotations

import os
from uuid import uuid4

from sqlalchemy import String, Text, make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg"))
sessions = async_sessionmaker(engine, expire_on_commit=False)


def new_id() -> str:
    """Return an id, for a project or an agent."""
    return str(uuid4())


class Base(DeclarativeBase):
    """The models of the application."""


class Project(Base):
    """What a team works on."""

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    owner: Mapped[str] = mapped_column(String(100))
    agent_id: Mapped[str] = mapped_column(String(36))
    summary: Mapped[str] = mapped_column(Text, default="")
