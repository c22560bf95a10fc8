"""Sockets and plain HTTP: ports, connections that are no WebSocket yet, pages."""
