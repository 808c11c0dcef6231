"""Programs that start workers on machines of others, as many as the queue needs; `ray` is one of them."""
