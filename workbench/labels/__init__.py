"""Label events: commit, undo, history and the queue."""
