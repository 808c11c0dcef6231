"""Large CSV files and Parquet files, read with pyarrow: the extra `quickml-coreml[arrow]`.

What is read means the same as in a small file: pyarrow finds the cells, as texts, and reads numbers
only where no other meaning is possible. What it cannot read in the same way is left to the other reader.
"""
