with recursive log as (
  select stream, skip_reason,
    to_timestamp(extract(epoch from window_start)) at time zone 'UTC' as window_start,
    to_timestamp(extract(epoch from window_end)) at time zone 'UTC' as window_end
  from {{ source('cxone', 'extraction_log') }}
), committed as (
  select stream, window_start, window_end from log where skip_reason is null
  union all
  select stream, min(window_start), min(window_start) from log group by stream
), covered as (
  select stream, window_start, window_end, max(window_end) over (
    partition by stream order by window_start, window_end
    rows between unbounded preceding and 1 preceding
  ) as covered_until
  from committed
), gaps as (
  select stream, covered_until as gap_start, window_start as gap_end from covered
  union all
  select stream, max(window_end), date_trunc('day', current_timestamp at time zone 'UTC')
  from covered group by stream
), days as (
  select stream, cast(date_trunc('day', gap_start) as timestamp) as gap_day, gap_end
  from gaps where gap_start < gap_end
  union all
  select stream, gap_day + interval '1 day', gap_end
  from days where gap_day + interval '1 day' < gap_end
)
select distinct stream, cast(gap_day as date) as incomplete_day
from days
order by stream, incomplete_day
