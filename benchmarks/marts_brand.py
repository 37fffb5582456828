"""A brand of any size straight in `intermediate.*` and `identity.*`: what the layers of the marts read, set by set.

Shares of types, channels and platforms are those of the simulator's brand; activity is skewed (the busiest customers
have hundreds of touchpoints), orders come from three customers in ten, some are cancelled, tests or refunded. Seeded by
hashes of row numbers: the same customers and touchpoints give the same rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import psycopg

END = dt.date(2026, 3, 1)
DAYS = 730

# platform, object, type, channel, share in 10,000, campaign, content, priority
_KINDS = """
segment message page_view web_site 1750 - c 20
klaviyo event email_sent email 1200 k c 30
klaviyo event email_open email 950 k c 30
segment message product_view web_site 900 - c 20
segment message cart_add web_site 640 - c 20
mailchimp email_activity email_open email 500 - - 30
snowplow event page_view web_site 330 - c 20
ga4 event page_view web_site 310 - c 20
segment message checkout_start web_site 300 - c 20
segment message product_list_view web_site 250 - c 20
segment message opt_in web_site 200 - c 20
instagram comment social_comment instagram 250 - c 10
segment message ad_click_visit organic_search 320 - c 20
segment message ad_click_visit paid_social 240 k c 20
segment message ad_click_visit paid_search 180 k c 20
segment message ad_click_visit organic_social 120 k c 20
ga4 event product_view web_site 150 - c 20
instagram message direct_message_sent instagram 150 - - 12
instagram message direct_message_received instagram 120 - - 12
segment message site_search web_site 130 - c 20
instagram message story_interaction instagram 120 - - 12
facebook_pages reaction social_reaction facebook 130 - c 9
youtube comment social_comment youtube 100 - c 10
facebook_pages comment social_comment facebook 70 - c 10
segment message wishlist_add web_site 120 - c 20
hubspot email_event email_click email 110 k - 22
klaviyo event email_click email 90 k c 30
salesforce task sales_activity phone 60 - - 26
mailchimp member opt_in email 80 - - 25
segment message product_reviewed web_site 60 - c 20
yotpo review_request review_requested email 70 k c 25
"""

# Repeatable chance: the hash of a number and a salt as a fraction of one.
_FUNCTIONS = """
create function pg_temp.chance(n bigint, salt integer) returns double precision language sql immutable parallel safe as
$$ select (hashint8extended(n, salt) & 9007199254740991)::double precision / 9007199254740992 $$;
create function pg_temp.customer(c bigint) returns uuid language sql immutable parallel safe as
$$ select md5('customer ' || c)::uuid $$;
create function pg_temp.record(c bigint, k integer) returns uuid language sql immutable parallel safe as
$$ select md5('record ' || c || ' ' || k)::uuid $$;
create function pg_temp.moment(c bigint, share double precision) returns timestamptz language sql stable as
$$ select ('{end} 20:00+00'::timestamptz - make_interval(secs => 86400.0 * {days} * pow(pg_temp.chance(c, 1), 0.8)
    * (1 - share))) $$;
"""

_CUSTOMERS = """
insert into identity.runs (export_date, kind, status, records_total, customers_total, created_count)
values ('{end}', 'full', 'accepted', {customers}, {customers}, {customers});

create temporary table bench_records as
select c, k, pg_temp.record(c, k) as source_record_key, pg_temp.customer(c) as golden_customer_id
from generate_series(1, {customers}) as c cross join generate_series(0, 1) as k
where k = 0 or pg_temp.chance(c, 2) < 0.45;

insert into identity.golden_customers (golden_customer_id, created_run_id, created_date, record_count,
    founding_record_key)
select pg_temp.customer(c), (select max(run_id) from identity.runs), '{end}',
    1 + (pg_temp.chance(c, 2) < 0.45)::integer, pg_temp.record(c, 0) from generate_series(1, {customers}) as c;

insert into identity.golden_records (golden_customer_id, email, full_name, country_code, city, is_identified,
    email_consent, record_count, platform_count, first_seen_at, last_seen_at, run_id)
