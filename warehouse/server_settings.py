"""postgresql.conf for a warehouse on one machine: written anew at each start, so that it fits the machine of today."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MB = 1024 * 1024
GB = 1024 * MB


def machine_memory() -> int:
    """Bytes of memory this process may use: the machine's, or the container's limit if that is smaller."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit_file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limit = int(Path(limit_file).read_text().strip())
        except (OSError, ValueError):
            continue
        total = min(total, limit)
    return max(total, 512 * MB)


def _megabytes(value: float, low: int, high: int) -> str:
    return f"{int(min(max(value, low), high) // MB)}MB"


def render(port: int, data: Path, *, throwaway: bool = False) -> str:
    """The configuration file's text.

    port: TCP port on 127.0.0.1. data: the data directory (its disk bounds the WAL).
    throwaway: for tests; a crash of the machine may lose everything, so nothing is flushed.
    """
    memory = machine_memory() / (4 if throwaway else 1)
    cpus = os.cpu_count() or 1
    disk = shutil.disk_usage(data).free
    try:
        shm = os.statvfs("/dev/shm")
        small_shm = shm.f_frsize * shm.f_blocks < GB
    except OSError:
        small_shm = True
    lines = f"""
# Written by Journeyline at each start; changes here are lost.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''            # TCP only: no path-length limits, and every tool connects the same way
max_connections = 100
password_encryption = 'scram-sha-256'

# Memory. Bulk work by few connections: generous work_mem, a quarter of memory never exceeded by the buffers.
shared_buffers = {_megabytes(memory * 0.2, 64 * MB, 4 * GB)}
effective_cache_size = {_megabytes(memory * 0.6, 256 * MB, 256 * GB)}
work_mem = {_megabytes(memory / 128, 8 * MB, 128 * MB)}
maintenance_work_mem = {_megabytes(memory / 16, 64 * MB, 1 * GB)}
temp_buffers = 32MB
# A container's small /dev/shm breaks parallel hash joins: keep shared segments in files then.
dynamic_shared_memory_type = {"mmap" if small_shm else "posix"}

# Writing. One night is a few big transactions.
# wal_level minimal: COPY into a table made in the same transaction needs no WAL. No replicas hang off this server.
wal_level = minimal
max_wal_senders = 0
max_wal_size = {_megabytes(disk / 10, 256 * MB, 4 * GB)}
min_wal_size = 256MB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
# Measured: updating half of a million rows takes 10.5 s with the only method in these binaries (pglz), 3.4 s without.
wal_compression = off
# Off by default: after a crash of the machine the last half second of commits may be missing, never torn, and every
# step can be repeated. Promote, publish, rollback and identity acceptance switch it on for their own transaction.
synchronous_commit = off

# A killed program's query ends with it, or the next run would wait for its locks.
client_connection_check_interval = 2s

# Planning
random_page_cost = 1.1
jit = off                               # compiling costs more than it saves on nightly increments
default_statistics_target = 100
max_worker_processes = {max(8, cpus + 4)}
max_parallel_workers = {cpus}
max_parallel_workers_per_gather = {min(4, cpus)}
max_parallel_maintenance_workers = {min(4, cpus)}
max_locks_per_transaction = 256         # one transaction publishes all marts

# Vacuum. Bulk changes: come early, work fast.
autovacuum_max_workers = 2
autovacuum_naptime = 30s
autovacuum_vacuum_scale_factor = 0.05
autovacuum_vacuum_insert_scale_factor = 0.1
autovacuum_analyze_scale_factor = 0.05
autovacuum_vacuum_cost_limit = 2000

# Time and text are the same on every machine.
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, ymd'

# The log never holds row values: no statements, no parameters, no DETAIL lines.
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""
    if throwaway:
        lines += "fsync = off\nfull_page_writes = off\nautovacuum_naptime = 5min\n"
    return lines.lstrip()
