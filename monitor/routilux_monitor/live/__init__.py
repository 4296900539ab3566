"""Here is what is told live, by WebSocket: events of jobs, and the numbers of a flow's graph."""
