//! What threads count for themselves, read when somebody asks.

use std::collections::HashMap;
use std::fmt;

use media::{Lateness, LegGauges, MediaStatistics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeMetric, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use sip::SipStatistics;
use speech::PoolStatistics;

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
    pub(crate) sip: SipStatistics,
    /// Calls that the recorder had no time for.
    pub(crate) unrecorded: u64,
    /// Pieces of sound that listeners to live calls were too slow for.
    pub(crate) missed_audio: u64,
    /// Events that followers of live calls were too slow for.
    pub(crate) missed_events: u64,
    /// What the pools behind recogniser, judge and voice count, by name.
    pub(crate) pools: Vec<(&'static str, PoolStatistics)>,
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
        out.standing(&snapshot.media.standing)?;
        out.detector(&snapshot.listening)?;
        out.signalling(&snapshot.sip)?;
        out.pools(&snapshot.pools)?;
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
        self.seconds(
            "leg_ticks",
            "Time that the ticks of legs took, summed",
            media.legs.tick_nanos as f64 / 1e9,
        )?;
        self.seconds(
            "leg_receiving",
            "Time that the datagrams of legs took, summed",
            media.legs.receive_nanos as f64 / 1e9,
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

    /// How the open legs stand, on average and at the worst.
    fn standing(&mut self, legs: &[LegGauges]) -> fmt::Result {
        let known = |of: fn(&LegGauges) -> Option<f64>| legs.iter().filter_map(of).collect();
        self.spread(
            "jitter_buffer_target",
            "Lateness of packets that the playout buffers of open legs provide for",
            Some(&Unit::Seconds),
            known(|leg| Some(leg.target.as_secs_f64())),
        )?;
        self.spread(
            "jitter_buffer_level",
            "Audio in the playout buffers of open legs",
            Some(&Unit::Seconds),
            known(|leg| Some(leg.buffered.as_secs_f64())),
        )?;
        self.spread(
            "rtp_jitter",
            "Interarrival jitter of what open legs receive",
            Some(&Unit::Seconds),
            known(|leg| leg.jitter.map(|it| it.as_secs_f64())),
        )?;
        self.spread(
            "rtp_remote_jitter",
            "Interarrival jitter of what open legs send, as the far ends report",
            Some(&Unit::Seconds),
            known(|leg| leg.remote_jitter.map(|it| it.as_secs_f64())),
        )?;
        self.spread(
            "rtp_remote_lost_ratio",
            "Share of what open legs send that was lost lately, as the far ends report",
            None,
            known(|leg| leg.remote_lost_percent.map(|it| it / 100.0)),
        )
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

    fn signalling(&mut self, sip: &SipStatistics) -> fmt::Result {
        self.gauge("sip_dialogs", "SIP dialogs", sip.dialogs as f64)?;
        let help = "SIP transactions under way";
        self.gauge("sip_transactions", help, sip.transactions as f64)?;
        let reasons: [(&Labels, u64); 3] = [
            (&[("reason", "failed")], sip.failed),
            (&[("reason", "garbage")], sip.garbage),
            (&[("reason", "refused")], sip.refused),
        ];
        let help =
            "SIP messages and connections dropped or refused before they became part of a call";
        self.family("sip_messages_dropped", help, &reasons)?;
        let help = "Panics survived in signalling, each a defect";
        self.counter("sip_panics", help, sip.panics as f64)
    }

    fn pools(&mut self, pools: &[(&'static str, PoolStatistics)]) -> fmt::Result {
        let labels: Vec<_> = pools.iter().map(|(name, _)| [("pool", *name)]).collect();
        let labels = || labels.iter().map(|label| label.as_slice());
        let begun = pools.iter().map(|(_, pool)| pool.begun);
        let begun: Vec<(&Labels, u64)> = labels().zip(begun).collect();
        let help = "Jobs that the workers of a pool began";
        self.family("pool_jobs", help, &begun)?;
        let waited = pools.iter().map(|(_, pool)| pool.waited.as_secs_f64());
        let waited: Vec<(&Labels, f64)> = labels().zip(waited).collect();
        let help = "Time that these jobs waited for a worker, summed";
        self.family_in("pool_queue", help, Some(&Unit::Seconds), &waited)
    }

    fn drops(&mut self, snapshot: &Snapshot) -> fmt::Result {
        const OLDEST: (&str, &str) = ("policy", "drop_oldest");
        const NEWEST: (&str, &str) = ("policy", "drop_newest");
        const ALL: (&str, &str) = ("policy", "drop_all");
        const STALE: (&str, &str) = ("policy", "drop_stale");
        const REFUSED: (&str, &str) = ("policy", "refuse_stale");
        const FULL: (&str, &str) = ("policy", "refuse_new");
        let legs = &snapshot.media.legs;
        let windows = snapshot.listening.windows_dropped;
        let recorded = legs.recording_dropped;
        let pools = snapshot.pools.iter();
        let refused: Vec<_> = pools
            .map(|(name, pool)| ([("queue", *name), FULL], pool.refused))
            .collect();
        let sip = &snapshot.sip;
        let queues: [(&Labels, u64); 14] = [
            (&[("queue", "heard_frames"), OLDEST], legs.feed_dropped),
            (&[("queue", "heard_windows"), OLDEST], windows),
            (&[("queue", "recorded_frames"), OLDEST], recorded),
            (&[("queue", "recordings"), FULL], snapshot.unrecorded),
            (&[("queue", "digits_received"), NEWEST], legs.digits_dropped),
            (&[("queue", "digits_to_send"), ALL], legs.digits_given_up),
            (&[("queue", "playout"), REFUSED], legs.stale_refused),
            (&[("queue", "playout_queued"), STALE], legs.stale_discarded),
            (&[("queue", "live_audio"), OLDEST], snapshot.missed_audio),
            (&[("queue", "live_events"), OLDEST], snapshot.missed_events),
            (&[("queue", "sip_answers"), NEWEST], sip.answers_dropped),
            (&[("queue", "sip_decisions"), NEWEST], sip.decisions_dropped),
            (&[("queue", "sip_requests"), FULL], sip.requests_refused),
            (&[("queue", "sip_calls"), FULL], sip.calls_refused),
        ];
        let mut queues = queues.to_vec();
        queues.extend(
            refused
                .iter()
                .map(|(labels, count)| (labels.as_slice(), *count)),
        );
        let help = "Entries that queues dropped, by queue and overflow policy";
        self.family("queue_drops", help, &queues)
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        let encoder = (self.0).encode_descriptor(name, help, None, MetricType::Gauge)?;
        gauge.encode(encoder)
    }

    /// The mean and the largest of `values`; nothing if there are none.
    fn spread(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        values: Vec<f64>,
    ) -> fmt::Result {
        if values.is_empty() {
            return Ok(());
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let largest = values.into_iter().fold(f64::MIN, f64::max);
        let mut encoder = (self.0).encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (of, value) in [("mean", mean), ("max", largest)] {
            let labels: &Labels = &[("of", of)];
            ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
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
        self.family_in(name, help, None, series)
    }

    fn family_in<N: EncodeCounterValue + Copy>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        series: &[(&Labels, N)],
    ) -> fmt::Result {
        let mut encoder = (self.0).encode_descriptor(name, help, unit, MetricType::Counter)?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use media::LegStatistics;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    fn text(snapshot: Snapshot) -> String {
        let mut registry = Registry::with_prefix("mihu");
        let collector = NodeCollector(move || Some(snapshot.clone()));
        registry.register_collector(Box::new(collector));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    /// A leg whose buffer provides for so many milliseconds.
    fn leg(target: u64) -> LegGauges {
        LegGauges {
            target: Duration::from_millis(target),
            remote_lost_percent: Some(25.0),
            ..LegGauges::default()
        }
    }

    fn snapshot() -> Snapshot {
        let pool = PoolStatistics {
            begun: 4,
            waited: Duration::from_millis(1_500),
            refused: 3,
        };
        let legs = LegStatistics {
            packets_received: 1_000,
            strays: 1,
            too_many_sources: 2,
            replayed: 5,
            digits_dropped: 6,
            digits_given_up: 7,
            feed_dropped: 8,
            delay_micros: 2_500_000,
            ..LegStatistics::default()
        };
        Snapshot {
            load: NodeLoad {
                calls: 2,
                limit: 10,
                draining: false,
                broken: None,
            },
            media: MediaStatistics {
                legs,
                standing: [40, 60].map(leg).to_vec(),
                ..MediaStatistics::default()
            },
            listening: ListeningStatistics::default(),
            sip: SipStatistics {
                garbage: 9,
                failed: 16,
                answers_dropped: 12,
                decisions_dropped: 13,
                requests_refused: 14,
                calls_refused: 15,
                ..SipStatistics::default()
            },
            unrecorded: 4,
            missed_audio: 10,
            missed_events: 11,
            pools: vec![("recogniser", pool)],
        }
    }

    #[test]
    fn the_text_names_every_count_with_its_unit_reason_and_policy() {
        let text = text(snapshot());
        for line in [
            "mihu_calls_active 2.0",
            "mihu_rtp_packets_total{direction=\"received\"} 1000",
            "mihu_rtp_packets_dropped_total{reason=\"stray\"} 1",
            "mihu_rtp_packets_dropped_total{reason=\"too_many_sources\"} 2",
            "mihu_rtp_packets_dropped_total{reason=\"replayed\"} 5",
            "mihu_jitter_buffer_delay_seconds_total 2.5",
            "mihu_jitter_buffer_target_seconds{of=\"mean\"} 0.05",
            "mihu_jitter_buffer_target_seconds{of=\"max\"} 0.06",
            "mihu_rtp_remote_lost_ratio{of=\"mean\"} 0.25",
            "mihu_sip_messages_dropped_total{reason=\"garbage\"} 9",
            "mihu_sip_messages_dropped_total{reason=\"failed\"} 16",
            "mihu_pool_jobs_total{pool=\"recogniser\"} 4",
            "mihu_pool_queue_seconds_total{pool=\"recogniser\"} 1.5",
            "mihu_queue_drops_total{queue=\"heard_frames\",policy=\"drop_oldest\"} 8",
            "mihu_queue_drops_total{queue=\"digits_received\",policy=\"drop_newest\"} 6",
            "mihu_queue_drops_total{queue=\"digits_to_send\",policy=\"drop_all\"} 7",
            "mihu_queue_drops_total{queue=\"recordings\",policy=\"refuse_new\"} 4",
            "mihu_queue_drops_total{queue=\"recogniser\",policy=\"refuse_new\"} 3",
            "mihu_queue_drops_total{queue=\"live_audio\",policy=\"drop_oldest\"} 10",
            "mihu_queue_drops_total{queue=\"live_events\",policy=\"drop_oldest\"} 11",
            "mihu_queue_drops_total{queue=\"sip_answers\",policy=\"drop_newest\"} 12",
            "mihu_queue_drops_total{queue=\"sip_decisions\",policy=\"drop_newest\"} 13",
            "mihu_queue_drops_total{queue=\"sip_requests\",policy=\"refuse_new\"} 14",
            "mihu_queue_drops_total{queue=\"sip_calls\",policy=\"refuse_new\"} 15",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "no {line} in\n{text}"
            );
        }
    }

    #[test]
    fn a_node_that_is_gone_shows_nothing() {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(NodeCollector(|| None)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert_eq!(text, "# EOF\n");
    }
}
