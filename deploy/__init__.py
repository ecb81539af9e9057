"""How the service is deployed: containers, compose, Kubernetes, KServe."""
