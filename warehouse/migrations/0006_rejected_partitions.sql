-- Which part of an object a rejected row belongs to (the contract's `partition`, as text), where it could be read:
-- promote then leaves the stored rows of that part alone, since the new version of one of them was refused.
alter table ops.rejected_rows add column if not exists partition_values text[];
comment on column ops.rejected_rows.partition_values is 'Partition of the row, in the order of the contract; null = unknown, or the object has none';
