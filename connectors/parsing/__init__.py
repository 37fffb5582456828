"""Export files → typed Arrow batches and rejected rows: columnar, streaming, in bounded memory."""
