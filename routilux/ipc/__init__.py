"""Here is what lies between the processes: shared memory, sockets and the payload codec."""
