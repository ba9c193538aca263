//! The API over a database full of contacts.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use api::{ApiConfig, ApiState, Directory, LimitSettings};
use engine::{
    ActionError, CallAction, CallControl, CallId, LiveAudio, NodeLoad, PlaceCall, PlaceCallError,
    Subscriber, Subscription,
};
use jiff::Timestamp;
use postgres_fixture::TestDatabase;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use store::{EVERY_SCOPE, NewContactField, PostgresSettings, Secret, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Connections to Postgres, as many as a node has if nothing else is said.
const CONNECTIONS: u32 = 10;
/// A request that takes longer counts as failed.
const LONGEST: Duration = Duration::from_secs(10);

/// Where the contacts are.
pub(crate) enum Database {
    File(TempDir),
    Postgres {
        url: String,
        /// Dropped with the bench.
        _own: Option<TestDatabase>,
    },
}

impl Database {
    pub(crate) fn file() -> Self {
        Self::File(tempfile::tempdir().expect("there is room for a folder"))
    }

    pub(crate) fn postgres(url: Option<&str>) -> Self {
        match url {
            Some(url) => Self::Postgres {
                url: url.to_owned(),
                _own: None,
            },
            None => {
                let own = TestDatabase::create();
                Self::Postgres {
                    url: own.url(),
                    _own: Some(own),
                }
            }
        }
    }

    async fn open(&self) -> Store {
        match self {
            Self::File(folder) => Store::open(&folder.path().join("mihu.db"))
                .await
                .expect("a new file can be opened"),
            Self::Postgres { url, .. } => {
                let settings = PostgresSettings {
                    url: Secret::new(url.clone()),
                    connections: NonZeroU32::new(CONNECTIONS).expect("not zero"),
                };
                Store::connect(&settings).await.expect("the server answers")
            }
        }
    }

    /// Runs statements that differ between the databases: `{i}` as 12 digits of a UUID.
    async fn fill(&self, contacts: u32, tag: Uuid, field: Uuid) {
        match self {
            Self::File(folder) => {
                let url = format!("sqlite://{}", folder.path().join("mihu.db").display());
                let mut connection = SqliteConnection::connect(&url).await.expect("it is there");
                let numbers = format!(
                    "WITH RECURSIVE numbers(i) AS (
                         SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {contacts}
                     )"
                );
                for statement in statements(
                    &numbers,
                    "printf('%012d', i)",
                    "printf('%07d', i)",
                    tag,
                    field,
                ) {
                    sqlx::query(AssertSqlSafe(statement))
                        .execute(&mut connection)
                        .await
                        .expect("contacts can be stored");
                }
                connection.close().await.expect("it closes");
            }
            Self::Postgres { url, .. } => {
                let mut connection = PgConnection::connect(url).await.expect("it answers");
                let numbers = format!("WITH numbers(i) AS (SELECT generate_series(1, {contacts}))");
                let mut all = statements(
                    &numbers,
                    "lpad(i::text, 12, '0')",
                    "lpad(i::text, 7, '0')",
                    tag,
                    field,
                );
                // What a server that runs for a while does by itself, and that of the tests does not.
                all.push("VACUUM ANALYZE".to_owned());
                for statement in all {
                    sqlx::query(AssertSqlSafe(statement))
                        .execute(&mut connection)
                        .await
                        .expect("contacts can be stored");
                }
            }
        }
    }
}

