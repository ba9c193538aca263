//! Real sockets, real threads, real time.

#[path = "../src/own_address.rs"]
mod own_address;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use audio::{FRAME, Frame, SampleRate, level};
use media::rtcp;
use media::{
    Clock, Codec, Connection, Leg, LegEvent, LegFeed, LegOptions, Media, MediaConfig, OpenLegError,
    PlayoutFrame, Policy, PushError, Rtcp, SegmentId, StartMediaError,
};
use own_address::own_address;

const RATE: SampleRate = SampleRate::HZ_8000;
const PATIENCE: Duration = Duration::from_secs(30);

fn config() -> MediaConfig {
    MediaConfig {
        bind: own_address(),
        threads: 1,
        raise_priority: false,
        // Tests share the machine with each other.
        max_lateness: Duration::from_secs(60),
        ..MediaConfig::default()
    }
}

fn start(config: MediaConfig) -> Media {
    Media::start(config, Clock::new(), std::thread::current()).expect("loopback media starts")
}

fn options() -> LegOptions {
    LegOptions {
        widest: RATE,
        record: false,
        policy: Policy::Play,
        inband_digits: false,
        background: None,
    }
}

fn connection(remote: SocketAddr) -> Connection {
    Connection::new(remote, Codec::Pcma, 8)
}

/// Waits until `condition` holds; media threads unpark this one.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "gave up waiting until {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Takes what a leg hears and keeps the audible part.
fn listen(feed: &LegFeed, audible: &mut Vec<Frame>) {
    let frames = std::iter::from_fn(|| feed.pop_frame()).map(|heard| heard.frame);
    audible.extend(frames.filter(|frame| level::is_audible(frame.samples())));
}

/// Says 20 ms, if there is room for them.
fn say(leg: &Leg, sample: i16) {
    let playout = leg.playout();
    let frame = PlayoutFrame {
        generation: playout.generation(),
        segment: SegmentId(1),
        last: false,
        frame: Frame::from_samples(&[sample; 160]).expect("160 samples fit"),
    };
    match playout.push(frame) {
        Ok(()) | Err(PushError::Full) => {}
        Err(error) => panic!("{error}"),
    }
}

/// The middle of all samples that are not silence.
fn median(frames: &[Frame]) -> i16 {
    let mut samples: Vec<i16> = frames
        .iter()
        .flat_map(|frame| frame.samples())
        .copied()
        .collect();
    samples.sort_unstable();
    samples[samples.len() / 2]
}

#[test]
fn two_nodes_hear_each_other() {
    let address = own_address();
    let here = start(MediaConfig {
        bind: address,
        ports: 4_000..=4_099,
        ..config()
    });
    let there = start(MediaConfig {
        bind: address,
        ports: 4_100..=4_199,
        ..config()
    });
    let (caller, caller_feed, _) = here.open(options()).unwrap();
    let (agent, agent_feed, _) = there.open(options()).unwrap();
    caller.connect(connection(agent.local_address())).unwrap();
    agent.connect(connection(caller.local_address())).unwrap();

    let (mut to_agent, mut to_caller) = (Vec::new(), Vec::new());
    wait_until("both have heard each other for a while", || {
        say(&caller, 4_032);
        say(&agent, -8_064);
        listen(&agent_feed, &mut to_agent);
        listen(&caller_feed, &mut to_caller);
        to_agent.len().min(to_caller.len()) >= 50
    });
    assert_eq!((median(&to_agent), median(&to_caller)), (4_032, -8_064));

    here.shutdown();
    let events: Vec<_> = std::iter::from_fn(|| caller_feed.pop_event()).collect();
    let from = agent.local_address();
    let is_latch = |event: &&LegEvent| matches!(event, LegEvent::FirstPacket { from: source, .. } if *source == from);
    assert_eq!(events.iter().filter(is_latch).count(), 1, "{events:?}");
    let statistics = here.statistics();
    assert!(statistics.legs.packets_sent >= 50 && statistics.legs.packets_received >= 50);
    assert_eq!(statistics.legs.send_failures, 0);
    assert_eq!(statistics.legs_opened, 1);
    assert_eq!(statistics.lateness.count(), statistics.ticks);
}

