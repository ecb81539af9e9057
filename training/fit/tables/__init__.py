"""Tables: CSV and Parquet files, and the candidates that learn from columns."""
