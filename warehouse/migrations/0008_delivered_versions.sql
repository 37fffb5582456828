-- What a place said of a file when it was fetched (ETag, generation, time of change): a later look at the same date can
-- tell that nothing is new without reading the file again.

alter table ops.batch_files add column source_version text;
comment on column ops.batch_files.source_version is
    'What tells this content from an earlier one of the same path at the place it came from; null for older entries.';
