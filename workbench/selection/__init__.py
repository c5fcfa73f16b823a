"""Query strategies: pure functions on arrays."""
