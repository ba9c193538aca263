//! How late packets come, and what lateness it pays to provide for.
//!
//! A packet's transit is the time from its place in the stream to its arrival.
//! The smallest transit of the last few seconds is taken for the one without
//! jitter; by how much a packet's transit exceeds it is its lateness. Since the
//! window moves on, neither a drifting clock nor a new route is taken for jitter
//! for long.

use std::time::Duration;

use audio::Moment;

use crate::histogram::{BUCKET, BUCKETS, Histogram, bucket_of, value_of};
use crate::interruptions::Interruptions;
use crate::timeline::{Scale, signed_micros};

/// The window of the smallest transit is this many spans of this length.
const SPANS: usize = 10;
const SPAN: i64 = 250_000;
/// After so many spans without a packet, clocks may have drifted too far apart for
/// older transits to mean anything: 10 s.
const LONGEST_SILENCE: i64 = 40;
/// Of the lateness within each of these, the largest counts: one late packet
/// makes those behind it late too, and they share one underrun.
const INTERVAL: i64 = 500_000;
/// What is left of an interval's weight after the next one: after 29 s, a third.
const MEMORY: f32 = 0.983;
/// What was late may come to be later than it ever was: of any lateness, this share is
/// taken to be larger by so many buckets, and of those the same share by as many more.
const FURTHER: usize = 2;
const FURTHER_SHARE: f32 = 1.0 / 16.0;
/// When in so many intervals in a row something came later than is provided for, what
/// was usual before counts no longer: the line has got worse. Lateness that is usual
/// does not do that, since of all the intervals only few are worth providing for.
const WORSE: usize = 5;
/// The lateness to provide for until the first interval is over.
const PRIOR: Duration = Duration::from_millis(20);
/// When everything is later than the ceiling for so long, the line has become
/// another: 100 ms.
const ANOTHER_LINE: i64 = 100_000;
/// A delay of so many seconds counts twice: a short one is hardly noticed in a
/// conversation, a long one makes both sides speak at once.
const DOUBLED: f32 = 0.1;
/// Audio of which one hundredth is worth less delay than this is cheap.
const CHEAP: Duration = Duration::from_millis(3);
/// However cheap audio is, no more than this share of it may come too late.
const MOST_LATE: f32 = 0.5;
/// What is left of a packet's weight after the next one: after 29 s, a third.
const PACKET_MEMORY: f32 = 0.9993;
/// No transit at all, later than any other.
const NEVER: i64 = i64::MAX / 4;

/// What providing for lateness costs, and how far it may go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trade {
    /// The delay that one hundredth of the audio is worth.
    pub(crate) per_cent: Duration,
    /// The least lateness to provide for.
    pub(crate) floor: Duration,
    /// The largest lateness to provide for. What comes later than this could not
    /// be waited for anyway, and does not count.
    pub(crate) ceiling: Duration,
}

impl Trade {
    /// Whether audio is worth so little that what comes late is left out: whoever waits
    /// for it delays all that follows until speech was made shorter by as much.
    pub(crate) fn leaves_out_late(&self) -> bool {
        self.per_cent < CHEAP
    }

    /// What a delay costs, in seconds.
    fn cost_of(delay: f32) -> f32 {
        delay + delay * delay / DOUBLED
    }

    /// What it costs to conceal everything, in seconds of delay.
    fn cost_of_all(&self) -> f32 {
        self.per_cent.as_secs_f32() * 100.0
    }
}

/// Watches the arrivals of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals {
    scale: Scale,
    trade: Trade,
    /// The smallest transit in each span, in a circle.
    spans: [i64; SPANS],
    /// The newest span, and its time.
    span: usize,
    time: i64,
    /// The smallest transit of all spans.
    least: i64,
    interval: Interval,
    previous: Interval,
    /// How late the newest packet came.
    last: Duration,
    /// Since when everything is later than the ceiling.
    behind_since: Option<i64>,
    peaks: Histogram,
    /// How late each packet came.
    packets: Histogram,
    /// The largest lateness in each of the last intervals, the newest last, unless the
    /// line was interrupted since.
    recent: [Duration; WORSE],
    recent_count: usize,
    /// How late the packets came that others had overtaken.
    overtaken: Histogram,
    /// How many such packets there are in an interval.
    overtaken_rate: f32,
    /// In how many of the intervals something came later than the ceiling.
    outages: f32,
    /// When nothing came for longer than the ceiling.
    interruptions: Interruptions,
    /// When the newest packet came.
    newest: i64,
    /// The lateness that it pays to provide for.
    target: Duration,
    /// What is known of the line since it became another, until that is enough.
    anew: Option<Anew>,
}

/// A line that has become another.
#[derive(Clone, Copy, Debug)]
struct Anew {
    /// From when on it counts as known.
    until: i64,
    peak: Duration,
}

/// What happened in one interval.
#[derive(Clone, Copy, Debug)]
struct Interval {
    end: i64,
    peak: Duration,
    overtaken: u16,
    /// Whether something came later than the ceiling.
    outage: bool,
}

