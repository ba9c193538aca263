//! `mihu demo`: a whole conversation on this machine, told while it happens.
//!
//! Node and phone are processes of their own, started as a user would start them; the demo is a
//! client of the node's HTTP API and a receiver of its webhook, nothing more.

mod account;
mod client;
mod processes;
mod receiver;
mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use engine::{CallEvent, CallEventKind};
use jiff::Timestamp;
use tokio::sync::mpsc;

use self::account::{Account, Evidence};
use self::client::Client;
use self::processes::{Node, Phone, PhoneLine};
use self::receiver::Receiver;
use crate::{Failure, paths, print};

/// The number that the demo calls; 555-01xx numbers are set aside for examples.
const NUMBER: &str = "+1 (415) 555-0123";

/// What the caller says, in this order: recorded speech from `fixtures/`.
const UTTERANCES: &[&str] = &[
    "ast_en_something-terribly-wrong.wav",
    "ast_en_ss-noservice.wav",
    "ast_en_cannot-complete-as-dialed.wav",
    "ast_en_goodbye.wav",
];

/// A demo that takes longer has failed.
const LONGEST: Duration = Duration::from_secs(180);

/// How long the webhook may take after the call's end.
const WEBHOOK: Duration = Duration::from_secs(15);

/// Arguments of `mihu demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Writes what happened as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Folder for recordings, transcript, webhook and log. Default: a new folder below `out/`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the demo; success only if everything in it happened.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    outbound::install_crypto();
    let out = match arguments.out {
        Some(folder) => folder,
        None => Path::new("out").join(Timestamp::now().strftime("demo-%Y%m%d-%H%M%S").to_string()),
    };
    std::fs::create_dir_all(&out)
        .map_err(|error| format!("cannot create the folder {}: {error}", out.display()))?;
    let told = tokio::time::timeout(LONGEST, converse(&out)).await;
    let evidence = told.map_err(|_| format!("not finished after {} s", LONGEST.as_secs()))??;
    let account = Account::of(&evidence);
    show::summary(&account, &evidence);
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&account)?)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    let missing = evidence.missing(&account);
    if missing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for what in missing {
        print(&format!("MISSING: {what}"));
    }
    Ok(ExitCode::FAILURE)
}

async fn converse(out: &Path) -> Result<Evidence, Failure> {
    let fixtures = paths::locate("fixtures");
    let utterances: Vec<PathBuf> = UTTERANCES.iter().map(|name| fixtures.join(name)).collect();
    let mut receiver = Receiver::start().await?;
    let heard_by_phone = out.join("heard_by_phone.wav");
    let mut phone = Phone::start(&utterances, &heard_by_phone).await?;
    let node = Node::start(out, phone.address()).await?;
    print(&format!(
        "node       API on http://{}, SIP on {}",
        node.addresses.http, node.addresses.sip
    ));
    print(&format!("phone      waits on {}", phone.address()));
    let token = node.create_key().await?;
    let client = Client::new(&node.addresses.http, token)?;
    let agent = client.agent("support").await?;
    let secret = client.add_webhook(&agent, &receiver.url()).await?;
    let placed = client.place_call(&agent, NUMBER).await?;
    print(&format!(
        "call       {} to {NUMBER} as {}",
        placed.call, agent.name
    ));

    let (tell, mut events) = mpsc::channel::<CallEvent>(64);
    let following = client.follow(&placed.call, tell);
    let telling = async {
        let mut report = None;
        while let Some(event) = events.recv().await {
            show::event(&event);
            if let CallEventKind::Ended(ended) = event.kind {
                report = Some(ended);
            }
        }
        report
    };
    let listening = async {
        loop {
            match phone.line().await {
                Ok(PhoneLine::Ended(report)) => return Ok(report),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    };
    let (followed, report, heard) = tokio::join!(following, telling, listening);
    followed?;
    let report = report.ok_or("the node's events broke off before the call ended")?;
    let heard = heard?;
    let webhook = tokio::time::timeout(WEBHOOK, receiver.delivery())
        .await
        .ok()
        .flatten();
    let recording = out.join("recording.wav");
    let transcript = out.join("transcript.json");
    client.download(&placed.record_url, &recording).await?;
    client.download(&placed.transcript_url, &transcript).await?;
    if let Some(webhook) = &webhook {
        std::fs::write(out.join("webhook.json"), &webhook.body)?;
    }
    node.stop().await?;
    Ok(Evidence {
        call: placed.call,
        conversation: placed.conversation,
        report,
        phone: heard,
        expected: account::transcripts(&fixtures, UTTERANCES)?,
        webhook: webhook.map(|delivery| delivery.verified(&secret)),
        recording,
        transcript,
        heard_by_phone,
    })
}
