"""The clauses, by what they are about; `kavach_core.testing.suite` combines them."""
