//! One call: the caller's telephone, the network, the node's leg and the conversation, joined by
//! a clock that jumps from one deadline to the next.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use audio::codec::Codec;
use audio::{FRAME, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use engine::{Patience, Script, ToolReply};
use jitter::{AdaptiveBuffer, Format};
use media::rtcp::{Cname, WallClock};
use media::{
    ConnectError, Connection, Identity, LegCore, LegEnds, LegOptions, LegSetup, Policy,
    PreparedConnection, RecordedSide, StreamStart,
};
use netem::{Network, Profile};

use crate::caller::{Caller, Doing, Said, Step};
use crate::conversation::{Conversation, End, Parts};
use crate::latency::Timing;
use crate::phone::{self, Phone};
use crate::stages::{Mind, Pacer, Stages};
use crate::story::Story;

/// When a call begins. Not at the clock's origin, so that there is a time before it.
pub(crate) const START: Moment = Moment::from_millis(10_000);

/// How long the line is silent, beyond the time in which the agent must have decided, before the
/// caller takes the agent's last word for the last.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// How long a receiving leg goes without a packet before the caller counts as gone.
const NO_RTP_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the leg may take to say what it had played at the end of a call, as in a live one.
pub(crate) const LAST_TICKS: Duration = Duration::from_millis(60);

/// Where the caller's packets come from.
const FAR_END: ([u8; 4], u16) = ([192, 0, 2, 1], 4_000);

/// A time of day for reports of a call that happens at none.
const TIME_OF_DAY: Duration = Duration::from_secs(1_767_607_200);

/// What a call is made of.
pub(crate) struct Setup {
    pub(crate) script: Script,
    pub(crate) patience: Patience,
    pub(crate) mind: Mind,
    pub(crate) timing: Timing,
    /// What tools answer, by their names.
    pub(crate) tools: BTreeMap<String, ToolReply>,
    /// Whether time passes as on the wall.
    pub(crate) paced: bool,
    pub(crate) codec: Codec,
    pub(crate) net: Profile,
    pub(crate) seed: u64,
    pub(crate) steps: Vec<Step>,
}

/// What became of it.
pub(crate) struct Happened {
    pub(crate) story: Story,
    /// When the call began.
    pub(crate) origin: Moment,
    pub(crate) said: Vec<Said>,
    /// When each step of the caller began.
    pub(crate) started: Vec<Moment>,
    /// Whether the agent ended the call.
    pub(crate) hung_up: bool,
    pub(crate) end: String,
    pub(crate) ended: Moment,
    /// What was heard of the caller, and what was played to it.
    pub(crate) caller: Vec<i16>,
    pub(crate) agent: Vec<i16>,
}

impl Happened {
    /// Milliseconds from the start of the call.
    pub(crate) fn millis(&self, moment: Moment) -> u64 {
        moment.since(self.origin).as_millis() as u64
    }
}

/// Carries a call to its end.
///
/// # Errors
///
/// [`ConnectError`] if there is no memory for the codec.
pub(crate) fn carry(stages: &mut Stages, setup: Setup) -> Result<Happened, ConnectError> {
    let patience = setup.patience;
    let longest_silence = setup.script.turn.max_endpointing_delay + LINGER;
    let rate = setup.codec.rate();
    let mut line = Line::open(&setup)?;
    let pacer = Pacer::new(setup.paced, START);
    let mut tape = Tape::new(rate);
    let mut caller = Caller::new(setup.steps, rate, START);
    let parts = Parts {
        script: setup.script,
        patience,
        mind: setup.mind,
        timing: setup.timing,
        tools: setup.tools,
        rate,
        playout: line.ends.playout.clone(),
    };
    let mut conversation = Conversation::new(stages, parts, START);
    let mut now = START;
    let (end, hung_up) = loop {
        line.talk(now, &mut caller, &conversation);
        line.carry(now);
        conversation.hear(now, &line.ends.feed);
        conversation.advance(now);
        tape.take(&line.ends);
        match conversation.end() {
            Some(End::HungUp(reason)) => break (reason, true),
            Some(End::Vanished) => break ("the caller's audio stopped arriving", false),
            Some(End::Failed) => break ("the leg's media broke", false),
            Some(End::Unreachable) => break ("the language model cannot be asked", false),
            None => {}
        }
        let quiet = caller.done().map(|done| {
            let silent = conversation.manner().quiet_since.unwrap_or(START);
            done.max(silent)
        });
        let over = quiet.is_some_and(|since| now >= since + longest_silence);
        if over && !conversation.is_busy() {
            break ("the caller hung up", false);
        }
        let next = line.deadline().min(conversation.deadline());
        // Whatever is due now has been done, so time goes on.
        now = next.max(now + Duration::from_micros(1));
        pacer.wait(now);
    };
    if hung_up {
        line.run_out(&mut now, patience.last_words, &mut tape);
    }
    conversation.fall_silent(now);
    line.tell_what_was_played(now, &mut conversation);
    let story = conversation.finish(now);
    let (caller_side, agent_side) = tape.finish(now);
    Ok(Happened {
        story,
        origin: START,
        said: caller.said().to_vec(),
        started: caller.started().to_vec(),
        hung_up,
        end: end.to_owned(),
        ended: now,
        caller: caller_side,
        agent: agent_side,
    })
}

/// The caller's telephone, the way to the node, and the node's leg.
struct Line {
    phone: Phone,
    network: Network<Vec<u8>>,
    drift: netem::Drift,
    first: Moment,
    /// Ticks of the telephone so far.
    sent: u32,
    /// What the caller said since the last one.
    pending: Vec<i16>,
    core: LegCore,
    ends: LegEnds,
    tick: Moment,
    rate: SampleRate,
}

impl Line {
    fn open(setup: &Setup) -> Result<Self, ConnectError> {
        let codec = setup.codec;
        let rate = codec.rate();
        let mut random = Random(setup.seed);
        let (core, ends) = LegCore::new(leg_setup(setup, &mut random));
        let connection = Connection {
            telephone_event: Some(phone::events(codec)),
            ..Connection::new(SocketAddr::from(FAR_END), codec, phone::payload_type(codec))
        };
        let stream = StreamStart {
            ssrc: random.next() as u32,
            sequence: SequenceNumber(random.next() as u16),
            timestamp: RtpTimestamp(random.next() as u32),
        };
        let mut core = core;
        core.connect(
            START,
            Box::new(PreparedConnection::new(connection, stream)?),
        );
        let mut phase = || Duration::from_millis(random.next() % FRAME.as_millis() as u64);
        let (first, tick) = (START + phase(), START + phase());
        Ok(Self {
            phone: Phone::new(codec, random.next() as u32)?,
            drift: setup.net.drift,
            network: Network::new(setup.net.clone(), random.next()),
            first,
            sent: 0,
            pending: vec![0; rate.samples_in(FRAME)],
            core,
            ends,
            tick,
            rate,
        })
    }

    /// When the telephone sends next.
    fn sends(&self) -> Moment {
        self.drift.send_time(self.first, FRAME * self.sent)
    }

    fn deadline(&self) -> Moment {
        let own = self.sends().min(self.tick);
        self.network
            .deadline()
            .map_or(own, |arrival| own.min(arrival))
    }

    /// Lets the telephone send what was said in the last 20 ms, and the caller say more.
    fn talk(&mut self, now: Moment, caller: &mut Caller, agent: &Conversation<'_>) {
        while self.sends() <= now {
            let at = self.sends();
            self.sent += 1;
            if let Some(packet) = self.phone.send(at, &self.pending) {
                let bytes = packet.len() + HEADERS;
                self.network.send_sized(at, bytes, packet);
            }
            if !self.phone.has_pressed() {
                caller.is_pressing(at);
            }
            self.pending.clear();
            match caller.act(at, agent.manner()) {
                Doing::Says(range, samples) => {
                    self.pending.extend(samples.get(range).unwrap_or_default());
                }
                Doing::Presses(keys) => self.phone.press(&keys),
                Doing::Listens => {}
            }
            self.pending.resize(self.rate.samples_in(FRAME), 0);
        }
    }

    /// Lets packets arrive and the leg tick.
    fn carry(&mut self, now: Moment) {
        while let Some((at, mut packet)) = self.network.poll(now) {
            self.core
                .handle_packet(at, SocketAddr::from(FAR_END), &mut packet);
        }
        while self.tick <= now {
            self.core.tick(self.tick);
            self.core.poll_report(self.tick);
            self.tick = self.tick + FRAME;
        }
    }

    /// Ticks on until the leg has said how much of the agent was sent when it fell silent.
    fn tell_what_was_played(&mut self, now: Moment, conversation: &mut Conversation<'_>) {
        conversation.learn_what_was_played(now, &self.ends.feed);
        while conversation.awaits_cut_off() && self.tick <= now + LAST_TICKS {
            let tick = self.tick;
            self.carry(tick);
            conversation.learn_what_was_played(tick, &self.ends.feed);
        }
    }

    /// Plays for `rest` longer what the agent has still to say.
    fn run_out(&mut self, now: &mut Moment, rest: Duration, tape: &mut Tape) {
        let end = *now + rest;
        while self.tick <= end {
            let tick = self.tick;
            self.carry(tick);
            while self.ends.feed.pop_frame().is_some() {}
            tape.take(&self.ends);
        }
        *now = end;
    }
}

/// Bytes of IPv4 and UDP before each packet.
const HEADERS: usize = 28;

fn leg_setup(setup: &Setup, random: &mut Random) -> LegSetup {
    let codec = setup.codec;
    let rate = codec.rate();
    let format = Format {
        clock: codec.clock(),
        rate,
    };
    let mut cname = [0; 12];
    cname.fill_with(|| random.next() as u8);
    LegSetup {
        options: LegOptions {
            widest: rate,
            record: true,
            policy: Policy::Listen,
            inband_digits: true,
            background: setup.script.background,
        },
        identity: Identity {
            cname: Cname::new(cname),
            wall_clock: WallClock::new(START, TIME_OF_DAY),
            seed: random.next(),
        },
        no_rtp_timeout: NO_RTP_TIMEOUT,
        buffer: Box::new(AdaptiveBuffer::new(jitter::Settings::new(
            Policy::Listen,
            format,
        ))),
    }
}

/// Numbers that look random, always the same for one seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Both sides of the call from its start, as the recording of a live call has them.
struct Tape {
    rate: SampleRate,
    caller: Vec<i16>,
    agent: Vec<i16>,
}

impl Tape {
    fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            caller: Vec::new(),
            agent: Vec::new(),
        }
    }

    fn take(&mut self, ends: &LegEnds) {
        let Some(feed) = &ends.recording else {
            return;
        };
        while let Some(recorded) = feed.pop() {
            let side = match recorded.side {
                RecordedSide::Heard => &mut self.caller,
                RecordedSide::Played => &mut self.agent,
            };
            let late = self.rate.samples_in(START.since(recorded.at));
            let samples = recorded.frame.samples().get(late..).unwrap_or_default();
            let place = self.rate.samples_in(recorded.at.since(START));
            if side.len() < place + samples.len() {
                side.resize(place + samples.len(), 0);
            }
            if let Some(there) = side.get_mut(place..place + samples.len()) {
                there.copy_from_slice(samples);
            }
        }
    }

    fn finish(mut self, ended: Moment) -> (Vec<i16>, Vec<i16>) {
        let length = self.rate.samples_in(ended.since(START));
        self.caller.resize(length, 0);
        self.agent.resize(length, 0);
        (self.caller, self.agent)
    }
}
