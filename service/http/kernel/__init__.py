"""HTTP over ASGI, written for speed: routing, bodies, limits and errors. Knows no endpoint."""
