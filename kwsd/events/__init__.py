"""Events: the messages and their schema, the publishers that send them, and the subscriber that reads them."""
