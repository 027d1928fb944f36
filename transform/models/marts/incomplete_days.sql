with recursive committed as (
  select stream, window_start, window_end, max(window_end) over (
    partition by stream order by window_start rows between unbounded preceding and 1 preceding
  ) as covered_until
  from {{ source('cxone', 'extraction_log') }}
  where skip_reason is null and window_start < window_end
), gaps as (
  select stream, covered_until as gap_start, window_start as gap_end
  from committed
  union all
  select stream, max(window_end), cast(current_date as timestamp)
  from committed
  group by stream
), days as (
  select stream, cast(date_trunc('day', gap_start) as timestamp) as gap_day, gap_end
  from gaps
  where gap_start < gap_end
  union all
  select stream, gap_day + interval '1 day', gap_end
  from days
  where gap_day + interval '1 day' < gap_end
)
select distinct stream, cast(gap_day as date) as incomplete_day
from days
order by stream, incomplete_day