impl Interval {
    const fn until(end: i64) -> Self {
        Self {
            end,
            peak: Duration::ZERO,
            overtaken: 0,
            outage: false,
        }
    }
}

impl Arrivals {
    pub(crate) fn new(scale: Scale, trade: Trade) -> Self {
        let mut arrivals = Self {
            scale,
            trade,
            spans: [NEVER; SPANS],
            span: 0,
            time: 0,
            least: NEVER,
            interval: Interval::until(0),
            previous: Interval::until(0),
            last: Duration::ZERO,
            behind_since: None,
            peaks: Histogram::new(MEMORY, PRIOR),
            packets: Histogram::new(PACKET_MEMORY, PRIOR),
            recent: [Duration::ZERO; WORSE],
            recent_count: 0,
            overtaken: Histogram::new(MEMORY, Duration::ZERO),
            overtaken_rate: 0.0,
            outages: 0.0,
            interruptions: Interruptions::default(),
            newest: 0,
            target: Duration::ZERO,
            anew: None,
        };
        arrivals.retarget(Duration::ZERO);
        arrivals
    }

    /// Takes note of the packet at `position`, which came at `now`. `packet` is
    /// how long it lasts, as far as is known, and `overtaken` whether one sent
    /// after it came before it.
    pub(crate) fn note(&mut self, now: Moment, position: i64, packet: Duration, overtaken: bool) {
        let arrival = signed_micros(now);
        let transit = arrival - self.scale.micros(position);
        self.enter_span(arrival / SPAN);
        let silence = arrival - std::mem::replace(&mut self.newest, arrival);
        let span = &mut self.spans[self.span];
        *span = transit.min(*span);
        self.least = self.least.min(transit);
        let lateness = Duration::from_micros((transit - self.least).unsigned_abs());

        if !overtaken {
            self.last = lateness;
        }
        self.anew = self.anew.filter(|anew| arrival < anew.until);
        if let Some(anew) = &mut self.anew {
            anew.peak = anew.peak.max(lateness);
        }
        if arrival >= self.interval.end {
            self.close_interval(arrival, packet);
        }
        if lateness > self.trade.ceiling {
            self.interval.outage = true;
            if silence > self.trade.ceiling.as_micros() as i64 {
                self.interruptions.note(arrival);
            }
            let since = *self.behind_since.get_or_insert(arrival);
            if arrival - since >= ANOTHER_LINE {
                self.begin_anew(now, position);
            }
            return;
        }
        self.behind_since = None;
        self.packets.add(lateness);
        if overtaken {
            self.interval.overtaken += 1;
            self.overtaken.add(lateness);
        } else {
            self.interval.peak = self.interval.peak.max(lateness);
        }
    }

    /// Enters a new span unless `time`, in spans, is within the one of the packet
    /// before.
    fn enter_span(&mut self, time: i64) {
        let passed = time - self.time;
        if passed <= 0 {
            return;
        }
        self.time = time;
        if passed > LONGEST_SILENCE {
            self.forget_transits();
        }
        // Time in which nothing comes makes no transit out of date.
        self.span = (self.span + 1) % SPANS;
        self.spans[self.span] = NEVER;
        self.least = self.spans.iter().copied().min().unwrap_or(NEVER);
    }

    fn close_interval(&mut self, arrival: i64, packet: Duration) {
        let closed = self.interval;
        self.interval = Interval::until(arrival + INTERVAL);
        self.previous = closed;
        if closed.end == 0 {
            return;
        }
        self.outages *= MEMORY;
        if closed.outage {
            self.outages += 1.0 - MEMORY;
            self.recent_count = 0;
            self.retarget(packet);
            return;
        }
        self.peaks.add(closed.peak);
        self.recent.rotate_left(1);
        self.recent[WORSE - 1] = closed.peak;
        self.recent_count = (self.recent_count + 1).min(WORSE);
        self.overtaken_rate *= MEMORY;
        self.overtaken_rate += f32::from(closed.overtaken) * (1.0 - MEMORY);
        self.retarget(packet);
        if self.has_got_worse() {
            self.peaks = Histogram::new(MEMORY, closed.peak);
            for peak in self.recent {
                self.peaks.add(peak);
            }
            self.recent_count = 0;
            self.retarget(packet);
        }
    }

    fn has_got_worse(&self) -> bool {
        let worse = |&peak: &Duration| bucket_of(peak) > bucket_of(self.target);
        self.recent_count == WORSE && self.recent.iter().all(worse)
    }

    fn retarget(&mut self, packet: Duration) {
        let first = bucket_of(self.trade.floor);
        let last = bucket_of(self.trade.ceiling).clamp(first, BUCKETS - 1);
        let place = if self.trade.leaves_out_late() {
            self.cheapest_of_left_out(first, last)
        } else {
            self.cheapest_of_waited_for(first, last, packet)
        };
        self.target = value_of(place);
    }

