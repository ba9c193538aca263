//! Two ways in which a media thread can wait for its next deadline and for what arrives
//! meanwhile: asleep until the deadline, after which it reads what has come; and in epoll, for
//! whatever comes first, the deadline as a timer among the sockets.
//!
//! `cargo bench -p benches --bench wait [-- --json FILE]`
//!
//! Each socket is sent a datagram every 20 ms, spread evenly over them, by another thread. What
//! is measured is the waiting thread alone: nothing is decoded and nothing is sent.

#![allow(clippy::print_stdout, reason = "figures are what this program is for")]
#![allow(
    unsafe_code,
    reason = "epoll, its timers and the time of a thread exist only in C"
)]

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fs, thread};

use benches::{Distribution, load_average};
use clap::Parser;
use serde_json::json;

const SOCKETS: [usize; 3] = [1, 50, 300];

/// Between two datagrams of one socket.
const FRAME: Duration = Duration::from_millis(20);

/// Between two deadlines of a thread.
const PHASE: Duration = Duration::from_millis(5);

/// Deadlines in one round: two seconds of them.
const DEADLINES: usize = 400;

/// Rounds of each way, in turns with the other's.
const ROUNDS: usize = 7;

/// As long as a packet of PCMU. It begins with the time at which it was sent.
const DATAGRAM: usize = 172;

/// Names the timer in a set of sockets.
const TIMER: u64 = u64::MAX;

/// Measures the waiting of a media thread.
#[derive(Debug, Parser)]
struct Arguments {
    /// Writes the figures to this file as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Sleep,
    Epoll,
}

/// What one round showed.
#[derive(Clone, Debug)]
struct Round {
    /// Processor time of the thread for each tick of 20 ms.
    cost: Duration,
    /// How often it woke in a second.
    wakes: f64,
    /// How long after its deadline it was awake.
    lateness: Distribution,
    /// From the sending of a datagram until it was read.
    waited: Distribution,
}

fn main() {
    let arguments = Arguments::parse();
    println!("load average: {}", load_average());
    println!(
        "{:>7} {:>6} {:>12} {:>8} {:>14} {:>14} {:>14}",
        "sockets", "way", "cost/tick us", "wakes/s", "late p50 us", "late p99 us", "read after us"
    );
    let mut figures = Vec::new();
    for sockets in SOCKETS {
        let mut costs = Vec::new();
        let mut rounds = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (way, rounds) in [Way::Sleep, Way::Epoll].into_iter().zip(&mut rounds) {
                rounds.push(round(way, sockets).expect("sockets of this machine"));
            }
        }
        for (way, rounds) in [Way::Sleep, Way::Epoll].into_iter().zip(&rounds) {
            let cost = median(rounds, |round| micros(round.cost));
            let wakes = median(rounds, |round| round.wakes);
            let late = median(rounds, |round| micros(round.lateness.quantile(0.5)));
            let latest = median(rounds, |round| micros(round.lateness.quantile(0.99)));
            let waited = median(rounds, |round| micros(round.waited.quantile(0.5)));
            println!(
                "{sockets:>7} {way:>6?} {cost:>12.1} {wakes:>8.0} {late:>14.0} {latest:>14.0} \
                 {waited:>14.0}"
            );
            costs.push(cost);
            figures.push(json!({
                "sockets": sockets,
                "way": format!("{way:?}").to_lowercase(),
                "cost_per_tick_us": cost,
                "wakes_per_second": wakes,
                "late_us": { "p50": late, "p99": latest },
                "read_after_us": { "p50": waited },
            }));
        }
        if let [sleep, epoll] = costs.as_slice() {
            println!(
                "{sockets:>7} epoll costs {:.2} times as much",
                epoll / sleep
            );
        }
    }
    println!("load average: {}", load_average());
    if let Some(file) = arguments.json {
        let figures = json!({ "wait": figures });
        fs::write(file, format!("{figures:#}\n")).expect("the file can be written");
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// One round on new sockets.
fn round(way: Way, sockets: usize) -> io::Result<Round> {
    let mut thread = Waiting::new(sockets)?;
    let addresses = thread.addresses()?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sender = scope.spawn(|| send(&addresses, &over));
        let round = match way {
            Way::Sleep => thread.sleep(),
            Way::Epoll => thread.wait_in_epoll(),
        };
        over.store(true, Ordering::Relaxed);
        sender.join().expect("the sender does not panic")?;
        round
    })
}

/// Sends each address a datagram every 20 ms until it is over.
fn send(addresses: &[SocketAddr], over: &AtomicBool) -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let step = FRAME / addresses.len() as u32;
    let mut next = now();
    for address in addresses.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep(next.saturating_sub(now()));
        let mut datagram = [0; DATAGRAM];
        datagram[..8].copy_from_slice(&(now().as_nanos() as u64).to_le_bytes());
        socket.send_to(&datagram, address)?;
        next += step;
    }
    Ok(())
}

/// The sockets of a media thread, the set that says which can be read, and what was seen.
struct Waiting {
    sockets: Vec<UdpSocket>,
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
    wakes: usize,
    lateness: Vec<Duration>,
    waited: Vec<Duration>,
}

