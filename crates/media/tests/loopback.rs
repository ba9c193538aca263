//! Real sockets, real threads, real time.

#[path = "../src/own_address.rs"]
mod own_address;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use audio::{Frame, SampleRate, level};
use media::{
    Clock, Codec, Connection, Leg, LegEvent, LegFeed, LegOptions, Media, MediaConfig, OpenLegError,
    PlayoutFrame, PushError, SegmentId, StartMediaError,
};
use own_address::own_address;

const RATE: SampleRate = SampleRate::HZ_8000;
const PATIENCE: Duration = Duration::from_secs(30);

fn config() -> MediaConfig {
    MediaConfig {
        bind: own_address(),
        threads: 1,
        raise_priority: false,
        ..MediaConfig::default()
    }
}

fn start(config: MediaConfig) -> Media {
    Media::start(config, Clock::new(), std::thread::current()).expect("loopback media starts")
}

fn options() -> LegOptions {
    LegOptions {
        rate: RATE,
        record: false,
    }
}

fn connection(remote: SocketAddr) -> Connection {
    Connection {
        remote,
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: None,
        send: true,
        receive: true,
    }
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
    caller.connect(connection(agent.local_address()));
    agent.connect(connection(caller.local_address()));

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
            .for_each(|(leg, _, _)| leg.connect(connection(anywhere)));
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
    leg.connect(connection(address));
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
    leg.connect(connection(phone.local_addr().unwrap()));
    let mut datagram = [0; 256];
    let (len, from) = phone.recv_from(&mut datagram).unwrap();
    assert_eq!((len, from.port()), (172, leg.local_address().port()));
}
