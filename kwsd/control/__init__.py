"""Control of a listening kwsd: requests, replies and their schema, the server, and the client."""
