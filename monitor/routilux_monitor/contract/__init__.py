"""Here is the contract of the monitor: every body and answer of its REST interface, every message of its
WebSocket. One definition each: it validates what comes in, encodes what goes out, and is what
`openapi.json` is made of.
"""