    /// The bucket of the cheapest lateness to provide for. Providing for `s` costs a
    /// delay of `s`, and, per interval, the time by which the interval's largest
    /// lateness exceeds `s` and one packet for each that was overtaken and came
    /// later than `s`. Of each interruption the last `s` is not missed.
    fn cheapest_of_waited_for(&self, first: usize, last: usize, packet: Duration) -> usize {
        let bucket = BUCKET.as_secs_f32();
        let interval = INTERVAL as f32 * 1e-6;
        let (peaks, all_peaks) = self.peaks.weights();
        let (overtaken, all_overtaken) = self.overtaken.weights();
        let packets = packet.as_secs_f32() * self.overtaken_rate / all_overtaken;
        let interruptions = self.interruptions.in_the_next(INTERVAL, self.newest);

        let (mut later_peaks, mut beyond, mut later_overtaken) = (0.0f32, 0.0f32, 0.0f32);
        let mut best = (f32::INFINITY, last);
        for place in (first..BUCKETS).rev() {
            let missed = last.saturating_sub(place) as f32 * bucket * interruptions;
            let concealed = beyond / all_peaks + later_overtaken * packets + missed;
            let delay = Trade::cost_of(place as f32 * bucket);
            let cost = delay + self.trade.cost_of_all() * concealed / interval;
            if place <= last && cost <= best.0 {
                best = (cost, place);
            }
            let before = |distance: usize| {
                let earlier = place.checked_sub(distance).filter(|&earlier| earlier > 0);
                earlier.map_or(0.0, |earlier| peaks[earlier])
            };
            later_peaks += peaks[place];
            later_peaks += before(FURTHER) * FURTHER_SHARE;
            later_peaks += before(2 * FURTHER) * FURTHER_SHARE * FURTHER_SHARE;
            later_overtaken += overtaken[place];
            beyond += later_peaks * bucket;
        }
        best.1
    }

    /// The same where what comes later than `s` is left out: each such packet costs its
    /// length.
    fn cheapest_of_left_out(&self, first: usize, last: usize) -> usize {
        let (packets, all) = self.packets.weights();
        let mut later = 0.0f32;
        let mut best = (f32::INFINITY, last);
        for place in (first..BUCKETS).rev() {
            let share = later / all;
            let delay = Trade::cost_of(place as f32 * BUCKET.as_secs_f32());
            let cost = delay + self.trade.cost_of_all() * share;
            if place <= last && share <= MOST_LATE && cost <= best.0 {
                best = (cost, place);
            }
            later += packets[place];
        }
        best.1
    }

    /// The lateness that it pays to provide for. Of a line that has just become another
    /// no more is expected than it has shown: a queue on the way that fills up looks the
    /// same, and what was usual before does not come on top of it.
    pub(crate) fn target(&self) -> Duration {
        self.anew.map_or(self.target, |anew| {
            self.target.min(anew.peak.max(self.trade.floor))
        })
    }

    /// The lateness that at most `share` of the intervals exceed.
    pub(crate) fn exceeded_by(&self, share: f32) -> Duration {
        self.peaks.exceeded_by(share).min(self.trade.ceiling)
    }

    /// Whether the newest packets came later than the ceiling.
    pub(crate) const fn is_behind(&self) -> bool {
        self.behind_since.is_some()
    }

    /// The largest lateness of the last half to whole second.
    pub(crate) fn recent_peak(&self) -> Duration {
        self.interval.peak.max(self.previous.peak)
    }

    /// Of the intervals in which something came later than `lateness`, the share in
    /// which it was later by 20 ms more.
    pub(crate) fn later_still(&self, lateness: Duration) -> f32 {
        let (peaks, all) = self.peaks.weights();
        let outages = self.outages * all;
        let above = |lateness: Duration| {
            let first = (bucket_of(lateness) + 1).min(BUCKETS);
            peaks[first..].iter().sum::<f32>() + outages
        };
        above(lateness + Duration::from_millis(20)) / above(lateness).max(f32::MIN_POSITIVE)
    }

    /// How late the newest packet came.
    pub(crate) const fn last(&self) -> Duration {
        self.last
    }

    /// The position of what would arrive at `now` if there were no jitter.
    pub(crate) fn live(&self, now: Moment) -> i64 {
        self.scale.samples(signed_micros(now) - self.least)
    }

    /// When, in microseconds, position zero arrives without jitter.
    pub(crate) const fn origin(&self) -> i64 {
        self.least
    }

    /// When the packet at `position` would arrive if there were no jitter.
    pub(crate) fn ideal(&self, position: i64) -> Moment {
        let micros = self.scale.micros(position) + self.least;
        Moment::from_micros(micros.max(0).unsigned_abs())
    }

    /// Forgets the transits but that of the packet at `position`, which comes at
    /// `now`: the line has become another.
    pub(crate) fn begin_anew(&mut self, now: Moment, position: i64) {
        self.forget_transits();
        self.least = signed_micros(now) - self.scale.micros(position);
        self.last = Duration::ZERO;
        self.behind_since = None;
        self.spans[self.span] = self.least;
        self.anew = Some(Anew {
            until: signed_micros(now) + SPANS as i64 * SPAN,
            peak: Duration::ZERO,
        });
    }

    /// Forgets the transits, as when a stream begins, but not what is usual.
    pub(crate) fn forget_transits(&mut self) {
        self.spans = [NEVER; SPANS];
        self.least = NEVER;
    }
}
