-- An API may show the last rows of yesterday only today.
select days.stream, days.incomplete_day
from {{ ref('incomplete_days') }} as days
where days.incomplete_day < current_date - 1
