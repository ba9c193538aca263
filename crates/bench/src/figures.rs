//! What a run of the bench found.

use serde::Serialize;

/// Percentiles of a duration, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Half of all are at most this.
    pub p50: u64,
    /// 99 of 100 are at most this.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

/// The figures of one run, all of the measured process alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Legs under load.
    pub calls: usize,
    /// How long was measured, after warming up.
    pub seconds: u64,
    /// The codec of all legs.
    pub codec: String,
    /// The emulated network; none was a clean one.
    pub net: Option<String>,
    /// Whether the voice detector ran.
    pub vad: bool,
    /// Processor time for each call, in percent of one core.
    pub cpu_percent_per_call: f64,
    /// Memory that grew when the legs were opened and loaded, for each call.
    pub rss_bytes_per_call: u64,
    /// All resident memory of the process, models included.
    pub rss_bytes: u64,
    /// How late ticks ran.
    pub tick_late_us: Percentiles,
    /// By how much the time between two packets of a leg differs from 20 ms.
    pub send_interval_jitter_us: Percentiles,
    /// Frames of received audio that stand in for lost packets, of all frames with audio.
    pub concealed_percent: f64,
    /// Voice detector windows each second, over all calls.
    pub vad_windows_per_second: f64,
    /// Windows that the energy gate judged without the detector, of all.
    pub vad_gated_percent: f64,
    /// Calls whose leg failed, that heard or sent less than they had to, or whose agent was not
    /// heard.
    pub failed_calls: usize,
    /// Packets that the generator sent late by more than 5 ms: above a few in a thousand, the
    /// generator did not get its share of the machine and the run says little.
    pub generator_late_percent: f64,
    /// The machine's load average over the last minute, at the end.
    pub load_average: f64,
}

impl Figures {
    /// The figures as a table for a terminal.
    pub fn table(&self) -> String {
        let net = self.net.as_deref().unwrap_or("clean");
        let vad = if self.vad { "with" } else { "without" };
        let late = self.tick_late_us;
        let jitter = self.send_interval_jitter_us;
        let rows = [
            (
                "load",
                format!(
                    "{} calls of {} for {} s over a {net} network, {vad} voice detection",
                    self.calls, self.codec, self.seconds
                ),
            ),
            (
                "cpu_percent_per_call",
                format!("{:.4} % of one core", self.cpu_percent_per_call),
            ),
            (
                "rss_bytes_per_call",
                format!("{} ({} in all)", self.rss_bytes_per_call, self.rss_bytes),
            ),
            (
                "tick_late_us",
                format!("p50 {}  p99 {}  max {}", late.p50, late.p99, late.max),
            ),
            (
                "send_interval_jitter_us",
                format!("p50 {}  p99 {}  max {}", jitter.p50, jitter.p99, jitter.max),
            ),
            (
                "concealed_percent",
                format!("{:.3} %", self.concealed_percent),
            ),
            (
                "vad_windows_per_second",
                format!(
                    "{:.0}, {:.0} % of them gated",
                    self.vad_windows_per_second, self.vad_gated_percent
                ),
            ),
            ("failed_calls", self.failed_calls.to_string()),
            (
                "generator",
                format!(
                    "{:.2} % of packets sent late; load average {:.2}",
                    self.generator_late_percent, self.load_average
                ),
            ),
        ];
        let mut table = String::new();
        for (name, value) in rows {
            table.push_str(&format!("{name:<26}{value}\n"));
        }
        table
    }
}
