{{ config(meta={'publish': 'whole'}) }}

select
    cluster_no,
    feature,
    as_of_date,
    case when not is_suppressed then cluster_customers end as cluster_customers,
    case when not is_suppressed then round(cluster_mean::numeric, 4) end::numeric(14, 4) as cluster_mean,
    round(overall_mean::numeric, 4)::numeric(14, 4) as overall_mean,
    case when not is_suppressed then round(standard_distance::numeric, 4) end::numeric(9, 4) as standard_distance,
    round(silhouette::numeric, 4)::numeric(5, 4) as silhouette,
    round(stability::numeric, 4)::numeric(5, 4) as stability,
    is_suppressed
from {{ source('journeys', 'stat_persona_cluster') }}
