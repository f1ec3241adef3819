"""The sandbox processor: `client.py` is the portal's side, `server` the pretend processor itself."""
