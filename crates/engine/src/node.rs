//! The node's calls: admits them, runs each as a supervised task, drains them at shutdown.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use agent::AgentDefinition;
use audio::SampleRate;
use audio::codec::OpusSettings;
use futures_util::FutureExt;
use llm::LanguageModel;
use media::{Clock, Media, MediaConfig, StartMediaError};
use prometheus_client::registry::Registry;
use recordings::Key;
use sip::{IncomingCall, SipEndpoint};
use speech::{PoolMeter, Recogniser, Synthesiser, TurnJudge};
use tokio::sync::{broadcast, mpsc};
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;
use vad::LineDetector;

use crate::call::{Call, Control, Journal, Order, failed};
use crate::control::{
    ActionError, AgentDirectory, Answerer, CallAction, CallControl, LiveAudio, NodeLoad,
    NumberDirectory, PlaceCall, PlaceCallError, Subscription,
};
use crate::event::{CallEvent, CallEventKind, CallId, CallReport, Direction};
use crate::keeping::{Reasons, Shelf};
use crate::listening::Listening;
use crate::metrics::{Metrics, NodeCollector, Refusal, Snapshot};
use crate::patience::Patience;
use crate::recording::Recorder;
use crate::subscriber::Subscriber;
use crate::supervision::Vitals;
use crate::tools::ToolDirectory;

/// Events that may wait for the records; more stay with their calls.
const WAITING_EVENTS: usize = 1_024;

/// What the node is told at its start.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Calls that the node carries at once.
    pub max_calls: usize,
    /// Folder of the recordings; created if missing.
    pub recordings: PathBuf,
    /// What recordings are sealed with; `None` leaves them plain.
    pub seal: Option<Key>,
    /// Where calls are kept that may be recorded, for them to be run again; `None` keeps none.
    pub bundles: Option<Shelf>,
    /// When a refused caller should try again.
    pub retry_after: Duration,
    /// How long calls wait for the far end and for themselves.
    pub patience: Patience,
    /// How long an incoming call waits for what is known of the caller; then it is answered
    /// without.
    pub longest_lookup: Duration,
    /// Media threads and their sockets.
    pub media: MediaConfig,
    /// The highest rate that the audio of any codec has that calls may be carried in.
    pub widest: SampleRate,
    /// How Opus is encoded, where the other side has no wishes of its own.
    pub opus: OpusSettings,
}

