"""The model card: its figures, tables and plots."""
