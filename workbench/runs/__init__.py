"""Training runs: each a folder and a process of its own, so that the kernel stays free."""