/// Whoever recognises, thinks and speaks for the node's agents.
#[derive(Clone)]
pub struct Providers {
    /// Speech to text.
    pub recogniser: Arc<dyn Recogniser>,
    /// Whether a turn sounds complete.
    pub judge: Arc<dyn TurnJudge>,
    /// Text to speech.
    pub synthesiser: Arc<dyn Synthesiser>,
    /// Language models.
    pub models: Arc<dyn ModelDirectory>,
    /// Tools that agents have used.
    pub tools: Arc<dyn ToolDirectory>,
    /// What the queues that they work from count, each under a name, for the metrics.
    pub pools: Vec<(&'static str, PoolMeter)>,
}

/// Finds the language model of an agent.
pub trait ModelDirectory: Send + Sync {
    /// The model that answers for `agent`.
    fn model_for(&self, agent: &AgentDefinition) -> Arc<dyn LanguageModel>;
}

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartEngineError {
    /// The media threads could not start.
    #[error(transparent)]
    Media(#[from] StartMediaError),
    /// A thread or the recordings folder could not be created.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The calls of one node. Cheap to clone; all clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    node: Arc<Node>,
    answering: Arc<OnceLock<Answering>>,
}

/// The task that answers incoming calls; ends with the last engine handle.
struct Answering(tokio::task::JoinHandle<()>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) struct Node {
    pub(crate) config: EngineConfig,
    pub(crate) clock: Clock,
    pub(crate) sip: SipEndpoint,
    pub(crate) media: Media,
    pub(crate) listening: Listening,
    pub(crate) metrics: Metrics,
    pub(crate) recorder: Recorder,
    pub(crate) providers: Providers,
    vitals: Vitals,
    agents: Arc<dyn AgentDirectory>,
    /// `None` once the node has drained: the records then end with the last event.
    records: Mutex<Option<mpsc::Sender<CallEvent>>>,
    calls: Mutex<HashMap<CallId, LiveCall>>,
    taken: AtomicUsize,
    draining: AtomicBool,
    tasks: TaskTracker,
}

#[derive(Clone)]
struct LiveCall {
    journal: Arc<Journal>,
    control: Arc<Control>,
    live: Arc<OnceLock<broadcast::Sender<LiveAudio>>>,
}

/// One of the node's call slots, given back when dropped.
struct Slot(Arc<Node>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Engine {
    /// Starts the node's threads. No call comes in before [`answer`](Self::answer). The receiver
    /// brings every event of every call, in order within a call; it must be read.
    pub fn start(
        config: EngineConfig,
        sip: SipEndpoint,
        detector: LineDetector,
        providers: Providers,
        agents: Arc<dyn AgentDirectory>,
    ) -> Result<(Self, mpsc::Receiver<CallEvent>), StartEngineError> {
        let system = |what: &str, source| StartEngineError::System {
            what: what.into(),
            source,
        };
        std::fs::create_dir_all(&config.recordings).map_err(|source| {
            system(
                &format!("create the folder {}", config.recordings.display()),
                source,
            )
        })?;
        if let Some(shelf) = &config.bundles {
            shelf.open().map_err(|source| {
                system(
                    &format!("open the folder {}", shelf.folder.display()),
                    source,
                )
            })?;
        }
        let clock = Clock::new();
        let vitals = Vitals::new();
        let listening = Listening::start_vital(detector, clock, vitals.of("the listening thread"))
            .map_err(|source| system("start the listening thread", source))?;
        let recorder = Recorder::start(vitals.of("the recording thread"))
            .map_err(|source| system("start the recording thread", source))?;
        let media = Media::start(config.media.clone(), clock, listening.thread())?;
        let (records, events) = mpsc::channel(WAITING_EVENTS);
        let node = Arc::new(Node {
            config,
            clock,
            sip,
            media,
            listening,
            metrics: Metrics::new(),
            recorder,
            providers,
            vitals,
            agents,
            records: Mutex::new(Some(records)),
            calls: Mutex::new(HashMap::new()),
            taken: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            tasks: TaskTracker::new(),
        });
        let answering = Arc::default();
        Ok((Self { node, answering }, events))
    }

    /// Begins to answer `incoming` calls, which waited until now: those to `numbers` by the agents
    /// that have them, others by the agents that they name. To be called once, when what an earlier
    /// process left of its calls is settled.
    pub fn answer(
        &self,
        incoming: mpsc::Receiver<IncomingCall>,
        numbers: Arc<dyn NumberDirectory>,
    ) {
        self.answering.get_or_init(|| {
            let vital = self.node.vitals.of("the task that answers incoming calls");
            let answers = answer(Arc::downgrade(&self.node), incoming, numbers);
            Answering(tokio::spawn(async move {
                let _vital = vital;
                answers.await;
            }))
        });
    }

    /// Waits until something has broken that the node cannot be without, and names it. No call is
    /// admitted from then on: the node is to be drained and started again.
    pub async fn breakage(&self) -> &'static str {
        self.node.vitals.breakage().await
    }

    /// Registers everything that the engine counts, for Prometheus to ask.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.node.metrics.register(registry);
        self.node.listening.register(registry);
        let node = Arc::downgrade(&self.node);
        let pools = self.node.providers.pools.clone();
        let snapshot = move || {
            let node = node.upgrade()?;
            Some(Snapshot {
                load: node.load(),
                media: node.media.statistics(),
                listening: node.listening.statistics(),
                sip: node.sip.statistics(),
                unrecorded: node.recorder.refused(),
                missed_audio: node.metrics.missed_audio().count(),
                missed_events: node.metrics.missed_events().count(),
                pools: pools
                    .iter()
                    .map(|(name, meter)| (*name, meter.statistics()))
                    .collect(),
            })
        };
        registry.register_collector(Box::new(NodeCollector(snapshot)));
    }

    /// Takes no more calls, lets the live ones end within `timeout`, then says goodbye for them
    /// and hangs up. Returns when every call has ended; the receiver of events closes after the
    /// last of them.
    pub async fn drain(&self, timeout: Duration) {
        let node = &self.node;
        node.draining.store(true, Ordering::Release);
        node.tasks.close();
        node.end_calls(timeout).await;
        *node.records.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Node {
    fn admit(self: &Arc<Self>) -> Result<Slot, PlaceCallError> {
        if self.draining.load(Ordering::Acquire) || self.vitals.broken().is_some() {
            self.metrics.refused(Refusal::Draining);
            return Err(PlaceCallError::Draining {
                retry_after: self.config.retry_after,
            });
        }
        let limit = self.config.max_calls;
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
                (taken < limit).then_some(taken + 1)
            })
            .map_err(|_| {
                self.metrics.refused(Refusal::Full);
                PlaceCallError::Full {
                    limit,
                    retry_after: self.config.retry_after,
                }
            })?;
        Ok(Slot(Arc::clone(self)))
    }

    /// Registers a call and runs it as a task that always ends with a report.
    fn run<F, Fut>(self: &Arc<Self>, slot: Slot, live: LiveCall, started: CallEventKind, life: F)
    where
        F: FnOnce(Arc<Self>, LiveCall) -> Fut + Send + 'static,
        Fut: Future<Output = CallReport> + Send + 'static,
    {
        let id = live.journal.call();
        live.journal.write(started);
        self.lock_calls().insert(id, live.clone());
        let node = Arc::clone(self);
        let task = async move {
            let journal = Arc::clone(&live.journal);
            let records = node
                .records
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let forwarding = async move {
                if let Some(records) = records {
                    journal.forward(&records).await;
                }
            };
            let living = async {
                let life = AssertUnwindSafe(life(Arc::clone(&node), live.clone()));
                let report = life.catch_unwind().await.unwrap_or_else(|_| {
                    tracing::error!("the call's task panicked; the call is ended");
                    failed("the call broke inside the node".to_owned())
                });
                tracing::info!(
                    status = report.status.as_str(),
                    reason = report.reason,
                    "ended"
                );
                node.lock_calls().remove(&id);
                live.journal.write(CallEventKind::Ended(report));
            };
            tokio::join!(living, forwarding);
            // Kept until here, so that calls whose records wait are never more than the slots.
            drop(slot);
        };
        let span = tracing::info_span!("call", id = %id);
        self.tasks.spawn(task.instrument(span));
    }

    async fn end_calls(&self, timeout: Duration) {
        if tokio::time::timeout(timeout, self.tasks.wait())
            .await
            .is_ok()
        {
            return;
        }
        tracing::warn!(
            calls = self.taken.load(Ordering::Acquire),
            "hanging up at shutdown"
        );
        self.order_all(&Order::SayGoodbye {
            goodbye: None,
            reason: Reasons::SHUTDOWN,
        });
        let last_goodbye = self.config.patience.last_goodbye;
        if tokio::time::timeout(last_goodbye, self.tasks.wait())
            .await
            .is_ok()
        {
            return;
        }
        self.order_all(&Order::HangUp(Reasons::SHUTDOWN));
        if tokio::time::timeout(last_goodbye, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::error!("some calls did not end in time");
        }
    }

    fn load(&self) -> NodeLoad {
        NodeLoad {
            calls: self.taken.load(Ordering::Acquire),
            limit: self.config.max_calls,
            draining: self.draining.load(Ordering::Acquire),
            broken: self.vitals.broken(),
        }
    }

    /// Orders all calls to end; such an order is never refused.
    fn order_all(&self, order: &Order) {
        for call in self.lock_calls().values() {
            if let Err(error) = call.control.give(order.clone()) {
                tracing::error!(%error, "a call is not ended");
            }
        }
    }

    /// The agent `wanted`, if it is one of those that `agent` belongs to.
    pub(crate) fn colleague(&self, agent: Uuid, wanted: Uuid) -> Option<Arc<AgentDefinition>> {
        self.agents.colleague(agent, wanted)
    }

    fn lock_calls(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, LiveCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallControl for Engine {
    fn place(&self, call: PlaceCall) -> Result<(), PlaceCallError> {
        let node = &self.node;
        let is_carried = call
            .carrier
            .as_ref()
            .is_some_and(|it| !it.gateways.is_empty());
        if !is_carried && node.sip.route(&call.number).is_err() {
            node.metrics.refused(Refusal::NoTrunk);
            return Err(PlaceCallError::NoTrunk {
                number: call.number,
            });
        }
        let slot = node.admit()?;
        let live = LiveCall::new(call.call, &node.metrics);
        let prepared = live.call(node).prepare(&call);
        let (script, line) = prepared.map_err(|missing| {
            node.metrics.refused(missing.refusal);
            PlaceCallError::NoMedia {
                reason: missing.reason,
                retry_after: node.config.retry_after,
            }
        })?;
        let started = CallEventKind::Started {
            direction: Direction::Outbound,
            agent: call.agent.agent_uuid,
            conversation: call.conversation,
            number: call.number.clone(),
        };
        node.run(slot, live, started, |node, live| async move {
            live.call(&node).outbound(&call, script, line).await
        });
        Ok(())
    }

    fn subscribe(&self, call: CallId) -> Option<Subscription> {
        self.node
            .lock_calls()
            .get(&call)
            .map(|live| live.journal.subscribe())
    }

    fn listen(&self, call: CallId) -> Option<Subscriber<LiveAudio>> {
        let live = self.node.lock_calls().get(&call).cloned()?;
        let sound = live.live.get()?.subscribe();
        Some(Subscriber::new(sound, self.node.metrics.missed_audio()))
    }

    fn act(&self, call: CallId, action: CallAction) -> Result<(), ActionError> {
        let live = self.node.lock_calls().get(&call).cloned();
        let live = live.ok_or(ActionError::NotLive)?;
        live.control.give(match action {
            CallAction::Say { message, end_call } => Order::Say {
                message,
                ends_call: end_call.then_some(Reasons::API),
            },
            CallAction::HangUp { goodbye } => Order::SayGoodbye {
                goodbye,
                reason: Reasons::API,
            },
            CallAction::Forward { to, message } => Order::Forward { to, message },
            CallAction::Mute => Order::Mute(true),
            CallAction::Unmute => Order::Mute(false),
        })
    }

    fn load(&self) -> NodeLoad {
        self.node.load()
    }
}

impl LiveCall {
    fn new(id: CallId, metrics: &Metrics) -> Self {
        Self {
            journal: Arc::new(Journal::new(id, metrics.clone())),
            control: Arc::new(Control::new()),
            live: Arc::new(OnceLock::new()),
        }
    }

    fn call<'a>(&'a self, node: &'a Node) -> Call<'a> {
        Call {
            node,
            journal: &self.journal,
            control: &self.control,
            live: &self.live,
        }
    }
}

/// Answers incoming calls for as long as the node stands.
async fn answer(
    node: std::sync::Weak<Node>,
    mut incoming: mpsc::Receiver<IncomingCall>,
    numbers: Arc<dyn NumberDirectory>,
) {
    while let Some(call) = incoming.recv().await {
        let Some(node) = node.upgrade() else {
            return;
        };
        // As many at once as the SIP endpoint takes calls: whoever waits here is one of them.
        let numbers = Arc::clone(&numbers);
        let tasks = node.tasks.clone();
        tasks.spawn(async move { take(&node, call, numbers).await });
    }
}

/// Finds who answers a call and lets them, or refuses it.
async fn take(node: &Arc<Node>, call: IncomingCall, numbers: Arc<dyn NumberDirectory>) {
    let id = CallId::generate();
    let called: Vec<&str> = [Some(call.agent.as_str()), call.to.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    let answerer = tokio::select! {
        answerer = numbers.answerer(id, &called) => answerer,
        () = call.withdrawn() => return,
    };
    let agent = match answerer {
        Answerer::Agent(agent) => Some(agent),
        Answerer::Unknown => node.agents.find(&call.agent),
        Answerer::Nobody => None,
        Answerer::Busy => {
            tracing::info!("an incoming call finds its number busy");
            node.metrics.refused(Refusal::NumberBusy);
            call.reject(sip::StatusCode::BUSY_HERE);
            return;
        }
        Answerer::Failed => {
            node.metrics.refused(Refusal::NoDirectory);
            call.reject(sip::StatusCode::SERVICE_UNAVAILABLE);
            return;
        }
    };
    let Some(agent) = agent else {
        tracing::info!(
            agent = call.agent,
            "an incoming call asks for an unknown agent"
        );
        node.metrics.refused(Refusal::UnknownAgent);
        call.reject(sip::StatusCode::NOT_FOUND);
        return;
    };
    if agent.is_paused() {
        tracing::info!(
            agent = call.agent,
            "an incoming call asks for an agent that is paused"
        );
        node.metrics.refused(Refusal::PausedAgent);
        call.reject(sip::StatusCode::TEMPORARILY_UNAVAILABLE);
        return;
    }
    let slot = match node.admit() {
        Ok(slot) => slot,
        Err(error) => {
            tracing::warn!(%error, "an incoming call is refused");
            call.reject(sip::StatusCode::SERVICE_UNAVAILABLE);
            return;
        }
    };
    let started = CallEventKind::Started {
        direction: Direction::Inbound,
        agent: agent.agent_uuid,
        conversation: Uuid::now_v7(),
        number: call.from.clone(),
    };
    let live = LiveCall::new(id, &node.metrics);
    node.run(slot, live, started, |node, live| async move {
        live.call(&node).inbound(&agent, call, &*numbers).await
    });
}
