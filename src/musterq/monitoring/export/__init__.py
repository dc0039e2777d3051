"""What other systems of monitoring read: instruments, their values, and a server for Prometheus."""
