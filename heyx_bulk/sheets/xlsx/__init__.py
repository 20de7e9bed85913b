"""Excel workbooks (.xlsx, .xlsm), read as streams of XML."""
