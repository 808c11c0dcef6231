"""Files of the user: a folder or a zip archive, opened safely, sorted into classes, and packed to be sent."""