select pg_temp.customer(c), case when pg_temp.chance(c, 3) < 0.5 then 'p' || c || '@example.com' end, 'Person ' || c,
    (array['GB', 'DE', 'NL', 'US', 'FR'])[1 + floor(5 * pg_temp.chance(c, 4))], 'Town ' || c % 400,
    pg_temp.chance(c, 3) < 0.5, case when pg_temp.chance(c, 3) < 0.3 then 'subscribed' end, 1, 1, pg_temp.moment(c, 0),
    pg_temp.moment(c, 1), (select max(run_id) from identity.runs) from generate_series(1, {customers}) as c;

insert into identity.record_links (source_record_key, golden_customer_id, valid_from_run_id, decided_by)
select source_record_key, golden_customer_id, (select max(run_id) from identity.runs), 'single' from bench_records;

insert into intermediate.int_person_records (source_record_key, source_platform, record_kind, source_record_id, email,
    full_name, country_code, is_email_verified, is_phone_shared, first_seen_at, last_seen_at, is_internal, is_deleted,
    _changed_seq)
select source_record_key, case k when 0 then 'klaviyo' else 'segment' end, case k when 0 then 'subscriber' else 'cookie'
    end, c || '/' || k, case when k = 0 and pg_temp.chance(c, 3) < 0.5 then 'p' || c || '@example.com' end,
    case when k = 0 then 'Person ' || c end, 'GB', k = 0, false, pg_temp.moment(c, 0), pg_temp.moment(c, 1), false,
    false, 1 from bench_records;
"""

_ORDERS = """
create temporary table bench_orders as
select o, c, 'shopify:' || o as order_id, pg_temp.record(c, 0) as source_record_key,
    date_trunc('second', pg_temp.moment(c, pg_temp.chance(o, 11))) as ordered_at,
    pg_temp.chance(o, 12) < 0.03 as is_cancelled,
    pg_temp.chance(o, 13) < 0.005 as is_test, round((15 + 120 * pow(pg_temp.chance(o, 14), 2))::numeric, 2) as amount,
    (array['GBP', 'GBP', 'EUR', 'USD'])[1 + floor(4 * pg_temp.chance(o, 15))] as currency_code
from generate_series(1, ({customers} * 0.4)::bigint) as o cross join lateral (select
    least({customers}, 1 + floor({customers} * 0.3 * pow(pg_temp.chance(o, 10), 1.3))::bigint * 10 / 3) as c) as chosen;

insert into intermediate.int_orders (order_id, source_record_key, source_platform, source_order_id, alternate_order_id,
    ordered_at, paid_at, cancelled_at, sales_channel, financial_status, is_test, is_paid, unit_count, discount_amount,
    shipping_amount, tax_amount, total_amount, currency_code, is_deleted, _changed_seq)
select order_id, source_record_key, 'shopify', '#' || o, 'shopify:id:' || o, ordered_at, ordered_at,
    case when is_cancelled then ordered_at + interval '1 day' end,
    (array['site', 'site', 'site', 'instagram_shop', 'pos'])[1 + floor(5 *
    pg_temp.chance(o, 16))],
    'paid', is_test, true, 1 + o % 3, 0, 4.95, round(amount / 6, 2), amount, currency_code, false, 1 from bench_orders;

insert into intermediate.int_order_lines (order_id, line_no, source_record_key, source_platform, product_sku,
    product_name, quantity, unit_price_amount, discount_amount, line_amount, is_deleted, _changed_seq)
select order_id, l, source_record_key, 'shopify', 'SKU-' || (o * 7 + l * 13) % 300,
    'Product ' || (o * 7 + l * 13) % 300,
    1, round(amount / (1 + o % 3), 4), 0, round(amount / (1 + o % 3), 2), false, 1
from bench_orders cross join lateral generate_series(1, 1 + o % 3) as l;

insert into intermediate.int_refunds (refund_id, source_record_key, source_platform, order_id, refunded_at,
    compensation_type, is_correction, refund_amount, currency_code, is_deleted, _changed_seq)
select 'shopify:r' || o, source_record_key, 'shopify', order_id, ordered_at + interval '9 days',
    (array['refund', 'replacement', 'discount'])[1 + o % 3], false, round(amount / 2, 2), currency_code, false, 1
