"""Large CSV files and Parquet files, read with pyarrow: the extra `quickml-coreml[arrow]`.

What is read means the same as in a small file: pyarrow only finds the cells, as texts. What it cannot read
like the reader of small files is left to that one.
"""
