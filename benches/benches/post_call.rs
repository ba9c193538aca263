//! How long `POST /api/v1/call` takes to answer under a steady load of requests, with a real node
//! and SIPp as the called party, which is busy.
//!
//! `cargo bench -p benches --bench post_call -- [--rate N] [--seconds S] [--json FILE]`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use benches::{Distribution, load_average};
use clap::Parser;
use end_to_end::{Node, Sipp};
use serde_json::json;

#[derive(Debug, Parser)]
struct Arguments {
    /// Requests a second.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// How long.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Writes the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let requests = arguments.rate * arguments.seconds;
    let sipp = Sipp::scenario("busy").calls(requests).start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let agent = api.agent("support").await;
    let period = Duration::from_secs(1) / arguments.rate;
    let begun = Instant::now();
    let mut pending = Vec::new();
    for index in 0..requests {
        // A request is due at its time, however late the one before it was answered.
        tokio::time::sleep_until((begun + period * index).into()).await;
        let (api, agent) = (api.clone(), agent.clone());
        pending.push(tokio::spawn(async move {
            let number = format!("+1415{:07}", 5_550_000 + index);
            let body = json!({ "agentId": agent, "participant": { "number": number } });
            let asked = Instant::now();
            let answer = api.post("/call", &body).await;
            (answer.status, asked.elapsed())
        }));
    }
    let mut refused = 0;
    let mut durations = Vec::new();
    for request in pending {
        let (status, took) = request.await.expect("a request does not panic");
        if status == 200 {
            durations.push(took);
        } else {
            refused += 1;
        }
    }
    let figures = json!({
        "bench": "post_call",
        "requests_per_second": arguments.rate,
        "answer_ms": durations.into_iter().collect::<Distribution>().to_json(),
        "refused": refused,
        "load_average": load_average(),
    });
    let text = serde_json::to_string_pretty(&figures).expect("figures are JSON");
    print(&text);
    if let Some(file) = arguments.json {
        std::fs::write(file, text).expect("the file can be written");
    }
}

#[expect(clippy::print_stdout, reason = "figures are what this program is for")]
fn print(text: &str) {
    println!("{text}");
}
