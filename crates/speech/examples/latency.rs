//! Prints how long speech takes on this machine: `cargo run --release -p speech
//! --example latency`. Each figure is the median of several runs, one at a time.

#![allow(clippy::print_stdout, reason = "it is there to print")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use audio::SampleRate;
use onnx::Runtime;
use speech::{
    Flite, FliteConfig, Moonshine, MoonshineConfig, Recogniser, SpeakRequest, Synthesiser,
    Utterance,
};

const RUNS: usize = 15;
const TEXTS: [&str; 3] = [
    "Thank you, how can I help you with that?",
    "Your order has been sent, and it should arrive on Thursday morning before eleven o'clock.",
    "I have looked at your account, and I can see that the router lost its connection several \
     times on Monday and on Tuesday, so the best thing that we can do today is to restart it \
     together, wait for about two minutes, and then try once more.",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    println!(
        "load average {}",
        fs::read_to_string("/proc/loadavg")?.trim()
    );

    let begun = Instant::now();
    let runtime = Runtime::load(&root.join("runtime/libonnxruntime.so.1.32.0"))?;
    let folder = root.join("models/moonshine-tiny-en");
    let moonshine = Moonshine::start(
        &runtime,
        &MoonshineConfig {
            folder,
            workers: 1,
            queue: 1,
        },
    )?;
    println!("Moonshine: started in {:?}", begun.elapsed());
    let rate = SampleRate::HZ_8000;
    let speech = audio::file::read_mono(root.join("fixtures/ast_en_vm-msginstruct.wav"), rate)?;
    for seconds in [1, 2, 3, 5, 10] {
        let samples = &speech[..rate.samples_in(Duration::from_secs(seconds))];
        let mut took = Vec::new();
        for _ in 0..RUNS {
            let utterance = Utterance {
                samples: samples.to_vec(),
                rate,
            };
            took.push(moonshine.recognise(utterance).await?.took);
        }
        println!(
            "Moonshine: {seconds} s at {rate} decoded in {}",
            spread(took)
        );
    }

    let flite = Flite::start(&FliteConfig {
        workers: 1,
        queue: 1,
    })?;
    for text in TEXTS {
        let (mut first, mut whole, mut length) = (Vec::new(), Vec::new(), 0);
        for _ in 0..RUNS {
            let begun = Instant::now();
            let request = SpeakRequest {
                text: text.to_owned(),
                speed: 1.0,
                rate,
            };
            let mut stream = flite.speak(request);
            length = stream.next().await.ok_or("no speech")??.len();
            first.push(begun.elapsed());
            while let Some(chunk) = stream.next().await {
                length += chunk?.len();
            }
            whole.push(begun.elapsed());
        }
        let (letters, lasts) = (text.len(), rate.duration_of(length));
        println!(
            "flite: {letters} characters, first chunk after {}",
            spread(first)
        );
        println!(
            "flite: {letters} characters, {lasts:.1?} of speech after {}",
            spread(whole)
        );
    }
    println!(
        "load average {}",
        fs::read_to_string("/proc/loadavg")?.trim()
    );
    Ok(())
}

fn spread(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let (least, median, most) = (took[0], took[took.len() / 2], took[took.len() - 1]);
    format!("{median:.1?} (from {least:.1?} to {most:.1?})")
}
