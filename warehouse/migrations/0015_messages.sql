-- What is made of customers' texts: scores, labels that people give, and what was decided on alerts.

create table intermediate.int_message_scores (
    touchpoint_id uuid primary key,
    source_record_key uuid not null,
    text_hash uuid not null,
    scorer_version text not null,
    language text,
    language_confidence numeric(4, 3),
    sentiment numeric(5, 4),
    sentiment_class text,
    unscored_reason text,
    intent text,
    topic text,
    topics text,
    is_question boolean not null,
    _changed_seq bigint not null
);
create index on intermediate.int_message_scores (source_record_key);
create index on intermediate.int_message_scores (_changed_seq);
comment on table intermediate.int_message_scores is
    'One row per scored text (touchpoint_id): the result of the scorer in force. Written by journeys.score_messages.';
comment on column intermediate.int_message_scores.text_hash is 'md5 of what was scored: title and text';
comment on column intermediate.int_message_scores.sentiment is 'VADER compound, -1 to 1; null: not scored, see unscored_reason';

create table intermediate.int_message_scores_history (
    touchpoint_id uuid not null,
    source_record_key uuid not null,
    text_hash uuid not null,
    scorer_version text not null,
    language text,
    sentiment numeric(5, 4),
    sentiment_class text,
    intent text,
    topic text,
    primary key (touchpoint_id, scorer_version)
);
create index on intermediate.int_message_scores_history (source_record_key);
comment on table intermediate.int_message_scores_history is
    'One row per text and earlier version of the scorer (touchpoint_id, scorer_version): what it said before it was scored anew.';

create table ops.scorer_versions (
    scorer_version text primary key,
    first_export_date date not null,
    texts bigint not null
);
comment on table ops.scorer_versions is 'One row per version of the text scorer that was ever in force.';

create table ops.message_labels (
    touchpoint_id uuid not null,
    coder text not null,
    sentiment_class text check (sentiment_class in ('positive', 'neutral', 'negative')),
    intent text,
    topic text,
    note text,
    labelled_at timestamptz not null default clock_timestamp(),
    primary key (touchpoint_id, coder)
);
comment on table ops.message_labels is
    'One row per message and person who read it (touchpoint_id, coder): what they say it says. From `python -m journeys coding-sheet import`.';

create table ops.alert_decisions (
    decision_id bigint generated always as identity primary key,
    alert_id uuid not null,
    action text not null check (action in ('acknowledged', 'decided', 'closed')),
    decided_by text not null,
    decision text,
    decided_at timestamptz not null
);
create index on ops.alert_decisions (alert_id);
comment on table ops.alert_decisions is
    'One row per thing that somebody did about an alert: who, what, when. From `python -m journeys alerts`.';
