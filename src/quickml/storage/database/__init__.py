"""The database: tables, migrations, engines."""