impl Waiting {
    fn new(sockets: usize) -> io::Result<Self> {
        // SAFETY: no pointer is passed, and the descriptor is checked before it is owned.
        let epoll = unsafe { owned(libc::epoll_create1(libc::EPOLL_CLOEXEC)) }?;
        let sockets: io::Result<Vec<_>> = (0..sockets)
            .map(|_| {
                let socket = UdpSocket::bind("127.0.0.1:0")?;
                socket.set_nonblocking(true)?;
                Ok(socket)
            })
            .collect();
        let sockets = sockets?;
        let waiting = Self {
            events: vec![libc::epoll_event { events: 0, u64: 0 }; sockets.len() + 1],
            sockets,
            epoll,
            wakes: 0,
            lateness: Vec::new(),
            waited: Vec::new(),
        };
        for (index, socket) in waiting.sockets.iter().enumerate() {
            waiting.watch(socket, index as u64)?;
        }
        Ok(waiting)
    }

    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(UdpSocket::local_addr).collect()
    }

    fn watch(&self, descriptor: &impl AsFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: token,
        };
        let descriptor = descriptor.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open, and the kernel copies `event`.
        let result = unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                descriptor,
                &raw mut event,
            )
        };
        checked(result).map(drop)
    }

    /// Asks which can be read, and waits for one of them if `timeout` is -1.
    fn poll(&mut self, timeout: libc::c_int) -> io::Result<usize> {
        let capacity = self.events.len() as libc::c_int;
        let events = self.events.as_mut_ptr();
        // SAFETY: the kernel writes at most `capacity` entries into `events`.
        let count = unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), events, capacity, timeout) };
        checked(count).map(|count| count as usize)
    }

    fn read(&mut self, token: u64) -> io::Result<()> {
        let mut datagram = [0; 2_048];
        let socket = &self.sockets[token as usize];
        match socket.recv(&mut datagram) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut sent = [0; 8];
        sent.copy_from_slice(&datagram[..8]);
        let sent = Duration::from_nanos(u64::from_le_bytes(sent));
        self.waited.push(now().saturating_sub(sent));
        Ok(())
    }

    /// Sleeps until each deadline and reads what has come by then.
    fn sleep(&mut self) -> io::Result<Round> {
        let began = processor_time();
        let mut deadline = now() + PHASE;
        for _ in 0..DEADLINES {
            thread::sleep(deadline.saturating_sub(now()));
            self.awake(deadline);
            loop {
                let ready = self.poll(0)?;
                if ready == 0 {
                    break;
                }
                for index in 0..ready {
                    self.read(self.events[index].u64)?;
                }
            }
            deadline += PHASE;
        }
        Ok(self.finish(began))
    }

    /// Reads each datagram as it comes, until the timer says that a deadline has.
    fn wait_in_epoll(&mut self) -> io::Result<Round> {
        let began = processor_time();
        let mut deadline = now() + PHASE;
        let timer = timer(deadline)?;
        self.watch(&timer, TIMER)?;
        let mut passed = 0;
        while passed < DEADLINES {
            let ready = self.poll(-1)?;
            let due = (0..ready).any(|index| self.events[index].u64 == TIMER);
            if due {
                let expired = expirations(&timer)?;
                self.awake(deadline);
                passed += expired;
                deadline += PHASE * expired as u32;
            } else {
                self.wakes += 1;
            }
            for index in 0..ready {
                let token = self.events[index].u64;
                if token != TIMER {
                    self.read(token)?;
                }
            }
        }
        Ok(self.finish(began))
    }

    fn awake(&mut self, deadline: Duration) {
        self.wakes += 1;
        self.lateness.push(now().saturating_sub(deadline));
    }

    fn finish(&mut self, began: Duration) -> Round {
        let seconds = (PHASE * DEADLINES as u32).as_secs_f64();
        let ticks = seconds / FRAME.as_secs_f64();
        Round {
            cost: (processor_time() - began).div_f64(ticks),
            wakes: self.wakes as f64 / seconds,
            lateness: self.lateness.drain(..).collect(),
            waited: self.waited.drain(..).collect(),
        }
    }
}

/// A timer that expires at `first`, and every 5 ms after it.
fn timer(first: Duration) -> io::Result<OwnedFd> {
    let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
    // SAFETY: no pointer is passed, and the descriptor is checked before it is owned.
    let timer = unsafe { owned(libc::timerfd_create(libc::CLOCK_MONOTONIC, flags)) }?;
    let times = libc::itimerspec {
        it_interval: timespec(PHASE),
        it_value: timespec(first),
    };
    let (descriptor, flags) = (timer.as_raw_fd(), libc::TFD_TIMER_ABSTIME);
    // SAFETY: `times` is only read, and nobody asks for the times before.
    let result =
        unsafe { libc::timerfd_settime(descriptor, flags, &raw const times, std::ptr::null_mut()) };
    checked(result)?;
    Ok(timer)
}

/// How often the timer expired since it was last asked.
fn expirations(timer: &OwnedFd) -> io::Result<usize> {
    let mut count = [0_u8; 8];
    // SAFETY: the kernel writes 8 octets into `count`, which has as many.
    let read = unsafe { libc::read(timer.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    if read < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(u64::from_ne_bytes(count) as usize)
}

fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: time.as_secs() as libc::time_t,
        tv_nsec: libc::c_long::from(time.subsec_nanos() as i32),
    }
}

fn now() -> Duration {
    time_of(libc::CLOCK_MONOTONIC)
}

/// What this thread took of its processor.
fn processor_time() -> Duration {
    time_of(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn time_of(clock: libc::clockid_t) -> Duration {
    let mut time = timespec(Duration::ZERO);
    // SAFETY: `time` is written by the call.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    checked(result).expect("the clock exists");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// # Safety
///
/// `descriptor` is an error or was opened just now, and nobody else has it.
unsafe fn owned(descriptor: libc::c_int) -> io::Result<OwnedFd> {
    let descriptor = checked(descriptor)?;
    // SAFETY: the caller's promise.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