#[test]
fn two_hundred_closed_legs_return_their_ports_and_descriptors() {
    let media = start(MediaConfig {
        ports: 4_000..=4_399,
        ..config()
    });
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    for _ in 0..3 {
        let legs: Vec<_> = (0..200).map(|_| media.open(options()).unwrap()).collect();
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        legs.iter()
            .for_each(|(leg, _, _)| leg.connect(connection(anywhere)).unwrap());
        assert!(matches!(media.open(options()), Err(OpenLegError::NoPort)));
        drop(legs);
        wait_until("all legs are closed", || media.statistics().legs_open == 0);
    }
    // Other tests of this process open sockets too, but not hundreds.
    assert!(descriptors() < before + 100);
    assert_eq!(media.statistics().legs_opened, 600);
}

#[test]
fn no_more_legs_are_opened_than_the_threads_may_carry() {
    let media = start(MediaConfig {
        threads: 2,
        legs_per_thread: 3,
        ..config()
    });
    let mut legs: Vec<_> = (0..6).map(|_| media.open(options()).unwrap()).collect();
    assert!(matches!(
        media.open(options()),
        Err(OpenLegError::Full { limit: 6 })
    ));
    legs.pop();
    wait_until("the leg is closed", || media.statistics().legs_open == 5);
    media.open(options()).unwrap();
}

#[test]
fn a_range_without_ports_and_an_address_of_another_machine_are_refused() {
    let here = std::thread::current;
    let odd = MediaConfig {
        ports: 7_001..=7_001,
        ..config()
    };
    let ports = Media::start(odd, Clock::new(), here());
    assert!(matches!(
        ports,
        Err(StartMediaError::NoPorts {
            first: 7_001,
            last: 7_001
        })
    ));
    let elsewhere = MediaConfig {
        bind: [192, 0, 2, 1].into(),
        ..config()
    };
    let address = Media::start(elsewhere, Clock::new(), here());
    assert!(matches!(address, Err(StartMediaError::Address { .. })));
}

#[test]
fn shutting_down_ends_legs_and_refuses_new_ones() {
    let media = start(config());
    let (leg, _feed, _) = media.open(options()).unwrap();
    let address = leg.local_address();
    media.shutdown();
    UdpSocket::bind(address).expect("the port is free again");
    assert!(matches!(media.open(options()), Err(OpenLegError::Stopped)));
    leg.connect(connection(address)).unwrap();
    drop(leg);
    media.shutdown();
}

#[test]
fn the_far_end_of_another_family_is_reached_from_a_socket_of_both() {
    let both = MediaConfig {
        bind: "::".parse().unwrap(),
        ..config()
    };
    let Ok(media) = Media::start(both, Clock::new(), std::thread::current()) else {
        println!("this machine has no IPv6");
        return;
    };
    let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    phone.set_read_timeout(Some(PATIENCE)).unwrap();
    let (leg, _feed, _) = media.open(options()).unwrap();
    leg.connect(connection(phone.local_addr().unwrap()))
        .unwrap();
    let mut datagram = [0; 256];
    let (len, from) = phone.recv_from(&mut datagram).unwrap();
    assert_eq!((len, from.port()), (172, leg.local_address().port()));
}

#[test]
fn a_machine_that_listens_hears_a_whole_sentence_without_a_gap() {
    let media = start(config());
    let listening = LegOptions {
        policy: Policy::Listen,
        ..options()
    };
    let (ear, ear_feed, _) = media.open(listening).unwrap();
    let (mouth, mouth_feed, _) = media.open(options()).unwrap();
    ear.connect(connection(mouth.local_address())).unwrap();
    mouth.connect(connection(ear.local_address())).unwrap();
    assert_eq!(ear.rate(), Some(RATE));
    let mut heard = Vec::new();
    wait_until("two seconds are heard", || {
        say(&mouth, 4_032);
        while mouth_feed.pop_frame().is_some() {}
        heard.extend(std::iter::from_fn(|| ear_feed.pop_frame()));
        heard.len() >= 100
    });
    for pair in heard.windows(2) {
        let step = pair[1].until.since(pair[0].until);
        assert!(step.abs_diff(FRAME) < Duration::from_millis(5), "{step:?}");
    }
}