from bench_orders where pg_temp.chance(o, 17) < 0.05 and ordered_at < '{end}'::date - 9;

insert into intermediate.int_touchpoints (touchpoint_id, source_platform, source_object, source_event_id,
    source_record_key, touchpoint_type, occurred_at, channel, order_id, value_amount, currency_code, source_priority,
    is_bot, is_deleted, _changed_seq)
select md5('order touch ' || o || kind.name)::uuid, 'shopify', kind.object, o || kind.name, source_record_key,
    kind.name, ordered_at + kind.hours * interval '1 hour' * (0.5 + pg_temp.chance(o, 18)), kind.channel, order_id,
    case when kind.hours = 0 then amount end, case when kind.hours = 0 then currency_code end, kind.priority, false,
    false, 1 from bench_orders cross join (values ('order_placed', 'orders_export', 'web_shop', 0, 40),
    ('order_paid', 'orders_export', 'web_shop', 0, 41), ('shipment_update', 'fulfillment_event', 'carrier', 24, 42),
    ('shipment_out_for_delivery', 'fulfillment_event', 'carrier', 70, 44),
    ('shipment_delivered', 'fulfillment_event', 'carrier', 80, 45), ('web_purchase', 'message', 'web_site', 0, 46))
    as kind (name, object, channel, hours, priority)
where ordered_at + kind.hours * interval '1.5 hours' < '{end}'::date + 1;
"""

_TICKETS = """
create temporary table bench_tickets as
select t, c, 'zendesk:' || t as ticket_id, pg_temp.record(c, 0) as source_record_key,
    date_trunc('second', pg_temp.moment(c, pg_temp.chance(t, 21))) as opened_at,
    (array['support_email', 'support_chat', 'support_social', 'support_phone'])[1 + floor(4 * pg_temp.chance(t, 22))]
    as channel
from generate_series(1, ({customers} * 0.08)::bigint) as t cross join lateral (select
    1 + floor({customers} * pow(pg_temp.chance(t, 20), 1.5))::bigint as c) as chosen;

insert into intermediate.int_tickets (ticket_id, source_record_key, source_platform, source_ticket_id, origin_channel,
    is_social, first_message_channel, answer_channel, status, priority, intent, opened_at, first_reply_at, reply_count,
    customer_message_count, first_solved_at, solved_at, reopened_count, satisfaction_asked_at, satisfaction_score,
    satisfaction_rated_at, is_deleted, _changed_seq)
select ticket_id, source_record_key, 'zendesk', t::text, channel, channel = 'support_social', channel, channel,
    'closed', 'normal',
    (array['complaint', 'order_question', 'product_question', null])[1 + floor(4 * pg_temp.chance(t, 23))], opened_at,
    opened_at + make_interval(mins => 5 + (t % 900)::integer), 1 + t % 3, 1 + t % 4, solved_at, solved_at,
    (t % 11 = 0)::integer, solved_at, case when solved_at is not null then score end,
    case when score is not null then solved_at end, false, 1
from (
    select b.*, (array['good', 'bad', null])[1 + floor(3 * pg_temp.chance(t, 25))] as score,
        case when pg_temp.chance(t, 24) < 0.9 then opened_at + make_interval(hours => (17 + t % 90)::integer) end
        as solved_at
    from bench_tickets as b
) as t;

insert into intermediate.int_touchpoints (touchpoint_id, source_platform, source_object, source_event_id,
    source_record_key, touchpoint_type, occurred_at, channel, ticket_id, intent, source_priority, is_bot, is_deleted,
    _changed_seq)
select md5('ticket touch ' || t || kind.name)::uuid, 'zendesk', 'ticket', t || kind.name, source_record_key, kind.name,
    opened_at + kind.hours * interval '1 hour', channel, ticket_id, case when kind.hours = 0 then 'complaint' end,
    kind.priority, false, false, 1
from bench_tickets cross join (values ('ticket_opened', 0, 30), ('ticket_solved', 30, 31))
    as kind (name, hours, priority)
where opened_at + kind.hours * interval '1 hour' < '{end}'::date + 1;
"""

_SLOTS = """
create temporary table bench_kinds as select row_number() over () - 1 as slot, kind.* from (select * from bench_shares
    cross join lateral generate_series(1, share)) as kind;
