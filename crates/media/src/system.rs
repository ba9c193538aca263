//! What the operating system offers that the standard library does not: epoll,
//! processor affinity, scheduling priority, randomness. Linux only.
#![allow(unsafe_code, reason = "these calls exist only as C functions")]

mod datagram;

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, cpu_set_t};

pub(crate) use self::datagram::{note_arrivals, receive};

/// Above every ordinary thread, below the kernel's own real-time threads.
const REAL_TIME_PRIORITY: c_int = 10;
const NICENESS: c_int = -10;

/// A set of sockets that is asked which of them have something to read.
///
/// Level-triggered: a socket is named again until it has been read empty. One
/// that is closed leaves the set by itself.
#[derive(Debug)]
pub(crate) struct ReadySet {
    epoll: OwnedFd,
    events: Box<[libc::epoll_event]>,
}

impl ReadySet {
    /// An empty set that names up to `capacity` sockets at a time.
    pub(crate) fn new(capacity: usize) -> io::Result<Self> {
        // SAFETY: no pointer is passed; the descriptor is checked before it is owned.
        let fd = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: `fd` was opened just above and nobody else has it.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        let events = vec![libc::epoll_event { events: 0, u64: 0 }; capacity.max(1)];
        Ok(Self {
            epoll,
            events: events.into_boxed_slice(),
        })
    }

    /// Adds `socket`, to be named as `token`.
    pub(crate) fn add(&self, socket: &impl AsFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: token,
        };
        let fd = socket.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open for the length of the borrows, and the
        // kernel copies `event` before the call returns.
        let result = unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                fd,
                &raw mut event,
            )
        };
        checked(result)?;
        Ok(())
    }

    /// The tokens of the sockets that can be read now; does not wait.
    pub(crate) fn poll(&mut self) -> impl ExactSizeIterator<Item = u64> + '_ {
        let capacity = c_int::try_from(self.events.len()).unwrap_or(c_int::MAX);
        // SAFETY: the kernel writes at most `capacity` entries into `events`, which has
        // at least as many.
        let count = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                self.events.as_mut_ptr(),
                capacity,
                0,
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        self.events.iter().take(count).map(|event| event.u64)
    }
}

/// The processors that this thread may run on, at least one.
pub(crate) fn allowed_processors() -> Vec<usize> {
    // SAFETY: an all-zero `cpu_set_t` is the empty set.
    let mut set: cpu_set_t = unsafe { zeroed() };
    // SAFETY: `set` is exactly as large as the length says, and is written by the call.
    let result = unsafe { libc::sched_getaffinity(0, size_of::<cpu_set_t>(), &raw mut set) };
    if checked(result).is_err() {
        return vec![0];
    }
    let limit = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
    // SAFETY: `processor` is below `CPU_SETSIZE`, the number of bits of the set.
    (0..limit)
        .filter(|&processor| unsafe { libc::CPU_ISSET(processor, &set) })
        .collect()
}

/// Ties the calling thread to `processor`, one of [`allowed_processors`].
pub(crate) fn pin_to(processor: usize) -> io::Result<()> {
    // SAFETY: an all-zero `cpu_set_t` is the empty set.
    let mut set: cpu_set_t = unsafe { zeroed() };
    // SAFETY: the function indexes the set's words with a bounds check.
    unsafe { libc::CPU_SET(processor, &mut set) };
    // SAFETY: `set` is exactly as large as the length says, and is only read.
    let result = unsafe { libc::sched_setaffinity(0, size_of::<cpu_set_t>(), &raw const set) };
    checked(result)?;
    Ok(())
}

/// How a thread is scheduled, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    /// Before every ordinary thread.
    RealTime,
    /// Favoured among ordinary threads.
    Favoured,
    /// Like any other thread: the system permits no more.
    Ordinary,
}

/// Gives the calling thread the best priority that the system permits.
pub(crate) fn raise_priority() -> Priority {
    // SAFETY: an all-zero `sched_param` is valid; on some C libraries it has more fields.
    let mut param: libc::sched_param = unsafe { zeroed() };
    param.sched_priority = REAL_TIME_PRIORITY;
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: thread 0 is the calling one, and `param` is only read.
    let real_time = unsafe { libc::sched_setscheduler(0, policy, &raw const param) };
    if real_time == 0 {
        return Priority::RealTime;
    }
    // SAFETY: no pointer is passed; on Linux process 0 means the calling thread.
    let favoured = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    if favoured == 0 {
        Priority::Favoured
    } else {
        Priority::Ordinary
    }
}

/// Lets this process have at least `descriptors` open, as far as the system permits.
pub(crate) fn permit_descriptors(descriptors: u64) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is written by the call.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0;
    if !known || limit.rlim_cur >= descriptors {
        return;
    }
    limit.rlim_cur = limit.rlim_max.min(descriptors);
    // SAFETY: `limit` is only read.
    let raised = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } == 0;
    if !raised || limit.rlim_cur < descriptors {
        tracing::warn!(
            permitted = limit.rlim_cur,
            wanted = descriptors,
            "fewer files may be open than the media threads have places for; \
             raise the limit on open files"
        );
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    const { assert!(N <= 256, "longer requests may be cut short") };
    let mut bytes = [0; N];
    // SAFETY: the kernel writes at most `N` bytes into `bytes`, which has `N`.
    let written = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) };
    if usize::try_from(written) == Ok(N) {
        Ok(bytes)
    } else {
        Err(io::Error::last_os_error())
    }
}

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn a_socket_is_ready_until_it_is_read_empty() {
        let mut set = ReadySet::new(4).unwrap();
        let quiet = UdpSocket::bind("127.0.0.1:0").unwrap();
        let busy = UdpSocket::bind("127.0.0.1:0").unwrap();
        set.add(&quiet, 1).unwrap();
        set.add(&busy, 2).unwrap();
        assert_eq!(set.poll().len(), 0);
        for _ in 0..2 {
            quiet.send_to(b"x", busy.local_addr().unwrap()).unwrap();
        }
        for _ in 0..2 {
            assert_eq!(set.poll().collect::<Vec<_>>(), [2]);
            busy.recv_from(&mut [0; 8]).unwrap();
        }
        assert_eq!(set.poll().len(), 0);
    }

    #[test]
    fn a_closed_socket_leaves_the_set() {
        let mut set = ReadySet::new(4).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        set.add(&receiver, 1).unwrap();
        sender
            .send_to(b"x", receiver.local_addr().unwrap())
            .unwrap();
        assert_eq!(set.poll().len(), 1);
        drop(receiver);
        assert_eq!(set.poll().len(), 0);
    }

    #[test]
    fn a_thread_runs_where_it_is_pinned() {
        let processor = *allowed_processors().last().unwrap();
        let allowed = std::thread::spawn(move || {
            pin_to(processor).unwrap();
            allowed_processors()
        });
        assert_eq!(allowed.join().unwrap(), [processor]);
    }

    #[test]
    fn as_many_descriptors_as_permitted_may_be_open() {
        permit_descriptors(100);
        permit_descriptors(2_000);
        let sockets = (0..600).map(|_| UdpSocket::bind("127.0.0.1:0"));
        assert!(sockets.collect::<io::Result<Vec<_>>>().is_ok());
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random_bytes::<16>().unwrap(), random_bytes::<16>().unwrap());
    }
}
