"""The typed HTTP layer: routes, request decoding, response encoding, problem responses, rate limits."""