create index on bench_kinds (slot);
analyze bench_kinds;
"""

_TOUCHPOINTS = """
insert into intermediate.int_touchpoints (touchpoint_id, source_platform, source_object, source_event_id,
    source_record_key, touchpoint_type, occurred_at, channel, campaign, content_id, intent, source_priority, is_bot,
    is_deleted, _changed_seq)
select md5('touch ' || i)::uuid, kind.platform, kind.object, i::text,
    pg_temp.record(c, (pg_temp.chance(c, 2) < 0.45 and kind.object = 'message')::integer), kind.type,
    date_trunc('second', pg_temp.moment(c, pg_temp.chance(i, 31))), kind.channel,
    case when kind.campaign then 'campaign_' || floor(60 * pg_temp.chance(i, 32))::integer end,
    case when kind.content then 'content_' || floor(900 * pow(pg_temp.chance(i, 33), 2))::integer end,
    case when kind.type in ('social_comment', 'direct_message_received', 'story_interaction', 'product_reviewed') then
        (array['question', 'product_question', 'praise', 'complaint', 'order_question', null, null])
        [1 + floor(7 * pg_temp.chance(i, 34))] end, kind.priority, pg_temp.chance(i, 35) < 0.004, false, 1
from generate_series({first}, {last}) as i
cross join lateral (select 1 + floor({customers} * pow(pg_temp.chance(i, 30), 1.5))::bigint as c) as chosen
join bench_kinds as kind on kind.slot = floor(pg_temp.chance(i, 36) * (select count(*) from bench_kinds))::bigint;
"""

# one crawler within thirty days, and one person who never rests: seven tenths as much in two years
_HEAVY = """
insert into intermediate.int_touchpoints (touchpoint_id, source_platform, source_object, source_event_id,
    source_record_key, touchpoint_type, occurred_at, channel, content_id, source_priority, is_bot, is_deleted,
    _changed_seq)
select md5('heavy ' || who.c || ' ' || i)::uuid, 'segment', 'message', 'heavy ' || who.c || ' ' || i,
    pg_temp.record(who.c, 0), (array['page_view', 'product_view', 'cart_add'])[1 + i % 3],
    date_trunc('second', '{end}'::date - who.days * pg_temp.chance(i, 71) * interval '1 day'), 'web_site',
    'content_' || i % 50, 20, false, false, 1
from (values ({customers}, {heavy}, 30), ({customers} - 1, {heavy} * 7 / 10, 729)) as who (c, touchpoints, days)
cross join lateral generate_series(1, who.touchpoints) as i;
"""

_MESSAGES = """
insert into intermediate.int_messages (touchpoint_id, source_platform, source_object, source_event_id,
    source_record_key, written_at, is_from_brand, message_text, thread_id, content_id, is_deleted, _changed_seq)
select touchpoint_id, source_platform, source_object, source_event_id, source_record_key, occurred_at, false,
    (array['Where is my order? It should have come days ago.', 'I love this lamp, it is beautiful!',
    'The vase arrived broken and nobody answers. Terrible.', 'How much is the blue one?', 'Do you ship to Spain?',
    'Great quality and quick delivery, thank you', 'Not what I expected, colours are different'])
    [1 + floor(7 * pg_temp.chance(hashtextextended(source_event_id, 1), 41))] || ' ' ||
    floor(5000 * pg_temp.chance(hashtextextended(source_event_id, 1), 42)),
    source_platform || ':' || coalesce(content_id, source_record_key::text), content_id, false, 1
from intermediate.int_touchpoints
where touchpoint_type in ('social_comment', 'direct_message_received', 'story_interaction', 'product_reviewed');
"""

_METRICS = """
insert into intermediate.int_channel_metrics (metric_key, source_platform, source_object, metric_level, account_id,
    content_id, metric_name, period, metric_date, metric_value, is_deleted, _changed_seq)
select md5('metric ' || platform || name || day || coalesce(content, ''))::uuid, platform, 'insight',
    case when content is null then 'account' else 'content' end, 'account', content, name, 'day', day::date,
    floor(1000 * pg_temp.chance(extract(epoch from day)::bigint, length(platform || name))), false, 1
