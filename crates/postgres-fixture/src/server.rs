//! The shared server: found running, or started.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use uuid::Uuid;

/// Where distributions put the server's programs, those of each version in a folder of its own.
const VERSIONS: &str = "/usr/lib/postgresql";
const OTHER_PLACES: &[&str] = &["/usr/local/bin", "/usr/local/pgsql/bin", "/usr/bin"];
/// Who the server runs as when the tests run as root, which Postgres refuses to.
const UNPRIVILEGED: &str = "postgres";
const SUPERUSER: &str = "postgres";
/// A port that was free may be taken before the server binds it.
const START_TRIES: u32 = 3;
/// Nothing of it survives a crash, and nothing has to.
const OPTIONS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
                       -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off \
                       -c wal_level=minimal -c max_wal_senders=0 -c max_connections=300 \
                       -c shared_buffers=64MB";

/// How to reach the server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    programs: PathBuf,
    port: u16,
    password: String,
}

impl Server {
    /// The server that all tests of this user share.
    pub(crate) fn shared() -> Self {
        let programs = programs();
        let folder = private_folder().expect("a folder for the cluster");
        let _lock = lock("lock").expect("a lock, which ends with this process");
        // The watchdog counts from here on.
        File::create(folder.join("used")).expect("a file that says when it was used");
        let note = folder.join("server");
        if let Some(server) = Self::noted(&note, &programs)
            && server.execute("SELECT 1").is_ok()
        {
            return server;
        }
        Self::start(&folder, &note, programs)
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let Self { port, password, .. } = self;
        format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}")
    }

    /// Runs one statement in the database of the superuser.
    pub(crate) fn execute(&self, statement: &str) -> io::Result<()> {
        let mut psql = self.client(&self.programs.join("psql"));
        run(psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]))
    }

    fn noted(note: &Path, programs: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(note).ok()?;
        let (port, password) = text.trim().split_once(' ')?;
        Some(Self {
            programs: programs.to_owned(),
            port: port.parse().ok()?,
            password: password.to_owned(),
        })
    }

    fn start(folder: &Path, note: &Path, programs: PathBuf) -> Self {
        remove_clusters(folder).expect("what an earlier server left can be removed");
        let account = Account::for_server();
        let password = Uuid::new_v4().simple().to_string();
        let data = folder.join(format!("data-{}", Uuid::new_v4().simple()));
        make_cluster(&programs, &data, account, &password).expect("initdb makes a cluster");
        let mut tries = 1;
        let port = loop {
            match launch(&programs, &data, account) {
                Ok(port) => break port,
                Err(error) if tries == START_TRIES => panic!("Postgres does not start: {error}"),
                Err(_) => tries += 1,
            }
        };
        let server = Self {
            programs,
            port,
            password,
        };
        server.watch(folder, &data).expect("sh runs the watchdog");
        write_private(note, &format!("{port} {}", server.password)).expect("a note of the server");
        server
    }

    /// Starts what ends the server. It belongs to no test, so that it outlives the one that began.
    fn watch(&self, folder: &Path, data: &Path) -> io::Result<()> {
        self.client(Path::new("sh"))
            .args(["-c", include_str!("watchdog.sh"), "watchdog"])
            .args([folder, data, &self.programs.join("psql")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()
            .map(drop)
    }

    /// A program that finds the server, and opens it, by its environment.
    fn client(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", SUPERUSER)
            .env("PGDATABASE", SUPERUSER)
            .env("PGPASSWORD", &self.password);
        command
    }
}

/// The lock of this name among all processes of this user; it is held until the file is closed.
pub(crate) fn lock(name: &str) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    let file = options.open(private_folder()?.join(name))?;
    file.lock()?;
    Ok(file)
}

/// A user of the system.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Whom the server has to run as, when it is not this process's own user.
    fn for_server() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let accounts = std::fs::read_to_string("/etc/passwd").expect("a list of accounts");
        let found = accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(UNPRIVILEGED)).then_some(())?;
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            Some(Self { user, group })
        });
        Some(found.expect("the account `postgres`, which Postgres runs as when tests run as root"))
    }

    fn own(self, path: &Path) -> io::Result<()> {
        chown(path, Some(self.user), Some(self.group))
    }
}

/// The newest version's folder of programs.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_unstable();
    let newest_first = versions.into_iter().rev().map(|(_, path)| path);
    let mut places = newest_first.chain(OTHER_PLACES.iter().map(PathBuf::from));
    places
        .find(|place| {
            let is_there = |program| place.join(program).is_file();
            ["initdb", "pg_ctl", "postgres", "psql"]
                .into_iter()
                .all(is_there)
        })
        .expect("Postgres on this machine; `scripts/setup.sh test` installs it")
}

/// A folder of this user's own in which others find no more than what they know the name of.
fn private_folder() -> io::Result<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("mihu-test-postgres-{user}"));
    match DirBuilder::new().mode(0o711).create(&folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let found = folder.symlink_metadata()?;
    if !found.is_dir() || found.uid() != user {
        let told = format!("{} belongs to someone else", folder.display());
        return Err(io::Error::other(told));
    }
    Ok(folder)
}

fn remove_clusters(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("data-") {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A cluster whose text sorts as people sort it, unlike SQLite's, so that what relies on the order
/// of bytes shows.
fn make_cluster(
    programs: &Path,
    data: &Path,
    account: Option<Account>,
    password: &str,
) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(data)?;
    let secret = data.with_extension("password");
    write_private(&secret, password)?;
    if let Some(account) = account {
        account.own(data)?;
        account.own(&secret)?;
    }
    let mut initdb = Command::new(programs.join("initdb"));
    initdb
        .arg("-D")
        .arg(data)
        .args(["--username", SUPERUSER, "--auth=scram-sha-256"])
        .args(["--encoding=UTF8", "--locale=C.UTF-8"])
        .args(["--locale-provider=icu", "--icu-locale=en"])
        .args(["--no-sync", "--no-instructions"])
        .arg("--pwfile")
        .arg(&secret);
    let outcome = run(as_account(&mut initdb, account).current_dir(data));
    std::fs::remove_file(&secret)?;
    outcome
}

/// Starts the server, waits until it answers and gives its port.
fn launch(programs: &Path, data: &Path, account: Option<Account>) -> io::Result<u16> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let mut pg_ctl = Command::new(programs.join("pg_ctl"));
    pg_ctl
        .args(["start", "--silent", "--wait", "--timeout=60", "-D"])
        .arg(data)
        .arg("--log")
        .arg(data.join("log"))
        .arg("--options")
        .arg(format!("-p {port} {OPTIONS}"));
    // What the server inherits stays open: a test runner would wait for its end.
    as_account(&mut pg_ctl, account)
        .current_dir(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if pg_ctl.status()?.success() {
        return Ok(port);
    }
    let log = std::fs::read_to_string(data.join("log")).unwrap_or_default();
    Err(io::Error::other(log))
}

fn as_account(command: &mut Command, account: Option<Account>) -> &mut Command {
    match account {
        Some(Account { user, group }) => command.uid(user).gid(group),
        None => command,
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true).mode(0o600);
    io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}

/// Runs a program to its end; what it says becomes the error.
fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(said))
}
