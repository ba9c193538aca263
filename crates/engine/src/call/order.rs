//! The node's line into a live call.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::control::ActionError;
use crate::routing::Destination;

/// Orders that may wait for a call, which takes them as soon as it has a moment.
const WAITING_ORDERS: usize = 16;

/// What a live call is ordered to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// End now, for this reason.
    HangUp(&'static str),
    /// Say goodbye, with these words or the agent's own, and end for this reason.
    SayGoodbye {
        goodbye: Option<String>,
        reason: &'static str,
    },
    /// Say this when neither side speaks, and then end for a reason, if there is one.
    Say {
        message: String,
        ends_call: Option<&'static str>,
    },
    /// Announce it and pass the call on.
    Forward {
        to: Destination,
        message: Option<String>,
    },
    /// Say nothing, or speak again.
    Mute(bool),
}

impl Order {
    const fn ends_call(&self) -> bool {
        matches!(self, Self::HangUp(_) | Self::SayGoodbye { .. })
    }
}

/// Orders on their way to a call. One to end it takes the place of all that wait.
#[derive(Debug, Default)]
pub(crate) struct Control {
    orders: Mutex<VecDeque<Order>>,
    given: Notify,
    is_answered: AtomicBool,
}

impl Control {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The call is answered: from here on it takes orders that need somebody to hear it.
    pub(super) fn answered(&self) {
        self.is_answered.store(true, Ordering::Release);
    }

    /// Gives an order, if the call can carry it out.
    pub(crate) fn give(&self, order: Order) -> Result<(), ActionError> {
        if !order.ends_call() && !self.is_answered.load(Ordering::Acquire) {
            return Err(ActionError::NotAnswered);
        }
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if order.ends_call() {
            orders.clear();
        } else if orders.len() >= WAITING_ORDERS {
            // overflow: refused
            return Err(ActionError::Busy);
        }
        orders.push_back(order);
        drop(orders);
        self.given.notify_one();
        Ok(())
    }

    /// Waits for an order that was not taken yet.
    pub(super) async fn order(&self) -> Order {
        loop {
            let next = {
                let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
                orders.pop_front()
            };
            if let Some(order) = next {
                return order;
            }
            self.given.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn nothing_waits(control: &Control) {
        let another = tokio::time::timeout(Duration::from_millis(20), control.order());
        assert!(another.await.is_err());
    }

    fn say(message: &str) -> Order {
        Order::Say {
            message: message.to_owned(),
            ends_call: None,
        }
    }

    #[tokio::test]
    async fn orders_are_taken_once_and_in_their_order() {
        let control = Control::new();
        control.answered();
        control.give(say("one")).unwrap();
        control.give(Order::Mute(true)).unwrap();
        assert_eq!(control.order().await, say("one"));
        assert_eq!(control.order().await, Order::Mute(true));
        nothing_waits(&control).await;
    }

    #[tokio::test]
    async fn an_order_to_end_the_call_takes_the_place_of_all_that_wait() {
        let control = Control::new();
        control.answered();
        control.give(say("one")).unwrap();
        control.give(Order::HangUp("first")).unwrap();
        control.give(Order::HangUp("second")).unwrap();
        assert_eq!(control.order().await, Order::HangUp("second"));
        nothing_waits(&control).await;
    }

    #[tokio::test]
    async fn before_the_answer_a_call_can_only_be_ended() {
        let control = Control::new();
        assert_eq!(control.give(say("one")), Err(ActionError::NotAnswered));
        let mute = control.give(Order::Mute(true));
        assert_eq!(mute, Err(ActionError::NotAnswered));
        control.give(Order::HangUp("over")).unwrap();
        assert_eq!(control.order().await, Order::HangUp("over"));
    }

    #[test]
    fn more_orders_than_can_wait_are_refused() {
        let control = Control::new();
        control.answered();
        for _ in 0..WAITING_ORDERS {
            control.give(say("again")).unwrap();
        }
        assert_eq!(control.give(say("again")), Err(ActionError::Busy));
        control.give(Order::HangUp("over")).unwrap();
    }
}
