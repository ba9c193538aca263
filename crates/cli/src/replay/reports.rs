//! The files that a replay writes, each whole or not at all.

use audio::WavWriter;
use replay::Replayed;
use report::Account;

use super::Arguments;
use crate::Failure;
use crate::output::{Output, put_all};

/// The reports that were asked for, each beside its place until all of them are written.
pub(super) struct Reports {
    json: Option<Output>,
    html: Option<Output>,
    junit: Option<Output>,
    out: Option<Output>,
}

impl Reports {
    /// Makes sure, before anything is replayed, that they can be written.
    pub(super) fn open(arguments: &Arguments) -> Result<Self, Failure> {
        Ok(Self {
            json: Output::of(arguments.json.as_deref())?,
            html: Output::of(arguments.html.as_deref())?,
            junit: Output::of(arguments.junit.as_deref())?,
            out: Output::of(arguments.out.as_deref())?,
        })
    }

    /// Whether one of them needs to know what a call sounded like.
    pub(super) const fn take_sound(&self) -> bool {
        self.html.is_some() || self.out.is_some()
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
            let mut writer = WavWriter::create(report.unfinished(), call.rate, 1)?;
            writer.write(&call.agent)?;
            writer.finish()?;
        }
        let reports = [self.json, self.html, self.junit, self.out];
        put_all(reports.into_iter().flatten())
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
