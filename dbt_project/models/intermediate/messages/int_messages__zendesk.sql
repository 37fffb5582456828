{{ config(materialized='ephemeral') }}

-- What requesters write in tickets (subject and description, comments, words beside a rating), and when agents wrote to them.
with changed as (
    select ticket_no
    from {{ ref('stg_zendesk__tickets') }}
    where {{ changed_since('zendesk', 'ticket', into='int_messages') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__satisfaction_ratings') }}
    where ticket_no is not null and {{ changed_since('zendesk', 'satisfaction_rating', into='int_messages') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__ticket_comments') }}
    where {{ changed_since('zendesk', 'ticket_comment', into='int_messages') }}
),

tickets as (
    select
        stored_tickets.source_ticket_id,
        stored_tickets.source_record_key,
        stored_tickets.opened_at,
        stored_tickets.is_deleted,
        staged.subject,
        staged.description
    from changed
    inner join {{ ref('int_tickets') }} as stored_tickets
        on changed.ticket_no = stored_tickets.source_ticket_id and stored_tickets.source_platform = 'zendesk'
    left join {{ ref('stg_zendesk__tickets') }} as staged on changed.ticket_no = staged.ticket_no
),

replies as (
    select
        comments.*,
        tickets.source_record_key,
        tickets.is_deleted as is_ticket_deleted,
        comments.author_record_key = tickets.source_record_key as is_by_requester,
        comments.author_record_key = tickets.source_record_key and comments.created_at <= tickets.opened_at + interval '1 minute' as is_opening
    from tickets
    inner join {{ ref('stg_zendesk__ticket_comments') }} as comments on tickets.source_ticket_id = comments.ticket_no
    where comments.author_id is not null and comments.created_at is not null
),

moments as (
    select
        'ticket'::text as source_object,
        source_ticket_id as source_event_id,
        source_record_key,
        'ticket_opened'::text as touchpoint_type,
        opened_at as written_at,
        false as is_from_brand,
        coalesce(description, subject) as message_text,
        case when description is not null then subject end as message_title,
        source_ticket_id as thread_id,
        is_deleted or coalesce(description, subject) is null as is_deleted
    from tickets
    union all
    select
        'satisfaction_rating',
        ratings.satisfaction_rating_id,
        coalesce(tickets.source_record_key, ratings.source_record_key),
        'satisfaction_rated',
        ratings.rated_at,
        false,
        ratings.comment_text,
        null,
        ratings.ticket_no,
        ratings.is_deleted or coalesce(tickets.is_deleted, false) or ratings.comment_text is null
        or coalesce(ratings.score not in ('good', 'bad'), true)
    from changed
    inner join {{ ref('stg_zendesk__satisfaction_ratings') }} as ratings on changed.ticket_no = ratings.ticket_no
    left join tickets on ratings.ticket_no = tickets.source_ticket_id
    union all
    select
        'ticket_comment',
        replies.ticket_comment_id,
        replies.source_record_key,
        kind.touchpoint_type,
        replies.created_at,
        not kind.is_received,
        case when kind.is_received then replies.comment_text end,
        null,
        replies.ticket_no,
        replies.is_deleted or replies.is_ticket_deleted or not replies.is_public or replies.is_opening
        or replies.is_by_requester <> kind.is_received or (kind.is_received and replies.comment_text is null)
    from replies
    cross join (values ('direct_message_received', true), ('direct_message_sent', false)) as kind (touchpoint_type, is_received)
)

select
    {{ touchpoint_key("'zendesk'", 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
    'zendesk'::text as source_platform,
    source_object,
    source_event_id,
    source_record_key,
    written_at,
    is_from_brand,
    message_text,
    message_title,
    {{ hashtags_of('message_text') }} as hashtags,
    thread_id,
    null::text as parent_event_id,
    null::text as content_id,
    null::bigint as author_followers,
    null::bigint as reach,
    null::smallint as star_rating,
    null::boolean as is_verified_buyer,
    null::text as product_reference,
    null::timestamptz as answered_at,
    is_deleted
from moments
where source_record_key is not null and written_at is not null
