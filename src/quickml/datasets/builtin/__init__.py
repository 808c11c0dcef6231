"""The datasets that come with QuickML."""