/// Reads a report from `socket`, which others may precede.
fn next_report(socket: &UdpSocket) -> Vec<u8> {
    let mut datagram = [0; 1_500];
    loop {
        let (len, _) = socket.recv_from(&mut datagram).expect("a report comes");
        if rtcp::is_rtcp(&datagram[..len]) {
            return datagram[..len].to_vec();
        }
    }
}

fn says_goodbye(report: &[u8]) -> bool {
    let mut packets = rtcp::parse(report).expect("the leg sends valid RTCP");
    packets.any(|packet| matches!(packet, rtcp::Packet::Goodbye(_)))
}

#[test]
fn a_leg_says_goodbye_from_its_odd_port_however_it_ends() {
    for shut_down in [false, true] {
        let media = start(config());
        let [audio, control] = [(); 2].map(|()| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket
        });
        let (leg, _feed, _) = media.open(options()).unwrap();
        leg.connect(Connection {
            rtcp: Rtcp::At(control.local_addr().unwrap()),
            ..connection(audio.local_addr().unwrap())
        })
        .unwrap();
        let local = leg.local_address();
        audio.recv_from(&mut [0; 256]).expect("audio comes");
        if shut_down {
            media.shutdown();
        } else {
            drop(leg);
        }
        let mut datagram = [0; 256];
        let (len, from) = control.recv_from(&mut datagram).unwrap();
        assert_eq!(from, SocketAddr::new(local.ip(), local.port() + 1));
        assert!(says_goodbye(&datagram[..len]));
    }
}

#[test]
fn muxed_reports_come_with_the_audio() {
    let media = start(config());
    let far = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    far.set_read_timeout(Some(PATIENCE)).unwrap();
    let (leg, _feed, _) = media.open(options()).unwrap();
    leg.connect(Connection {
        rtcp: Rtcp::Muxed,
        ..connection(far.local_addr().unwrap())
    })
    .unwrap();
    far.recv_from(&mut [0; 256]).expect("audio comes");
    drop(leg);
    assert!(says_goodbye(&next_report(&far)));
}

#[test]
fn a_thread_at_its_limit_takes_no_further_leg() {
    let media = start(MediaConfig {
        max_busy: 0.0,
        ..config()
    });
    let (leg, feed, _) = media.open(options()).expect("a resting thread has room");
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    leg.connect(connection(anywhere)).unwrap();
    wait_until("the load is measured and too high", || {
        while feed.pop_frame().is_some() {}
        matches!(media.open(options()), Err(OpenLegError::Overloaded))
    });
    let statistics = media.statistics();
    assert!(statistics.busiest > 0.0 && statistics.busiest < 1.0);
    assert!(statistics.busy > Duration::ZERO);
    drop(leg);
    wait_until("the thread rests", || media.open(options()).is_ok());
}

#[test]
fn what_legs_cost_and_how_evenly_they_send_is_counted() {
    let media = start(config());
    let (one, one_feed, _) = media.open(options()).unwrap();
    let (other, _other_feed, _) = media.open(options()).unwrap();
    one.connect(connection(other.local_address())).unwrap();
    other.connect(connection(one.local_address())).unwrap();
    wait_until("a second has passed", || {
        while one_feed.pop_frame().is_some() {}
        one.statistics().packets_received >= 50
    });
    for statistics in [one.statistics(), other.statistics()] {
        assert!(statistics.tick_nanos > 0 && statistics.receive_nanos > 0);
    }
    media.shutdown();
    let statistics = media.statistics();
    // The first packet of a leg has none before it.
    assert_eq!(
        statistics.send_jitter.count(),
        statistics.legs.packets_sent - 2
    );
}
