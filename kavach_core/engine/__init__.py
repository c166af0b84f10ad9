"""The engine: agents, decisions, delegation and the audit trail, on any storage, in both colours."""
