//! Who of a pool comes next.

use std::cmp::Reverse;

use jiff::Timestamp;

/// How a pool is gone through. Higher priorities go first in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One after the other, who was added first goes first.
    Fifo,
    /// One after the other, who was added last goes first.
    Lifo,
    /// Several at once, who was added first goes first.
    Parallel,
}

/// A member of a pool who waits for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<Id> {
    /// Who it is.
    pub id: Id,
    /// Larger is sooner.
    pub priority: i64,
    /// When they joined the pool.
    pub added_at: Timestamp,
    /// When their call is due.
    pub due_at: Timestamp,
}

/// How many calls of a pool may still begin while `under_way` are.
pub const fn places(order: Order, most_parallel: u32, under_way: u32) -> u32 {
    let most = match order {
        Order::Fifo | Order::Lifo => 1,
        Order::Parallel => most_parallel,
    };
    most.saturating_sub(under_way)
}

/// The members whose calls begin now, in order, at most `places` of them.
pub fn next_of_pool<Id: Copy + Ord>(
    order: Order,
    places: u32,
    mut members: Vec<Member<Id>>,
    now: Timestamp,
) -> Vec<Id> {
    members.retain(|member| member.due_at <= now);
    match order {
        Order::Fifo | Order::Parallel => {
            members.sort_by_key(|member| (Reverse(member.priority), member.added_at, member.id));
        }
        Order::Lifo => {
            members.sort_by_key(|m| (Reverse(m.priority), Reverse(m.added_at), Reverse(m.id)));
        }
    }
    let places = usize::try_from(places).unwrap_or(usize::MAX);
    members.truncate(places);
    members.into_iter().map(|member| member.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const fn member(id: u8, priority: i64, added_at: Timestamp) -> Member<u8> {
        Member {
            id,
            priority,
            added_at,
            due_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn three() -> Vec<Member<u8>> {
        vec![
            member(1, 0, at(10)),
            member(2, 0, at(20)),
            member(3, 5, at(30)),
        ]
    }

    #[test]
    fn priority_goes_before_the_order_of_joining() {
        assert_eq!(next_of_pool(Order::Fifo, 3, three(), at(100)), [3, 1, 2]);
        assert_eq!(next_of_pool(Order::Lifo, 3, three(), at(100)), [3, 2, 1]);
    }

    #[test]
    fn who_is_not_due_is_left_out() {
        let mut members = three();
        if let Some(first) = members.first_mut() {
            first.due_at = at(200);
        }
        assert_eq!(next_of_pool(Order::Parallel, 3, members, at(100)), [3, 2]);
    }

    #[test]
    fn only_a_parallel_pool_has_more_than_one_place() {
        assert_eq!(places(Order::Fifo, 10, 0), 1);
        assert_eq!(places(Order::Lifo, 10, 1), 0);
        assert_eq!(places(Order::Parallel, 10, 4), 6);
        assert_eq!(places(Order::Parallel, 10, 12), 0);
    }
}
