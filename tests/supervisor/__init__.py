"""Of `service.supervisor`: a real supervisor over small workers that speak its protocol."""
