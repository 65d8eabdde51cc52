"""`notreally keys`, `owners`, `share` and `audit`: who may do what on a server with a login, and what was done."""
