select
    cast(date_trunc('week', suggestions.suggested_at) as date) as week,
    count(*) as suggestions,
    round(avg(case when suggestions.is_accepted then 1.0 else 0.0 end), 4) as acceptance_rate
from {{ ref('stg_cxone__copilot_suggestions') }} as suggestions
group by cast(date_trunc('week', suggestions.suggested_at) as date)
