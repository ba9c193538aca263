-- Messages that are delivered or given up, by the time they were: they are kept for a while.
CREATE INDEX outbox_settled ON outbox (coalesce(delivered_at, given_up_at))
    WHERE delivered_at IS NOT NULL OR given_up_at IS NOT NULL;
