"""Local HTTP servers that behave as the vendors document: paging, throttling, expiry and faults. Made-up data only."""
