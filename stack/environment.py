"""Airflow's whole configuration, as environment variables: no airflow.cfg to drift away from the code."""

from __future__ import annotations

import os

from stack.settings import HOST, USER, StackSecrets, StackSettings

# Workers wait for PostgreSQL as often as for a core.
PARALLELISM = max(4, min(8, os.cpu_count() or 4))


def airflow_environment(
    settings: StackSettings, secrets: StackSecrets, database_url: str, *, schedules: bool = False, watch: bool = True
) -> dict[str, str]:
    """Environment of every Airflow process of the local system.

    database_url: libpq address of Airflow's own database on the embedded server.
    schedules: let cron schedules start runs by themselves (off: runs start by hand, by API and by assets only).
    watch: read changed DAG files again while running (off during `make run`, where nobody edits them).
    """
    driver_url = "postgresql+psycopg://" + database_url.split("://", 1)[1]
    options = {
        ("core", "dags_folder"): settings.dags,
        ("core", "plugins_folder"): settings.airflow / "plugins",
        ("core", "executor"): "stack.executor.WarmLocalExecutor",
        ("core", "parallelism"): PARALLELISM,
        ("core", "load_examples"): False,
        ("core", "fernet_key"): secrets.fernet_key,
        ("core", "execution_api_server_url"): f"{secrets.url}/execution/",
        ("core", "simple_auth_manager_users"): f"{USER}:admin",
        ("core", "simple_auth_manager_passwords_file"): settings.passwords_file,
        # A fresh local system should work at once; `schedules` decides whether the clock starts runs.
        ("core", "dags_are_paused_at_creation"): False,
        ("database", "sql_alchemy_conn"): driver_url,
        ("database", "sql_alchemy_conn_async"): driver_url,
        ("database", "check_migrations"): False,  # done by `up` before anything starts
        ("api", "host"): HOST,
        ("api", "port"): secrets.api_port,
        ("api", "base_url"): secrets.url,
        ("api", "secret_key"): secrets.api_secret,
        ("api", "workers"): 1,
        ("api", "instance_name"): "Journeyline",
        ("api_auth", "jwt_secret"): secrets.jwt_secret,
        ("logging", "base_log_folder"): settings.logs / "airflow",
        ("logging", "worker_log_server_port"): secrets.log_port,
        ("logging", "dag_processor_child_process_log_directory"): settings.logs / "dag_processor",
        ("logging", "colored_console_log"): False,
        # The supervisor of a task may notice its end only at its next heartbeat, and blocks a worker until then.
        ("workers", "min_heartbeat_interval"): 1,
        # Small nights spend their time waiting for the next look: look often.
        ("scheduler", "scheduler_idle_sleep_time"): 0.2,
        ("scheduler", "catchup_by_default"): False,
        ("dag_processor", "refresh_interval"): 30 if watch else 3600,
        ("dag_processor", "min_file_process_interval"): 30 if watch else 3600,
        ("dag_processor", "bundle_refresh_check_interval"): 5 if watch else 60,
        ("usage_data_collection", "enabled"): False,
    }
    environment = {
        f"AIRFLOW__{section.upper()}__{key.upper()}": str(value) for (section, key), value in options.items()
    }
    python_path = os.pathsep.join([str(settings.repository), str(settings.repository / "stack" / "policy")])
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW__")},
        **environment,
        "AIRFLOW_HOME": str(settings.airflow),
        "PYTHONPATH": python_path,
        "PYTHONUNBUFFERED": "1",
        "JOURNEYLINE_HOME": str(settings.home),
        "JOURNEYLINE_SCHEDULES": "on" if schedules else "off",
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "NO_COLOR": "1",
    }
