//! Reads datagrams together with the moment at which the kernel got them.
#![allow(unsafe_code, reason = "the kernel's moment comes only with `recvmsg`")]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::Duration;

use libc::{c_int, c_void, iovec, msghdr, sockaddr_in, sockaddr_in6, sockaddr_storage, timespec};

/// A datagram that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Datagram {
    /// How many octets of it were read.
    pub(crate) len: usize,
    /// Who sent it.
    pub(crate) from: SocketAddr,
    /// When it arrived, since 1970, if the socket notes that.
    pub(crate) arrived: Option<Duration>,
}

/// Room for one timestamp, aligned as control messages are.
#[repr(C, align(8))]
struct ControlBuffer([u8; 64]);

/// Makes the kernel note when each datagram arrives.
pub(crate) fn note_arrivals(socket: &UdpSocket) -> io::Result<()> {
    let on: c_int = 1;
    // SAFETY: the descriptor is open for the length of the borrow, and `on` is as
    // large as the length says.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    super::checked(result)?;
    Ok(())
}

/// Reads one datagram into `buffer`; what does not fit is lost.
pub(crate) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Datagram> {
    // SAFETY: all-zero addresses and headers are valid, if meaningless.
    let (mut address, mut header): (sockaddr_storage, msghdr) = unsafe { (zeroed(), zeroed()) };
    let mut control = ControlBuffer([0; 64]);
    let mut payload = iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    header.msg_name = (&raw mut address).cast();
    header.msg_namelen = size_of::<sockaddr_storage>() as libc::socklen_t;
    header.msg_iov = &raw mut payload;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut control).cast::<c_void>();
    header.msg_controllen = size_of::<ControlBuffer>() as _;
    // SAFETY: everything that `header` points to lives until the end of this function
    // and is as large as it says.
    let len = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, 0) };
    let len = usize::try_from(len).map_err(|_| io::Error::last_os_error())?;
    let from = socket_address(&address)
        .ok_or_else(|| io::Error::other("a datagram came from an address of no known family"))?;
    Ok(Datagram {
        len,
        from,
        arrived: arrival(&header),
    })
}

fn socket_address(storage: &sockaddr_storage) -> Option<SocketAddr> {
    let storage_start = ptr::from_ref(storage);
    match c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the storage, which is large enough and
            // aligned for every kind of address, holds this one.
            let address = unsafe { &*storage_start.cast::<sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            let port = u16::from_be(address.sin_port);
            Some(SocketAddrV4::new(ip, port).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let address = unsafe { &*storage_start.cast::<sockaddr_in6>() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            let port = u16::from_be(address.sin6_port);
            let scope = address.sin6_scope_id;
            Some(SocketAddrV6::new(ip, port, address.sin6_flowinfo, scope).into())
        }
        _ => None,
    }
}

/// The kernel's timestamp among the control messages of `header`.
fn arrival(header: &msghdr) -> Option<Duration> {
    // SAFETY: the kernel has set the length of the control messages to what it wrote.
    let first = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: the pointer is null or leads to a whole header within the buffer.
    let message = unsafe { first.as_ref() }?;
    let is_timestamp = message.cmsg_level == libc::SOL_SOCKET
        && message.cmsg_type == libc::SCM_TIMESTAMPNS
        // SAFETY: this only computes a length.
        && message.cmsg_len as usize >= unsafe { libc::CMSG_LEN(size_of::<timespec>() as u32) } as usize;
    if !is_timestamp {
        return None;
    }
    // SAFETY: the message is long enough for a timestamp, which may lie unaligned.
    let time: timespec = unsafe { ptr::read_unaligned(libc::CMSG_DATA(first).cast()) };
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    Some(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn pair(address: &str) -> Option<(UdpSocket, UdpSocket)> {
        let sender = UdpSocket::bind((address, 0)).ok()?;
        let receiver = UdpSocket::bind((address, 0)).ok()?;
        Some((sender, receiver))
    }

    #[test]
    fn a_datagram_comes_with_its_sender_and_its_moment() {
        for address in ["127.0.0.1", "::1"] {
            let Some((sender, receiver)) = pair(address) else {
                println!("this machine has no {address}");
                continue;
            };
            note_arrivals(&receiver).unwrap();
            let before = SystemTime::UNIX_EPOCH.elapsed().unwrap();
            sender
                .send_to(b"hello", receiver.local_addr().unwrap())
                .unwrap();
            let mut buffer = [0; 16];
            let datagram = receive(&receiver, &mut buffer).unwrap();
            assert_eq!(&buffer[..datagram.len], b"hello");
            assert_eq!(datagram.from, sender.local_addr().unwrap());
            let arrived = datagram.arrived.unwrap();
            let after = SystemTime::UNIX_EPOCH.elapsed().unwrap();
            assert!(arrived >= before - Duration::from_millis(1) && arrived <= after);
        }
    }

    #[test]
    fn a_socket_that_notes_no_arrivals_gives_none() {
        let (sender, receiver) = pair("127.0.0.1").unwrap();
        sender
            .send_to(b"hello", receiver.local_addr().unwrap())
            .unwrap();
        let datagram = receive(&receiver, &mut [0; 3]).unwrap();
        assert_eq!((datagram.len, datagram.arrived), (3, None));
    }

    #[test]
    fn an_empty_socket_that_does_not_wait_says_so() {
        let (_, receiver) = pair("127.0.0.1").unwrap();
        receiver.set_nonblocking(true).unwrap();
        let error = receive(&receiver, &mut [0; 3]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
