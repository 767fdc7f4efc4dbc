"""Reads tables as a stream, whatever their format: CSV, JSONL, Parquet, Arrow; plain, packed or in a zip."""
