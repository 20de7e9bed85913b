"""HeyX over HTTP: the client, retries, the call log, one session for everybody."""
