"""The monitor: a process of its own that shows what running flows do, by REST, WebSocket and a page."""
