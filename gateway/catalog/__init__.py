"""Reading the configuration into the catalog."""