/// Contacts a second apart; every tenth has the tag, every second one a value of the field, and
/// every fifth is inactive.
fn statements(numbers: &str, twelve: &str, seven: &str, tag: Uuid, field: Uuid) -> Vec<String> {
    let id = format!("'0198c5a2-0000-7000-8000-' || {twelve}");
    vec![
        format!(
            "{numbers} INSERT INTO contacts (id, workspace_id, number, name, surname, email,
                 status, created_at, updated_at)
             SELECT {id}, 'default', '+1415' || {seven}, 'Ann', 'Lee ' || i,
                 'ann' || i || '@example.com',
                 CASE WHEN i % 5 = 0 THEN 'Inactive' ELSE 'Active' END,
                 1700000000000000 + i * CAST(1000000 AS BIGINT), 1700000000000000 FROM numbers"
        ),
        format!(
            "{numbers} INSERT INTO contact_tags (contact_id, tag_id, workspace_id)
             SELECT {id}, '{tag}', 'default' FROM numbers WHERE i % 10 = 0"
        ),
        format!(
            "{numbers} INSERT INTO contact_values (contact_id, field_id, workspace_id, value)
             SELECT {id}, '{field}', 'default', '\"pro\"' FROM numbers WHERE i % 2 = 0"
        ),
    ]
}

/// The API with a database of its own.
pub(crate) struct Node {
    address: SocketAddr,
    token: String,
    tag: Uuid,
    contacts: u32,
    client: Client,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    store: Store,
    _database: Database,
    _recordings: TempDir,
}

impl Node {
    pub(crate) async fn start(database: Database, contacts: u32) -> Self {
        let store = database.open().await;
        let now = Timestamp::now();
        let key = store.create_api_key("bench", &[EVERY_SCOPE], None, now);
        let token = key.await.expect("a key can be made").token;
        let tag = store
            .create_tag("customer", 1, now)
            .await
            .expect("a tag can be made")
            .id;
        let field = NewContactField {
            key: "plan".to_owned(),
            name: "Plan".to_owned(),
            kind: "text",
            options: Vec::new(),
        };
        let field = store.create_contact_field(&field, 1, now);
        let field = field.await.expect("a field can be made").id;
        database.fill(contacts, tag, field).await;

        let directory = Directory::load(&store, Vec::new(), now)
            .await
            .expect("no agents");
        let recordings = tempfile::tempdir().expect("there is room for a folder");
        let url = "http://127.0.0.1".parse().expect("a URL");
        let mut config = ApiConfig::new(url, recordings.path().to_owned());
        config.limits = LimitSettings::NONE;
        let state = ApiState::new(store.clone(), Arc::new(Nobody), directory, config);
        let state = state.expect("the settings are right");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(api::serve(listener, state, shutdown.clone()));
        let client = Client::builder()
            .timeout(LONGEST)
            .build()
            .expect("a client");
        // It is bound before it is ready: what begins within its start is no figure of requests.
        let health = client.get(format!("http://{address}/healthz")).send().await;
        health.expect("the node answers");
        Self {
            address,
            token: token.expose().to_owned(),
            tag,
            contacts,
            client,
            shutdown,
            serving,
            store,
            _database: database,
            _recordings: recordings,
        }
    }

    pub(crate) const fn tag(&self) -> Uuid {
        self.tag
    }

    /// The path of one of the contacts, another for each index.
    pub(crate) fn contact(&self, index: u32) -> String {
        let number = index.wrapping_mul(7_919) % self.contacts + 1;
        format!("/contacts/0198c5a2-0000-7000-8000-{number:012}")
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::PATCH, path).json(body)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}/api/v1{path}", self.address);
        self.client.request(method, url).bearer_auth(&self.token)
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        drop(self.serving.await);
        self.store.close().await;
    }
}

/// No calls at all.
struct Nobody;

impl CallControl for Nobody {
    fn place(&self, _: PlaceCall) -> Result<(), PlaceCallError> {
        Err(PlaceCallError::Draining {
            retry_after: Duration::from_secs(1),
        })
    }

    fn subscribe(&self, _: CallId) -> Option<Subscription> {
        None
    }

    fn listen(&self, _: CallId) -> Option<Subscriber<LiveAudio>> {
        None
    }

    fn act(&self, _: CallId, _: CallAction) -> Result<(), ActionError> {
        Err(ActionError::NotLive)
    }

    fn load(&self) -> NodeLoad {
        NodeLoad {
            calls: 0,
            limit: 0,
            draining: false,
            broken: None,
        }
    }
}
