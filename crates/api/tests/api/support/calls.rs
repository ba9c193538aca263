//! Live calls that exist in memory only.

use std::collections::HashMap;
use std::sync::Mutex;

use engine::{
    ActionError, CallAction, CallControl, CallEvent, CallEventKind, CallId, LiveAudio, Missed,
    NodeLoad, PlaceCall, PlaceCallError, Subscriber, Subscription,
};
use jiff::Timestamp;
use tokio::sync::broadcast;

#[derive(Default)]
pub(crate) struct MemoryCalls {
    live: Mutex<HashMap<CallId, Live>>,
    pub(crate) placed: Mutex<Vec<PlaceCall>>,
    pub(crate) hung_up: Mutex<Vec<(CallId, Option<String>)>>,
    pub(crate) acted: Mutex<Vec<(CallId, CallAction)>>,
    pub(crate) action_refusal: Mutex<Option<ActionError>>,
    pub(crate) refusal: Mutex<Option<PlaceCallError>>,
    pub(crate) draining: Mutex<bool>,
    pub(crate) broken: Mutex<Option<&'static str>>,
    pub(crate) panics: Mutex<bool>,
}

struct Live {
    past: Vec<CallEvent>,
    events: broadcast::Sender<CallEvent>,
    audio: Option<broadcast::Sender<LiveAudio>>,
}

impl MemoryCalls {
    /// A live call that nobody placed.
    pub(crate) fn begin(&self, call: CallId) {
        let live = Live {
            past: Vec::new(),
            events: broadcast::channel(16).0,
            audio: None,
        };
        self.live.lock().unwrap().insert(call, live);
    }

    /// Something happens in a live call. Its end forgets it.
    pub(crate) fn happen(&self, call: CallId, kind: CallEventKind) -> CallEvent {
        let event = CallEvent {
            call,
            at: Timestamp::now(),
            kind,
        };
        let mut calls = self.live.lock().unwrap();
        if let Some(live) = calls.get_mut(&call) {
            live.past.push(event.clone());
            drop(live.events.send(event.clone()));
        }
        if matches!(event.kind, CallEventKind::Ended(_)) {
            calls.remove(&call);
        }
        event
    }

    /// The call is answered and can be heard from here on.
    pub(crate) fn sound(&self, call: CallId) -> broadcast::Sender<LiveAudio> {
        let (audio, _) = broadcast::channel(16);
        self.live.lock().unwrap().get_mut(&call).unwrap().audio = Some(audio.clone());
        audio
    }

    pub(crate) fn forget(&self, call: CallId) {
        self.live.lock().unwrap().remove(&call);
    }
}

impl CallControl for MemoryCalls {
    fn place(&self, call: PlaceCall) -> Result<(), PlaceCallError> {
        assert!(
            !*self.panics.lock().unwrap(),
            "the engine is broken: secret internals"
        );
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        self.begin(call.call);
        self.placed.lock().unwrap().push(call);
        Ok(())
    }

    fn subscribe(&self, call: CallId) -> Option<Subscription> {
        let calls = self.live.lock().unwrap();
        let live = calls.get(&call)?;
        Some(Subscription {
            past: live.past.clone(),
            live: Subscriber::new(live.events.subscribe(), Missed::default()),
        })
    }

    fn listen(&self, call: CallId) -> Option<Subscriber<LiveAudio>> {
        let calls = self.live.lock().unwrap();
        let sound = calls.get(&call)?.audio.as_ref()?.subscribe();
        Some(Subscriber::new(sound, Missed::default()))
    }

    fn act(&self, call: CallId, action: CallAction) -> Result<(), ActionError> {
        if !self.live.lock().unwrap().contains_key(&call) {
            return Err(ActionError::NotLive);
        }
        if let CallAction::HangUp { goodbye } = action {
            self.hung_up.lock().unwrap().push((call, goodbye));
            return Ok(());
        }
        if let Some(refusal) = *self.action_refusal.lock().unwrap() {
            return Err(refusal);
        }
        self.acted.lock().unwrap().push((call, action));
        Ok(())
    }

    fn load(&self) -> NodeLoad {
        assert!(
            !*self.panics.lock().unwrap(),
            "the engine is broken: secret internals"
        );
        NodeLoad {
            calls: self.live.lock().unwrap().len(),
            limit: 10,
            draining: *self.draining.lock().unwrap(),
            broken: *self.broken.lock().unwrap(),
        }
    }
}
