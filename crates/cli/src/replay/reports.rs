//! The files that a replay writes, each whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use audio::WavWriter;
use replay::Replayed;
use report::Account;
use tempfile::NamedTempFile;

use super::Arguments;
use crate::Failure;

/// The reports that were asked for, each beside its place until all of them are written.
pub(super) struct Reports {
    json: Option<Report>,
    html: Option<Report>,
    junit: Option<Report>,
    out: Option<Report>,
}

/// A file that is not in its place yet.
struct Report {
    unfinished: NamedTempFile,
    path: PathBuf,
}

impl Reports {
    /// Makes sure, before anything is replayed, that they can be written.
    pub(super) fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(Report::beside).transpose();
        Ok(Self {
            json: open(&arguments.json)?,
            html: open(&arguments.html)?,
            junit: open(&arguments.junit)?,
            out: open(&arguments.out)?,
        })
    }

    /// Writes all, then puts them in their places. Of `several` calls the JSON is an object with
    /// a list, of one it is the account.
    pub(super) fn write(mut self, calls: &[Replayed], several: bool) -> Result<(), Failure> {
        if let Some(report) = &mut self.json {
            let accounts: Vec<&Account> = calls.iter().map(|call| &call.account).collect();
            let json = match (several, accounts.first()) {
                (false, Some(account)) => serde_json::to_string_pretty(account)?,
                (true, _) | (false, None) => {
                    serde_json::to_string_pretty(&serde_json::json!({ "calls": accounts }))?
                }
            };
            report.write(&format!("{json}\n"))?;
        }
        if let Some(report) = &mut self.html {
            let pages: Vec<report::Call<'_>> = calls.iter().map(page).collect();
            report.write(&report::html(&pages))?;
        }
        if let Some(report) = &mut self.junit {
            let accounts: Vec<Account> = calls.iter().map(|call| call.account.clone()).collect();
            report.write(&report::junit(&accounts))?;
        }
        if let (Some(report), Some(call)) = (&self.out, calls.first()) {
            let mut writer = WavWriter::create(report.unfinished.path(), call.rate, 1)?;
            writer.write(&call.agent)?;
            writer.finish()?;
        }
        let reports = [self.json, self.html, self.junit, self.out];
        reports.into_iter().flatten().try_for_each(Report::put)
    }
}

fn page(call: &Replayed) -> report::Call<'_> {
    report::Call {
        account: &call.account,
        caller: &call.caller,
        agent: &call.agent,
        rate: call.rate,
    }
}

impl Report {
    fn beside(path: &Path) -> Result<Self, Failure> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let mut builder = tempfile::Builder::new();
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        let made = builder
            .permissions(readable)
            .prefix(".replay-")
            .tempfile_in(folder);
        let unfinished = made.map_err(|error| unwritable(path, &error))?;
        Ok(Self {
            unfinished,
            path: path.to_owned(),
        })
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.unfinished.write_all(text.as_bytes());
        written.map_err(|error| unwritable(&self.path, &error))
    }

    fn put(self) -> Result<(), Failure> {
        let put = self.unfinished.persist(&self.path);
        put.map(drop)
            .map_err(|error| unwritable(&self.path, &error.error))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    format!(
        "cannot write {}: {}; check that the folder exists and may be written to",
        path.display(),
        error.kind()
    )
    .into()
}
