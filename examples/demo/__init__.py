"""A small town to try a server out with, made through public paths. It knows no server from inside."""
