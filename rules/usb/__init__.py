"""USB: controllers, ports, hubs and redirection."""
