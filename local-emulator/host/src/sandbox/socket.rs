//! Packets with a descriptor beside them, without waiting.
//!
//! What is too long for a packet goes in a file without a name, whose descriptor goes in its place.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, sendmsg};

/// A packet's bytes. Several have room in a socket at once, however small the system has set its buffer.
const PACKET_BYTES: usize = 16 * 1024;

/// Stands for a message that goes in a file: no message begins like this.
const IN_A_FILE: &[u8] = b"\0";

/// A message that is ready to be sent.
#[derive(Debug)]
pub(super) struct Packet {
    bytes: Vec<u8>,
    /// The file that the message is in, and what travels beside it.
    descriptors: Vec<OwnedFd>,
}

impl Packet {
    pub(super) fn new(bytes: Vec<u8>, beside: Option<OwnedFd>) -> Result<Self, Errno> {
        if bytes.len() <= PACKET_BYTES {
            return Ok(Self { bytes, descriptors: beside.into_iter().collect() });
        }
        let errno = |error: std::io::Error| {
            error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
        };
        let mut file = File::from(memfd_create(c"lunch-message", MFdFlags::MFD_CLOEXEC)?);
        file.write_all(&bytes).map_err(errno)?;
        file.rewind().map_err(errno)?;
        let descriptors = std::iter::once(file.into()).chain(beside).collect();
        Ok(Self { bytes: IN_A_FILE.to_vec(), descriptors })
    }

    /// Sends it. `EAGAIN`: there is no room now.
    pub(super) fn send(&self, socket: &impl AsFd) -> Result<(), Errno> {
        let descriptors: Vec<_> = self.descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let control = [ControlMessage::ScmRights(&descriptors)];
        let control = if descriptors.is_empty() { &[][..] } else { &control[..] };
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        let parts = [IoSlice::new(&self.bytes)];
        loop {
            match sendmsg::<UnixAddr>(socket.as_fd().as_raw_fd(), &parts, control, flags, None) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                // Too many descriptors are on their way: they arrive, and there is room again.
                Err(Errno::ETOOMANYREFS | Errno::ENOBUFS) => return Err(Errno::EAGAIN),
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// Receives one message; `None` at the end. `EAGAIN`: there is none now.
pub(super) fn receive(socket: &impl AsFd) -> Result<Option<(Vec<u8>, Option<OwnedFd>)>, Errno> {
    let mut buffer = [0; PACKET_BYTES];
    let (length, mut descriptors) = packet(socket, &mut buffer)?;
    if length == 0 {
        return Ok(None);
    }
    if &buffer[..length] == IN_A_FILE {
        let mut bytes = Vec::new();
        let file = descriptors.next().ok_or(Errno::EBADMSG)?;
        File::from(file).read_to_end(&mut bytes).map_err(|_| Errno::EIO)?;
        return Ok(Some((bytes, descriptors.next())));
    }
    Ok(Some((buffer[..length].to_vec(), descriptors.next())))
}

/// A packet's length and the descriptors that came with it.
fn packet(
    socket: &impl AsFd,
    buffer: &mut [u8],
) -> Result<(usize, std::vec::IntoIter<OwnedFd>), Errno> {
    let mut control = nix::cmsg_space!([RawFd; 2]);
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let socket = socket.as_fd().as_raw_fd();
    loop {
        let mut parts = [IoSliceMut::new(buffer)];
        match recvmsg::<UnixAddr>(socket, &mut parts, Some(&mut control), flags) {
            Ok(message) => {
                let mut descriptors = Vec::new();
                for control in message.cmsgs()? {
                    if let ControlMessageOwned::ScmRights(numbers) = control {
                        descriptors.extend(numbers.into_iter().map(own));
                    }
                }
                return Ok((message.bytes, descriptors.into_iter()));
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

#[expect(
    unsafe_code,
    reason = "a descriptor that came by a socket is only a number until it is owned"
)]
fn own(number: RawFd) -> OwnedFd {
    // SAFETY: the kernel has just given this number to this process, which owns it from here on.
    unsafe { OwnedFd::from_raw_fd(number) }
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

    use super::*;

    #[test]
    fn messages_of_every_length_arrive_whole_and_with_what_is_beside_them() {
        let (ours, theirs) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
                .expect("there are sockets");
        for length in [1, PACKET_BYTES, PACKET_BYTES + 1, 5_000_000] {
            let (reader, writer) = std::io::pipe().expect("there are descriptors");
            let bytes: Vec<_> = (b'a'..=b'z').cycle().take(length).collect();
            let packet = Packet::new(bytes.clone(), Some(writer.into())).expect("there is memory");
            packet.send(&ours).expect("there is room");
            drop(packet);
            let (came, beside) = receive(&theirs).expect("it is there").expect("it is no end");
            assert!(came == bytes, "{length} bytes came as {}", came.len());
            File::from(beside.expect("it travelled")).write_all(b"x").expect("it is the pipe");
            assert_eq!(std::io::read_to_string(reader).expect("one wrote"), "x");
        }
        assert_eq!(receive(&theirs).expect_err("there is no more"), Errno::EAGAIN);
        drop(ours);
        assert!(receive(&theirs).expect("that is no error").is_none());
    }
}
