//! A real Postgres server for tests: [`TestDatabase::create`] gives a test an empty database of
//! its own and takes it away when the test is over; [`TestDatabase::create_as`] one that is
//! prepared, which costs the preparation once for all tests of a binary.
//!
//! The server is the machine's own Postgres, in a throw-away cluster that listens on loopback
//! alone, behind a password. All tests of a user share it, whatever process they run in; the first
//! that needs it starts it (`server.rs`), and a watchdog ends it when no test has used it for a
//! minute (`watchdog.sh`). Only tests depend on this crate; it knows nothing of what they store.
//! Start reading at [`TestDatabase`].

mod server;

use std::time::UNIX_EPOCH;

use uuid::Uuid;

use crate::server::Server;

/// Six times as fast here as the usual way through the log of changes.
const COPYING: &str = "STRATEGY FILE_COPY";

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
        let made = Self::named();
        made.server
            .execute(&format!("CREATE DATABASE {} {COPYING}", made.name))
            .expect("a running server makes a database");
        made
    }

    /// Makes a database as `prepare` leaves the one whose address it is given. It is called in
    /// the first test of this binary that asks; the others get copies of what it left.
    ///
    /// # Panics
    ///
    /// As [`create`](Self::create), and when `prepare` leaves connections open.
    pub fn create_as(prepare: impl FnOnce(&str)) -> Self {
        let made = Self::named();
        let template = template_of_this_binary();
        let copy = format!(
            "CREATE DATABASE {} TEMPLATE {template} {COPYING}",
            made.name
        );
        if made.server.execute(&copy).is_ok() {
            return made;
        }
        let _lock = server::lock("template").expect("a lock, which ends with this process");
        if made.server.execute(&copy).is_ok() {
            return made;
        }
        let prepared = Self::create();
        prepare(&prepared.url());
        // Copied under its last name, a template is never seen half prepared.
        let keep = format!("ALTER DATABASE {} RENAME TO {template}", prepared.name);
        prepared
            .server
            .execute(&keep)
            .expect("nobody else is in the database");
        std::mem::forget(prepared);
        made.server
            .execute(&copy)
            .expect("a running server copies a database");
        made
    }

    /// The name of a database that is still to be made.
    fn named() -> Self {
        Self {
            server: Server::shared(),
            name: format!("test_{}", Uuid::new_v4().simple()),
        }
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

/// A name that another build of the same binary does not have: what it prepares may differ.
fn template_of_this_binary() -> String {
    let binary = std::env::current_exe().expect("a process has a binary");
    let built = binary
        .metadata()
        .and_then(|file| file.modified())
        .expect("a binary says when it was built")
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let path = Uuid::new_v5(&Uuid::NAMESPACE_OID, binary.as_os_str().as_encoded_bytes());
    format!("template_{}_{}", path.simple(), built.as_nanos())
}
