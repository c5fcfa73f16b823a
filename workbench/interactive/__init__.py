"""Magic tools: objects and regions from few clicks, by pure functions on arrays."""
