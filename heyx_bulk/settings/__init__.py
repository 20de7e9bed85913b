"""Where HeyX is, how fast calls may go, and where this machine keeps what is remembered."""
