select
    conversations.bot_id,
    count(*) as conversations,
    round(avg(case when conversations.is_contained then 1.0 else 0.0 end), 4) as containment_rate
from {{ ref('stg_cxone__bot_conversations') }} as conversations
group by conversations.bot_id
