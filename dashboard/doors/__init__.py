"""What stands before both servers: names, origins, headers, the login, and how serving begins and ends."""
