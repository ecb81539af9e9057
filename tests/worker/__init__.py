"""Of `service.worker`."""
