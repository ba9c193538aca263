//! A real Postgres server for tests: [`TestDatabase::create`] gives a test an empty database of
//! its own and takes it away when the test is over.
//!
//! The server is the machine's own Postgres, in a throw-away cluster that listens on loopback
//! alone, behind a password. All tests of a user share it, whatever process they run in; the first
//! that needs it starts it (`server.rs`), and a watchdog ends it when no test has used it for a
//! minute (`watchdog.sh`). Only tests depend on this crate; it knows nothing of what they store.

mod server;

use uuid::Uuid;

use crate::server::Server;

/// An empty database, until it is dropped. Connections that are still open then are cut.
#[derive(Debug)]
pub struct TestDatabase {
    server: Server,
    name: String,
}

impl TestDatabase {
    /// Makes a database, starting the server if it does not run.
    ///
    /// # Panics
    ///
    /// When there is no Postgres on this machine or it does not start.
    pub fn create() -> Self {
        let server = Server::shared();
        let name = format!("test_{}", Uuid::new_v4().simple());
        server
            .execute(&format!("CREATE DATABASE {name}"))
            .expect("a running server makes a database");
        Self { server, name }
    }

    /// Where to connect, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A database that stays goes with the cluster.
        drop(
            self.server
                .execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)),
        );
    }
}
