"""Call the host's hooks: always outside of Kavach's own transactions, so that no host code runs under their locks."""

from __future__ import annotations

import logging

from kavach_core.engine.hooks import AsyncHooks, HookedCall, logged
from kavach_core.engine.reading import check
from kavach_core.engine.values import Agent, AuthorizeResult
from kavach_core.policy.decisions import Verdict
from kavach_schema.tables.agents import AUDIT_LOGS

logger = logging.getLogger("kavach")


class AsyncLifecycle:
    """The hooks of a Kavach, any of which may be absent."""

    def __init__(self, hooks: AsyncHooks) -> None:
        """Take the hooks that were read."""
        self._hooks = hooks
        self.asks = "before_authorize" in self._hooks
        self.follows = "after_authorize" in self._hooks or "violation" in self._hooks

    async def refusal(self, call: HookedCall) -> Verdict | None:
        """Ask `before_authorize`, and return its denial or None; where it fails, that is a denial too."""
        hook = self._hooks.get("before_authorize")
        if hook is None:
            return None
        try:
            reason = await hook(call)
            if reason is None:
                return None
            check(AUDIT_LOGS, reason=reason)
        except Exception as error:
            # Its message may quote what the agent passed, which may be secret.
            logger.warning("hooks: before_authorize failed with %s; the call is denied", type(error).__name__)
            return Verdict("hook_denied")
        return Verdict("hook_denied", said=reason)

    async def decided(self, call: HookedCall, result: AuthorizeResult) -> None:
        """Tell of a decision that was made."""
        violation, after = self._hooks.get("violation"), self._hooks.get("after_authorize")
        if violation is not None and not result.allowed:
            with logged("violation"):
                await violation(call, result)
        if after is not None:
            with logged("after_authorize"):
                await after(call, result)

    async def created(self, agent: Agent) -> None:
        """Tell of a new agent, without its token."""
        hook = self._hooks.get("agent_created")
        if hook is not None:
            with logged("agent_created"):
                await hook(agent.model_copy(update={"token": ""}))

    async def revoked(self, agent: Agent) -> None:
        """Tell of an agent that was revoked, whatever revoked it."""
        hook = self._hooks.get("agent_revoked")
        if hook is not None:
            with logged("agent_revoked"):
                await hook(agent)
