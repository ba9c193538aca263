//! Where a node of the tests stores: in a SQLite file of its own, or in a Postgres database of its
//! own if `TEST_DATABASE` is `postgres`.

use std::num::NonZeroU32;
use std::path::Path;

use postgres_fixture::TestDatabase;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use store::{PostgresSettings, Secret, Store};

/// Whether nodes store in Postgres. Tests that look into the file of SQLite are none of those.
pub(crate) fn is_postgres() -> bool {
    std::env::var_os("TEST_DATABASE").is_some_and(|name| name == "postgres")
}

/// An empty store, and what it is in beside the folder.
pub(crate) async fn open(folder: &Path) -> (Store, Option<TestDatabase>) {
    if is_postgres() {
        let database = TestDatabase::create_as(migrate);
        let store = Store::connect(&settings(database.url())).await.unwrap();
        return (store, Some(database));
    }
    let store = Store::open(&folder.join("mihu.sqlite")).await;
    (store.unwrap(), None)
}

/// Has the database do this behind the node's back.
pub(crate) async fn execute(
    folder: &Path,
    database: Option<&TestDatabase>,
    statement: &'static str,
) {
    let done = match database {
        Some(database) => {
            let mut connection = PgConnection::connect(&database.url()).await.unwrap();
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .map(drop)
        }
        None => {
            let file = SqliteConnectOptions::new().filename(folder.join("mihu.sqlite"));
            let mut connection = file.connect().await.unwrap();
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .map(drop)
        }
    };
    done.unwrap();
}

fn settings(url: String) -> PostgresSettings {
    PostgresSettings {
        url: Secret::new(url),
        connections: NonZeroU32::new(4).unwrap(),
    }
}

/// Leaves the tables of an empty store.
fn migrate(url: &str) {
    let settings = settings(url.to_owned());
    // The caller is inside a runtime of its own, which can not be waited in.
    let migrating = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::connect(&settings).await.unwrap();
            store.close().await;
        });
    };
    std::thread::scope(|scope| scope.spawn(migrating).join().unwrap());
}
