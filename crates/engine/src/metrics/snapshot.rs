//! What threads count for themselves, read when somebody asks.

use std::collections::HashMap;
use std::fmt;

use media::{Lateness, MediaStatistics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::control::NodeLoad;
use crate::listening::ListeningStatistics;

/// Labels of one time series.
type Labels = [(&'static str, &'static str)];

/// Everything that threads count, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) load: NodeLoad,
    pub(crate) media: MediaStatistics,
    pub(crate) listening: ListeningStatistics,
}

/// Gives out snapshots of a node for as long as `take` has one.
pub(crate) struct NodeCollector<F>(pub(crate) F);

impl<F> fmt::Debug for NodeCollector<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeCollector").finish_non_exhaustive()
    }
}

impl<F> Collector for NodeCollector<F>
where
    F: Fn() -> Option<Snapshot> + Send + Sync + 'static,
{
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(snapshot) = (self.0)() else {
            return Ok(());
        };
        let mut out = Out(encoder);
        out.calls(snapshot.load)?;
        out.threads(&snapshot.media)?;
        out.packets(&snapshot.media)?;
        out.frames(&snapshot.media)?;
        out.reports(&snapshot.media)?;
        out.detector(&snapshot.listening)?;
        out.drops(&snapshot)
    }
}

struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    fn calls(&mut self, load: NodeLoad) -> fmt::Result {
        self.gauge("calls_active", "Calls that hold a slot", load.calls as f64)?;
        self.gauge("calls_limit", "Call slots of the node", load.limit as f64)?;
        let draining = f64::from(u8::from(load.draining));
        self.gauge("draining", "1 while the node shuts down", draining)
    }

    fn threads(&mut self, media: &MediaStatistics) -> fmt::Result {
        self.gauge("legs_open", "Media legs", media.legs_open as f64)?;
        self.counter("legs_opened", "Media legs opened", media.legs_opened as f64)?;
        self.counter(
            "legs_failed",
            "Media legs that broke",
            media.legs_failed as f64,
        )?;
        self.gauge(
            "media_busiest_thread_ratio",
            "Share of its time that the busiest media thread worked lately",
            media.busiest,
        )?;
        self.seconds(
            "media_busy",
            "Time that all media threads worked",
            media.busy.as_secs_f64(),
        )?;
        self.counter(
            "media_resynchronisations",
            "Times that a media thread was so late that it skipped ticks",
            media.resynchronisations as f64,
        )?;
        self.histogram(
            "tick_lateness",
            "How long after its deadline a leg was ticked",
            &media.lateness,
        )?;
        self.histogram(
            "send_interval_jitter",
            "By how much the time between two packets of a leg differed from 20 ms",
            &media.send_jitter,
        )
    }

    fn packets(&mut self, media: &MediaStatistics) -> fmt::Result {
        let legs = &media.legs;
        let directions: [(&Labels, u64); 2] = [
            (&[("direction", "received")], legs.packets_received),
            (&[("direction", "sent")], legs.packets_sent),
        ];
        self.family("rtp_packets", "Packets of audio", &directions)?;
        let help = "Packets missing from the received streams when their turn came";
        self.counter("rtp_packets_lost", help, legs.lost as f64)?;
        let reasons: [(&Labels, u64); 14] = [
            (&[("reason", "duplicate")], legs.duplicates),
            (&[("reason", "forged")], legs.forged),
            (&[("reason", "foreign")], legs.foreign),
            (&[("reason", "late")], legs.late),
            (&[("reason", "malformed")], legs.malformed),
            (&[("reason", "overflowed")], legs.overflowed),
            (&[("reason", "oversized")], legs.oversized),
            (&[("reason", "replayed")], legs.replayed),
            (&[("reason", "send_failure")], legs.send_failures),
            (&[("reason", "stray")], legs.strays),
            (&[("reason", "too_many_sources")], legs.too_many_sources),
            (&[("reason", "undecodable")], legs.undecodable),
            (&[("reason", "unknown_payload")], legs.unknown_payload),
            (&[("reason", "unwanted")], legs.unwanted),
        ];
        self.family(
            "rtp_packets_dropped",
            "Packets dropped, by reason",
            &reasons,
        )
    }

    fn frames(&mut self, media: &MediaStatistics) -> fmt::Result {
        let legs = &media.legs;
        let kinds: [(&Labels, u64); 3] = [
            (&[("kind", "concealed")], legs.concealed_frames),
            (&[("kind", "decoded")], legs.decoded_frames),
            (&[("kind", "silent")], legs.silent_frames),
        ];
        self.family(
            "heard_frames",
            "Frames of 20 ms out of the playout buffers, by what they are made of",
            &kinds,
        )?;
        self.seconds(
            "jitter_buffer_delay",
            "Delay that the playout buffers added to each received frame, summed",
            legs.delay_micros as f64 / 1e6,
        )?;
        self.counter(
            "jitter_buffer_delayed_frames",
            "Frames that jitter_buffer_delay sums over",
            legs.delayed_frames as f64,
        )?;
        self.counter(
            "concealments",
            "Gaps in the received streams that were concealed",
            legs.concealments as f64,
        )
    }

    fn reports(&mut self, media: &MediaStatistics) -> fmt::Result {
        let legs = &media.legs;
        let directions: [(&Labels, u64); 2] = [
            (&[("direction", "received")], legs.reports_received),
            (&[("direction", "sent")], legs.reports_sent),
        ];
        self.family("rtcp_reports", "RTCP reports", &directions)?;
        let round_trips = legs.round_trips as f64;
        self.counter(
            "rtcp_round_trips",
            "Round trips measured by RTCP",
            round_trips,
        )?;
        self.seconds(
            "rtcp_round_trip",
            "Round trips measured by RTCP, summed",
            legs.round_trip_micros as f64 / 1e6,
        )?;
        let digits: [(&Labels, u64); 2] = [
            (&[("direction", "received")], legs.digits_received),
            (&[("direction", "sent")], legs.digits_sent),
        ];
        self.family("digits", "Keys pressed (DTMF)", &digits)
    }

    fn detector(&mut self, listening: &ListeningStatistics) -> fmt::Result {
        let judges: [(&Labels, u64); 2] = [
            (&[("judge", "detector")], listening.windows_run),
            (&[("judge", "energy_gate")], listening.windows_gated),
        ];
        let help = "Windows of 32 ms judged for a voice, by what judged them";
        self.family("vad_windows", help, &judges)?;
        let help = "Windows that the energy gate passed over and the detector heard after all";
        self.family(
            "vad_windows_replayed",
            help,
            &[(&[], listening.windows_replayed)],
        )?;
        let help = "Times that the energy gate of a call opened";
        self.family("vad_gate_openings", help, &[(&[], listening.gate_openings)])
    }

    fn drops(&mut self, snapshot: &Snapshot) -> fmt::Result {
        const OLDEST: (&str, &str) = ("policy", "drop_oldest");
        const NEWEST: (&str, &str) = ("policy", "drop_newest");
        const ALL: (&str, &str) = ("policy", "drop_all");
        const STALE: (&str, &str) = ("policy", "drop_stale");
        const REFUSED: (&str, &str) = ("policy", "refuse_stale");
        let legs = &snapshot.media.legs;
        let windows = snapshot.listening.windows_dropped;
        let recorded = legs.recording_dropped;
        let queues: [(&Labels, u64); 7] = [
            (&[("queue", "heard_frames"), OLDEST], legs.feed_dropped),
            (&[("queue", "heard_windows"), OLDEST], windows),
            (&[("queue", "recorded_frames"), OLDEST], recorded),
            (&[("queue", "digits_received"), NEWEST], legs.digits_dropped),
            (&[("queue", "digits_to_send"), ALL], legs.digits_given_up),
            (&[("queue", "playout"), REFUSED], legs.stale_refused),
            (&[("queue", "playout_queued"), STALE], legs.stale_discarded),
        ];
        let help = "Entries that queues dropped, by queue and overflow policy";
        self.family("queue_drops", help, &queues)
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        let encoder = (self.0).encode_descriptor(name, help, None, MetricType::Gauge)?;
        gauge.encode(encoder)
    }

    fn counter(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let encoder = (self.0).encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(encoder)
    }

    fn seconds(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let encoder = (self.0).encode_descriptor(name, help, unit, MetricType::Counter)?;
        ConstCounter::new(value).encode(encoder)
    }

    fn family(&mut self, name: &str, help: &str, series: &[(&Labels, u64)]) -> fmt::Result {
        let mut encoder = (self.0).encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in series {
            ConstCounter::new(*value).encode(encoder.encode_family(labels)?)?;
        }
        Ok(())
    }

    fn histogram(&mut self, name: &str, help: &str, lateness: &Lateness) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut encoder = (self.0).encode_descriptor(name, help, unit, MetricType::Histogram)?;
        let mut buckets: Vec<(f64, u64)> = lateness
            .buckets()
            .map(|(bound, count)| (bound.as_secs_f64(), count))
            .collect();
        let within: u64 = buckets.iter().map(|(_, count)| count).sum();
        let count = lateness.count();
        buckets.push((f64::INFINITY, count - within));
        let exemplars: Option<&HashMap<usize, _>> = None;
        let sum = lateness.sum().as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, exemplars)
    }
}
