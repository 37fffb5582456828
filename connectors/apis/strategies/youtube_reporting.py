"""YouTube's Reporting API: the files that a reporting job has made since the last pull; the newest of each day counts.

Source: YouTube, "Reporting API - jobs.reports.list". options: `report_types`, in order of preference (the newer version
of a type first). A job must have been created once (jobs.create); without one there is nothing to pull.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from connectors.apis.client import Request
from connectors.apis.pages import Job
from connectors.apis.templates import at, moment, spell
from connectors.errors import ApiError

log = logging.getLogger(__name__)


def pull_reports(job: Job) -> None:
    """Download what is new. A file that is safely on disk is not downloaded again."""
    job_id = _job_id(job)
    if job_id is None:
        types = " or ".join(job.endpoint.options["report_types"])
        log.info("%s: there is no reporting job of type %s; create one to have its reports", job.where, types)
        return
    reports = list(_reports(job, job_id))
    for report in _newest(reports):
        target = job.staging.new_file(f"{str(report['startTime'])[:10]}_{report['id']}.csv")
        if target.name in job.state.files:
            continue
        where = f"{job.where}, report of {str(report['startTime'])[:10]}"
        # The address is YouTube's own; our identity goes to the described host only.
        request = job.client.next_request(job.endpoint, Request(), str(report["downloadUrl"]), where)
        job.state.files[target.name] = job.client.download(job.endpoint, request, target, where)
        job.state.pages += 1
        job.staging.save(job.state)
    times = [time for report in reports if (time := moment(report.get("createTime"))) is not None]
    if times:
        job.state.high = max(times).isoformat()
    job.state.records = len(reports)


def _job_id(job: Job) -> str | None:
    jobs = {found.get("reportTypeId"): found.get("id") for found in _listed(job, "/v1/jobs", "jobs", {})}
    return next((jobs[kind] for kind in job.endpoint.options["report_types"] if jobs.get(kind)), None)


def _reports(job: Job, job_id: str) -> Iterator[dict[str, Any]]:
    since = job.window.since
    params = {} if since is None else {"createdAfter": spell(since.astimezone(dt.UTC), "%Y-%m-%dT%H:%M:%S.%fZ")}
    yield from _listed(job, f"/v1/jobs/{job_id}/reports", "reports", params)


def _listed(job: Job, path: str, key: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All records of a list, page by page."""
    token, number = None, 0
    while True:
        number += 1
        given = {**params, "pageSize": 100, **({"pageToken": token} if token else {})}
        page = job.client.ask(job.endpoint, Request(url=path, params=given), f"{job.where}, {key}, page {number}").page
        yield from at(page, key) or []
        following = at(page, "nextPageToken")
        if not following:
            return
        if following == token:
            raise ApiError(f"{job.where}: the list of {key} names the same page as its next one.")
        token = following


def _newest(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One report per day: a backfill has a later createTime and replaces the earlier one. Oldest day first."""
    newest: dict[tuple[Any, Any], dict[str, Any]] = {}
    for report in sorted(reports, key=lambda found: (str(found.get("createTime")), str(found.get("id")))):
        newest[report.get("startTime"), report.get("endTime")] = report
    return [newest[key] for key in sorted(newest, key=str)]
