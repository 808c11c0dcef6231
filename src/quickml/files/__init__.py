"""Files and folders that appear complete or not at all; locks; checksums."""
