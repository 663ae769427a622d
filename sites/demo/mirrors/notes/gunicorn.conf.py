"""How gunicorn runs the service; it reads this file by itself, from the folder it starts in."""

# One process is plenty here, and Radicale's locks are made for threads as much as for processes.
workers = 1
threads = 4

# A request that is being answered when a newer release takes over may take this long, in seconds.
graceful_timeout = 30

# It would lie in HOME, which the outgoing and the incoming release share.
control_socket_disable = True
