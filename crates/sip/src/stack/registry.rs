//! The dialogs that live, and who handles each.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use rsipstack::sip::Response;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;

use super::message::DialogKey;

/// Something for a call from outside its own transactions.
pub(crate) enum DialogMessage {
    /// A request within the dialog.
    Request(Box<Transaction>),
    /// A 2xx to the INVITE that arrived after its transaction was over: a repetition, whose ACK
    /// was lost, or that of another branch of a fork.
    Response(Box<Response>),
}

/// Messages that may wait for one call. A peer that sends more without an answer is broken.
pub(crate) const INBOX: usize = 16;

/// Every live dialog, by what identifies it from our side.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    dialogs: HashMap<DialogKey, mpsc::Sender<DialogMessage>>,
    /// INVITEs being handled, by Call-ID, From tag and CSeq: one that arrives a second time on
    /// another way is merged (RFC 3261 §8.2.2.2).
    invites: HashSet<(String, String, u32)>,
}

impl Registry {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a dialog until the registration is dropped.
    pub(crate) fn register(
        self: &Arc<Self>,
        key: DialogKey,
    ) -> (Registration, mpsc::Receiver<DialogMessage>) {
        let (sender, receiver) = mpsc::channel(INBOX);
        self.lock().dialogs.insert(key.clone(), sender);
        (
            Registration {
                registry: Arc::clone(self),
                key,
            },
            receiver,
        )
    }

    /// Enters an INVITE until the result is dropped; `None` when it is already being handled.
    pub(crate) fn claim(
        self: &Arc<Self>,
        call_id: &str,
        from_tag: &str,
        sequence: u32,
    ) -> Option<Claim> {
        let invite = (call_id.to_owned(), from_tag.to_owned(), sequence);
        let new = self.lock().invites.insert(invite.clone());
        new.then(|| Claim {
            registry: Arc::clone(self),
            invite,
        })
    }

    /// The inbox of a dialog.
    pub(crate) fn find(&self, key: &DialogKey) -> Option<mpsc::Sender<DialogMessage>> {
        self.lock().dialogs.get(key).cloned()
    }

    /// Whether a dialog lives.
    pub(crate) fn contains(&self, key: &DialogKey) -> bool {
        self.lock().dialogs.contains_key(key)
    }

    /// Dialogs that live.
    pub(crate) fn len(&self) -> usize {
        self.lock().dialogs.len()
    }
}

/// Keeps a dialog in the registry.
#[derive(Debug)]
pub(crate) struct Registration {
    registry: Arc<Registry>,
    key: DialogKey,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.lock().dialogs.remove(&self.key);
    }
}

/// Keeps an INVITE in the registry.
#[derive(Debug)]
pub(crate) struct Claim {
    registry: Arc<Registry>,
    invite: (String, String, u32),
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.registry.lock().invites.remove(&self.invite);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_found_until_its_registration_is_dropped() {
        let registry = Arc::new(Registry::default());
        let key = DialogKey {
            call_id: "c".to_owned(),
            local_tag: "t".to_owned(),
        };
        let (registration, _inbox) = registry.register(key.clone());
        assert!(registry.contains(&key) && registry.find(&key).is_some());
        drop(registration);
        assert!(!registry.contains(&key));
        assert_eq!(registry.len(), 0);
    }

    #[test]
    fn an_invite_can_be_claimed_once_at_a_time() {
        let registry = Arc::new(Registry::default());
        let claim = registry.claim("c", "t", 1);
        assert!(claim.is_some());
        assert!(registry.claim("c", "t", 1).is_none());
        assert!(registry.claim("c", "t", 2).is_some());
        drop(claim);
        assert!(registry.claim("c", "t", 1).is_some());
    }
}
