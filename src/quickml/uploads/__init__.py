"""Files that users upload: their records, their names, open uploads, and all access to their rows."""
