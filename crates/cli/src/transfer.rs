//! `mihu export` and `mihu import`: a workspace goes to another node, with all that it has.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::Config;
use crate::workspaces::Choice;
use crate::{Failure, eprint, print, serve};

/// The rows.
const ROWS: &str = "workspace.jsonl";
/// The files of the calls' recordings.
const RECORDINGS: &str = "recordings";

/// What goes where.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Export {
    /// The folder to be made for it. It holds secrets: keep it to yourself.
    folder: PathBuf,
    #[command(flatten)]
    workspace: Choice,
    /// Leaves the recordings out.
    #[arg(long)]
    without_recordings: bool,
}

/// What comes from where.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Import {
    /// The folder that `mihu export` made.
    folder: PathBuf,
    #[command(flatten)]
    workspace: Choice,
}

/// Writes the folder, whole or not at all.
pub(crate) async fn export(config: &Config, arguments: &Export) -> Result<(), Failure> {
    let folder = &arguments.folder;
    if folder.exists() {
        return Err(format!("{} is there already: name a new folder", folder.display()).into());
    }
    let store = serve::store(config).await?;
    let chosen = arguments.workspace.of(&store).await?;
    let parent = folder.parent().filter(|it| !it.as_os_str().is_empty());
    // Only its owner may enter it.
    let unfinished = tempfile::Builder::new()
        .prefix(".mihu-export-")
        .tempdir_in(parent.unwrap_or_else(|| Path::new(".")))?;
    let mut rows = BufWriter::new(File::create_new(unfinished.path().join(ROWS))?);
    let exported = chosen
        .export(Timestamp::now(), |line| writeln!(rows, "{line}"))
        .await?;
    rows.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    let files = unfinished.path().join(RECORDINGS);
    fs::create_dir(&files)?;
    let wanted = exported.recordings.iter();
    let mut copied = 0;
    for recording in wanted.filter(|_| !arguments.without_recordings) {
        copied += usize::from(copy(recording, &files)?);
    }
    fs::rename(unfinished.keep(), folder)?;
    print(&format!(
        "{} rows and {copied} of {} recordings in {}",
        exported.rows,
        exported.recordings.len(),
        folder.display()
    ));
    store.close().await;
    Ok(())
}

/// Stores all rows or none, then brings the recordings.
pub(crate) async fn import(config: &Config, arguments: &Import) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let rows = folder.join(ROWS);
    let rows = File::open(&rows).map_err(|error| format!("{}: {error}", rows.display()))?;
    let store = serve::store(config).await?;
    let chosen = arguments.workspace.of(&store).await?;
    let recordings = config.recordings();
    fs::create_dir_all(&recordings)?;
    let imported = chosen
        .import(BufReader::new(rows).lines(), &recordings)
        .await?;
    let mut copied = 0;
    for name in &imported.recordings {
        copied += usize::from(copy(&folder.join(RECORDINGS).join(name), &recordings)?);
    }
    print(&format!(
        "{} rows of the workspace {:?} and {copied} of {} recordings; {} rows were there already",
        imported.rows,
        imported.workspace,
        imported.recordings.len(),
        imported.present
    ));
    store.close().await;
    Ok(())
}

/// Copies a file into a folder; whether there is one. Never over another one.
fn copy(file: &Path, folder: &Path) -> io::Result<bool> {
    let Some(name) = file.file_name() else {
        return Ok(false);
    };
    let mut source = match File::open(file) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprint(&format!("{} is gone", file.display()));
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let mut target = File::create_new(folder.join(name))?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    Ok(true)
}