from (values ('instagram'), ('facebook_pages'), ('youtube')) as p (platform)
cross join (values ('views'), ('reach'), ('follower_count')) as n (name)
cross join generate_series('{end}'::date - {days}, '{end}'::date, interval '1 day') as day
cross join (select null::text union all select 'content_' || g from generate_series(1, 20) as g) as c (content);
"""

# 1 % of the customers: what a night brings them
_NIGHT = """
with build as materialized (select nextval('ops.build_seq') as seq)
insert into intermediate.int_touchpoints (touchpoint_id, source_platform, source_object, source_event_id,
    source_record_key, touchpoint_type, occurred_at, channel, campaign, content_id, source_priority, is_bot, is_deleted,
    _changed_seq)
select md5('night {night} ' || c || ' ' || n)::uuid, kind.platform, kind.object, 'night {night} ' || c || ' ' || n,
    pg_temp.record(c, 0), kind.type, '{date} 08:00+00'::timestamptz + make_interval(mins => n::integer * 7),
    kind.channel,
    case when kind.campaign then 'campaign_1' end, case when kind.content then 'content_1' end, kind.priority, false,
    false, build.seq
from build cross join generate_series(1, {customers}) as c cross join generate_series(1, 2) as n
join bench_kinds as kind on kind.slot = floor(pg_temp.chance(c * 10 + n, 50 + {night})
    * (select count(*) from bench_kinds))::bigint
where pg_temp.chance(c, 60 + {night}) < {share};
"""


class BrandInTables:
    """One connection, which keeps the functions and the helper tables."""

    def __init__(self, connection: psycopg.Connection[Any], customers: int, touchpoints: int, heavy: int = 0) -> None:
        """heavy: touchpoints of one crawler, beside the others; seven tenths as many of one restless person."""
        self.connection, self.customers, self.touchpoints, self.heavy = connection, customers, touchpoints, heavy
        self._run(_FUNCTIONS)
        connection.execute(
            "create temporary table bench_shares (platform text, object text, type text, channel text, share integer,"
            " campaign boolean, content boolean, priority smallint)"
        )
        for line in _KINDS.split("\n"):
            if words := line.split():
                values = [*words[:4], int(words[4]), words[5] == "k", words[6] == "c", int(words[7])]
                connection.execute("insert into bench_shares values (%s, %s, %s, %s, %s, %s, %s, %s)", values)
        self._run(_SLOTS)

    def _run(self, text: str, **more: Any) -> None:
        values = {"customers": self.customers, "end": END, "days": DAYS, "first": 1, "last": 0} | more
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        self.connection.execute(text.encode())

    def fill(self) -> Iterator[str]:
        """Everything but the nights; yields the name of each part when it is done."""
        for name, text in (("customers", _CUSTOMERS), ("orders", _ORDERS), ("tickets", _TICKETS)):
            self._run(text)
            yield name
        row = self.connection.execute("select count(*) from intermediate.int_touchpoints").fetchone()
        self._run(_TOUCHPOINTS, last=max(0, self.touchpoints - (row[0] if row else 0)))
        if self.heavy:
            self._run(_HEAVY, heavy=self.heavy)
        yield "touchpoints"
        self._run(_MESSAGES)
        yield "messages"
        self._run(_METRICS)
        yield "metrics"
        self.connection.commit()
        self.connection.autocommit = True
        self.connection.execute("analyze")
        self.connection.autocommit = False
        yield "statistics"

    def nights_so_far(self) -> int:
        """Nights that were published after the brand was made."""
        row = self.connection.execute(
            "select coalesce(max(export_date), %s) - %s from ops.publish_log where status = 'live'", (END, END)
        ).fetchone()
        return int(row[0]) if row else 0

    def night(self, number: int, share: float) -> dt.date:
        """What the next night brings to a share of the customers; returns its date."""
        date = END + dt.timedelta(days=number)
        self._run(_NIGHT, night=number, date=date, share=share)
        self.connection.commit()
        self.connection.execute("analyze intermediate.int_touchpoints")
        self.connection.commit()
        return date
