"""Everything an operator can set, and every bound the server keeps."""
