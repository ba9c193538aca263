//! `mihu serve`: joins the crates to a node, and ends it in order.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use api::{ApiState, CallTools, Directory, IntentTools, Numbers};
use engine::{Engine, Providers};
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use sip::SipEndpoint;
use speech::{
    Flite, FliteConfig, Moonshine, MoonshineConfig, PoolMeter, Recogniser, SoundJudge,
    SoundJudgeConfig, Synthesiser, TurnJudge,
};
use store::{OpenStoreError, Store};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vad::LineDetector;

use crate::Failure;
use crate::abilities;
use crate::config::Config;
use crate::detection;
use crate::models::{Judges, Models};
use crate::paths::Assets;
use crate::stop::Stop;

/// Tasks that a node has at most.
const CREW: usize = 11;

/// Where a node can be reached, written to its data folder once it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) sip: SocketAddr,
}

impl Addresses {
    pub(crate) fn file(data: &Path) -> PathBuf {
        data.join("node.json")
    }

    pub(crate) fn read(file: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(file).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn write(self, file: &Path) -> Result<(), Failure> {
        let unfinished = file.with_extension("json.new");
        std::fs::write(&unfinished, serde_json::to_string(&self)?)?;
        std::fs::rename(unfinished, file)?;
        Ok(())
    }
}

/// The node's database.
pub(crate) async fn store(config: &Config) -> Result<Store, OpenStoreError> {
    match config.postgres() {
        Some(postgres) => Store::connect(&postgres).await,
        None => Store::open(&config.data_dir.join("mihu.db")).await,
    }
}

/// Runs a node until it is told to stop; told again, it ends at once.
pub(crate) async fn run(config: &Config) -> Result<ExitCode, Failure> {
    outbound::install_crypto();
    std::fs::create_dir_all(&config.data_dir).map_err(|error| {
        format!(
            "cannot create the data folder {}: {error}",
            config.data_dir.display()
        )
    })?;
    let _lock = lock(&config.data_dir)?;
    let file = Addresses::file(&config.data_dir);
    // What an earlier node left there does not hold any more; usually nothing is there.
    drop(std::fs::remove_file(&file));

    let spans = config.otlp()?.map(spans::pipeline).transpose()?;
    let speech = Speech::load(config)?;
    let agents = agents(config)?;
    let node = node_id(&config.data_dir)?;
    let store = store(config).await?.on_node(node, config.calls.lease);
    let directory = Directory::load(&store, agents, Timestamp::now()).await?;
    let country = config.default_country();
    let numbers = Numbers::new(store.clone(), Arc::clone(&directory), country)?;
    let intents = IntentTools::new(store.clone(), config.intents())?;
    let tools = CallTools::new(intents, store.clone(), country)?;
    let listener = listen(config.http.listen).await?;
    let (sip, incoming) = SipEndpoint::bind(config.sip()?).await?;
    let addresses = Addresses {
        http: listener.local_addr()?,
        sip: sip.local_address(),
    };

    let providers = Providers {
        recogniser: speech.recogniser,
        judge: speech.judge,
        synthesiser: speech.synthesiser,
        models: Arc::new(Models::new(config.llm.clone())?),
        tools: Arc::new(tools),
        pools: speech.pools,
    };
    let keys = config.keys()?;
    let engine_config = config.engine(&keys);
    let recordings = engine_config.recordings.clone();
    let (engine, events) = Engine::start(
        engine_config,
        sip.clone(),
        speech.detector,
        providers,
        Arc::<Directory>::clone(&directory),
    )?;
    let judging = &config.evaluation;
    let judges = Judges::new(&config.llm, judging.max_tokens, judging.timeout)?;
    let api_config = config.api(addresses.http, recordings, keys)?;
    let mut metrics = Registry::with_prefix("mihu");
    engine.register_metrics(&mut metrics);
    if let Some((_, _, spans)) = &spans {
        spans.register(&mut metrics);
    }
    let state = ApiState::new(
        store.clone(),
        Arc::new(engine.clone()),
        directory,
        api_config,
    )?
    .with_evaluators(Arc::new(judges))
    .with_metrics(metrics);
    api::records::close_interrupted(&state).await?;

    let shutdown = CancellationToken::new();
    let (crew, mut ended) = Crew::new();
    let last_try = CancellationToken::new();
    let (events, exporting) = match spans {
        None => (events, None),
        Some((watch, exporter, _)) => {
            let (on, passed) = mpsc::channel(1);
            crew.spawn("watching calls for spans", watch.run(events, on));
            let last_spans = CancellationToken::new();
            let exporting = tokio::spawn(exporter.run(last_spans.clone()));
            (passed, Some((exporting, last_spans)))
        }
    };
    let records = api::records::run(state.clone(), events, last_try.clone());
    let mut recording = crew.spawn("writing down what happens in calls", records);
    let deliveries = api::webhooks::run(state.clone(), shutdown.clone());
    let delivering = crew.spawn("delivering webhooks", deliveries);
    let queue = api::dialling::run(state.clone(), shutdown.clone());
    let dialling = crew.spawn("taking up tasks", queue);
    let evaluations = api::evaluations::run(state.clone(), shutdown.clone());
    let evaluating = crew.spawn("evaluating calls", evaluations);
    let transcriptions = api::transcriptions::run(state.clone(), speech.offline, shutdown.clone());
    let transcribing = crew.spawn("writing down audio files", transcriptions);
    let last_request = CancellationToken::new();
    let upkeep = api::upkeep::run(state.clone(), last_request.clone());
    let keeping_up = crew.spawn("counting requests", upkeep);
    let holding = api::records::hold(state.clone(), last_request.clone());
    let holding = crew.spawn("holding on to calls", holding);
    let following = api::follow_agents(state.clone(), shutdown.clone());
    let following = crew.spawn("following agents of other nodes", following);
    let privacy = api::privacy::run(state.clone(), shutdown.clone());
    let forgetting = crew.spawn("forgetting what is too old", privacy);
    let requests = api::serve(listener, state, shutdown.clone());
    let serving = crew.spawn("serving HTTP", requests);
    engine.answer(incoming, Arc::new(numbers));
    let mut stop = Stop::listen()?;
    addresses.write(&file)?;
    tracing::info!(http = %addresses.http, sip = %addresses.sip, "ready");

    let broken = tokio::select! {
        () = stop.asked() => None,
        broken = engine.breakage() => Some(broken),
        Some(broken) = ended.recv() => Some(broken),
    };
    let ending = async {
        match broken {
            None => {
                tracing::info!("stopping: no new calls, live ones may end");
                engine.drain(config.calls.drain_timeout).await;
            }
            Some(part) => {
                tracing::error!(part, "stopping: a part of the node has broken");
                engine.drain(Duration::ZERO).await;
            }
        }
        // A task that broke has been named already.
        if tokio::time::timeout(config.calls.records_grace, &mut recording)
            .await
            .is_err()
        {
            last_try.cancel();
            drop(recording.await);
        }
        shutdown.cancel();
        drop(serving.await);
        last_request.cancel();
        drop(keeping_up.await);
        drop(holding.await);
        drop(delivering.await);
        drop(dialling.await);
        drop(evaluating.await);
        drop(transcribing.await);
        drop(forgetting.await);
        drop(following.await);
        if let Some((exporting, last_spans)) = exporting {
            last_spans.cancel();
            drop(exporting.await);
        }
        sip.shutdown(config.sip.close_grace).await;
        store.close().await;
        drop(std::fs::remove_file(&file));
    };
    if let Err(code) = stop.unless_asked_again(ending).await {
        return Ok(code);
    }
    if let Some(part) = broken {
        return Err(format!(
            "the node has broken: {part}; the log says why. Calls were ended, start it again"
        )
        .into());
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The tasks that a node cannot be without. Before it stops, none of them ends.
struct Crew(mpsc::Sender<&'static str>);

impl Crew {
    /// A crew, and the names of its tasks as they end, however they end.
    fn new() -> (Self, mpsc::Receiver<&'static str>) {
        let (ended, ends) = mpsc::channel(CREW);
        (Self(ended), ends)
    }

    fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let end = End(name, self.0.clone());
        tokio::spawn(async move {
            let _end = end;
            task.await;
        })
    }
}

/// Tells of a task's end when dropped.
struct End(&'static str, mpsc::Sender<&'static str>);

impl Drop for End {
    fn drop(&mut self) {
        // overflow: never, there is room for every task
        let _ = self.1.try_send(self.0);
    }
}

/// What this node is called among those on one database; its data folder keeps it.
fn node_id(data: &Path) -> Result<Uuid, Failure> {
    let path = data.join("node-id");
    match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| {
            format!(
                "{} holds no UUID: delete the file, and the node gives itself a new one",
                path.display()
            )
            .into()
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = Uuid::now_v7();
            let unfinished = path.with_extension("new");
            std::fs::write(&unfinished, id.to_string())?;
            std::fs::rename(unfinished, path)?;
            Ok(id)
        }
        Err(error) => Err(format!("cannot read {}: {error}", path.display()).into()),
    }
}

/// Takes the data folder for this node alone, until the file is closed: a second one would take
/// the first one's calls for those of a crash.
fn lock(data: &Path) -> Result<File, Failure> {
    let path = data.join("node.lock");
    let file = File::create(&path).map_err(|error| {
        format!(
            "cannot write in the data folder {}: {error}",
            data.display()
        )
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "another node uses the data folder {}: stop it, or set data_dir (MIHU_DATA_DIR)",
            data.display()
        )
        .into()),
        Err(TryLockError::Error(error)) => {
            Err(format!("cannot lock {}: {error}", path.display()).into())
        }
    }
}

/// What hears and speaks, loaded before anything listens: a missing file stops the node at once.
struct Speech {
    detector: LineDetector,
    recogniser: Arc<dyn Recogniser>,
    judge: Arc<dyn TurnJudge>,
    synthesiser: Arc<dyn Synthesiser>,
    /// What their queues count, by name.
    pools: Vec<(&'static str, PoolMeter)>,
    /// What audio files are written down with.
    offline: transcription::Models,
}

impl Speech {
    fn load(config: &Config) -> Result<Self, Failure> {
        let assets = Assets::find(&config.models);
        let runtime = onnx::Runtime::load(&assets.onnxruntime)?;
        let settings = &config.speech;
        let recogniser = Moonshine::start(
            &runtime,
            &MoonshineConfig {
                folder: assets.moonshine.clone(),
                workers: one_per_core(settings.recogniser_threads),
                queue: settings.recogniser_queue,
            },
        )?;
        let judge = SoundJudge::start(
            &runtime,
            &SoundJudgeConfig {
                model: assets.smart_turn,
                workers: one_per_core(settings.judge_threads),
                queue: settings.judge_queue,
            },
        )?;
        let synthesiser = Flite::start(&FliteConfig {
            workers: one_per_core(settings.voice_threads),
            queue: settings.voice_queue,
        })?;
        let pools = vec![
            ("recogniser", recogniser.meter()),
            ("judge", judge.meter()),
            ("voice", synthesiser.meter()),
        ];
        Ok(Self {
            detector: detection::load(&runtime, &assets.silero)?,
            offline: transcription::Models {
                runtime,
                silero: assets.silero,
                moonshine: assets.moonshine,
            },
            recogniser: Arc::new(recogniser),
            judge: Arc::new(judge),
            synthesiser: Arc::new(synthesiser),
            pools,
        })
    }
}

fn one_per_core(threads: usize) -> usize {
    if threads > 0 {
        return threads;
    }
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn agents(config: &Config) -> Result<Vec<AgentDefinition>, Failure> {
    if !config.agents_dir.is_dir() {
        tracing::warn!(folder = %config.agents_dir.display(), "there is no folder of agents");
        return Ok(Vec::new());
    }
    let abilities = abilities::of_node();
    let agents = agent::load_folder_if(&config.agents_dir, |agent| abilities.check(agent))?;
    for agent in agents.iter().filter(|agent| !agent.tools.is_empty()) {
        tracing::warn!(
            agent = agent.slug,
            "the agent's tools are for replays alone; calls use its intents"
        );
    }
    Ok(agents)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            format!(
                "the HTTP port {} of {} is in use: stop what listens there, or set http.listen \
                 (MIHU_HTTP_LISTEN)",
                address.port(),
                address.ip()
            )
        } else {
            format!("cannot listen for HTTP on {address}: {error}")
        }
    })?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_named() {
        let (crew, mut ended) = Crew::new();
        let task = crew.spawn("writing", async {
            assert!(std::hint::black_box(false), "a bug");
        });
        assert_eq!(ended.recv().await, Some("writing"));
        assert!(task.await.is_err());
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_named() {
        let (crew, mut ended) = Crew::new();
        let task = crew.spawn("serving", async {});
        assert_eq!(ended.recv().await, Some("serving"));
        assert!(task.await.is_ok());
    }
}
