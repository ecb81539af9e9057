"""The product's own routes. They decode, call and encode; decisions are made elsewhere."""
