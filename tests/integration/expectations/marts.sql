-- A published night in miniature: two affected customers, one order, one refund, one ticket, five touchpoints.
create table intermediate.int_records_affected (source_record_key uuid, golden_customer_id uuid, is_internal boolean);
insert into intermediate.int_records_affected values (uuid_of(11), uuid_of(1), false), (uuid_of(12), uuid_of(2), false), (uuid_of(13), uuid_of(3), true);
create table intermediate.int_touchpoints (touchpoint_id uuid, source_record_key uuid, is_deleted boolean);
insert into intermediate.int_touchpoints select uuid_of(100 + n), uuid_of(case when n < 4 then 11 else 12 end), n > 5 from generate_series(1, 6) n;
create table intermediate.int_orders (order_id text, source_record_key uuid, is_deleted boolean);
insert into intermediate.int_orders values ('o1', uuid_of(11), false);
create table intermediate.int_refunds (refund_id text, source_record_key uuid, is_deleted boolean);
insert into intermediate.int_refunds values ('r1', uuid_of(11), false);
create table intermediate.int_tickets (ticket_id text, source_record_key uuid, is_deleted boolean);
insert into intermediate.int_tickets values ('t1', uuid_of(12), false);

insert into marts_next.affected_customers values (uuid_of(1), 'touchpoint'), (uuid_of(2), 'ticket'), (uuid_of(9), 'identity');
create table marts_next.dim_customers (golden_customer_id uuid, lifecycle_stage text, order_reporting_amount numeric(18, 2));
insert into marts_next.dim_customers values (uuid_of(1), 'new_customer', 50.00), (uuid_of(2), 'prospect', 0);
create table marts_next.dim_stages (taxonomy_version text, stage_key text, stage_code text, is_in_force boolean);
insert into marts_next.dim_stages values ('v1', 'first_view', 'first_view', true), ('v1', 'order', 'order', true);
create table marts_next.dim_touchpoint_types (touchpoint_type text);
insert into marts_next.dim_touchpoint_types values ('page_view');
create table marts_next.dim_channels (channel text);
insert into marts_next.dim_channels values ('web');
create table marts_next.fct_touchpoints (touchpoint_id uuid, golden_customer_id uuid, occurred_at timestamptz, occurred_date date,
    rule_priority integer, stage_key text, episode_no integer);
insert into marts_next.fct_touchpoints select uuid_of(100 + n), uuid_of(case when n < 4 then 1 else 2 end), '2026-03-14 10:00+00',
    '2026-03-14', 10, case when n = 3 then 'order' when n < 5 then 'first_view' end, 1 from generate_series(1, 5) n;
create table marts_next.fct_stage_entries (golden_customer_id uuid, episode_no integer, seq_no integer, stage_key text,
    entered_at timestamptz, left_at timestamptz, entered_by_touchpoint_id uuid, move text);
insert into marts_next.fct_stage_entries values
    (uuid_of(1), 1, 1, 'first_view', '2026-03-14 10:00+00', '2026-03-14 11:00+00', uuid_of(101), 'start'),
    (uuid_of(1), 1, 2, 'order', '2026-03-14 11:00+00', null, uuid_of(103), 'forward'),
    (uuid_of(2), 1, 1, 'first_view', '2026-03-14 10:00+00', null, uuid_of(104), 'start');
create table marts_next.fct_journeys (golden_customer_id uuid, episode_no integer, outcome text);
insert into marts_next.fct_journeys values (uuid_of(1), 1, 'converted'), (uuid_of(2), 1, 'open');
create table marts_next.fct_orders (order_id text, golden_customer_id uuid, ordered_at timestamptz, is_counted boolean,
    total_amount numeric(18, 2), total_reporting_amount numeric(18, 2), refunded_amount numeric(18, 2), is_refunded_beyond_total boolean);
insert into marts_next.fct_orders values ('o1', uuid_of(1), '2026-03-14 11:00+00', true, 60, 50, 10, false);
create table marts_next.fct_refunds (refund_id text, order_id text, refund_amount numeric(18, 2), is_correction boolean);
insert into marts_next.fct_refunds values ('r1', 'o1', 10, false);
create table marts_next.fct_tickets (ticket_id text, hours_to_solve numeric(12, 2));
insert into marts_next.fct_tickets values ('t1', 4.5);
create table marts_next.stage_funnel (scope text, persona_code text, channel text, cohort text, step_no integer, customers bigint, closed_customers bigint, open_customers bigint,
    step_rate numeric, overall_rate numeric);
insert into marts_next.stage_funnel values
    ('s', '(all)', '(all)', '(all)', 1, 2, 1, 1, 1, 1), ('s', '(all)', '(all)', '(all)', 2, 1, 1, 0, 1, 1);
