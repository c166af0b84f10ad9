"""Kavach's storage on prisma-client-py: any generated client, or a transaction of it, sync and asyncio."""

from kavach_prisma._adapter import create_prisma_adapter

__all__ = ["create_prisma_adapter"]
