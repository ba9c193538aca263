//! From a new server transaction to the call that it belongs to, or to a new one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rsipstack::sip::{Header, Method};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::admission::{self, Admission};
use super::message::{self, DialogKey};
use super::registry::DialogMessage;
use super::transaction;
use super::{Stack, spawn_until_stopped};
use crate::call::{IncomingCall, answer_invite};

/// Hands transactions on until the stack stops.
pub(crate) fn spawn(
    stack: &Arc<Stack>,
    mut transactions: TransactionReceiver,
    calls: mpsc::Sender<IncomingCall>,
) {
    let routed = Arc::clone(stack);
    spawn_until_stopped(stack, async move {
        while let Some(transaction) = transactions.recv().await {
            route(&routed, transaction, &calls);
        }
    });
}

fn route(stack: &Arc<Stack>, transaction: Transaction, calls: &mpsc::Sender<IncomingCall>) {
    let Some(key) = DialogKey::of_request(&transaction.original) else {
        if transaction.original.method == Method::Invite {
            answer_invite(stack, transaction, calls);
        } else {
            refuse(stack, transaction, 481, Vec::new());
        }
        return;
    };
    let Some(inbox) = stack.registry.find(&key) else {
        refuse(stack, transaction, 481, Vec::new());
        return;
    };
    // overflow: refused, counted
    match inbox.try_send(DialogMessage::Request(Box::new(transaction))) {
        Ok(()) => {}
        Err(TrySendError::Full(DialogMessage::Request(transaction))) => {
            let refused = &stack.counters.requests_refused;
            refused.fetch_add(1, Ordering::Relaxed);
            if let Admission::Answer { code, headers } =
                admission::unavailable(stack.config.retry_after)
            {
                refuse(stack, *transaction, code, headers);
            }
        }
        Err(TrySendError::Closed(DialogMessage::Request(transaction))) => {
            refuse(stack, *transaction, 481, Vec::new());
        }
        Err(
            TrySendError::Full(DialogMessage::Response(_))
            | TrySendError::Closed(DialogMessage::Response(_)),
        ) => {}
    }
}

fn refuse(stack: &Arc<Stack>, transaction: Transaction, code: u16, headers: Vec<Header>) {
    let mut response = message::respond(&transaction.original, code, &message::random_token(16));
    response.headers.extend(headers);
    // Nobody hears the reports of a transaction that belongs to no call.
    let (reporter, _) = mpsc::channel(1);
    transaction::serve(stack, transaction, reporter).respond(response);
}
