"""Looking after the file: it is examined, counted again, mended, copied, put back, and made smaller."""
