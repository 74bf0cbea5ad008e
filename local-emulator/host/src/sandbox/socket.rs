//! Packets with a descriptor beside them, without waiting.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, sendmsg};

use super::message::BYTES_MAX;

/// Sends one packet. `EAGAIN`: there is no room now.
pub(super) fn send(
    socket: &impl AsFd,
    bytes: &[u8],
    descriptor: Option<&OwnedFd>,
) -> Result<(), Errno> {
    let descriptors = descriptor.map(|descriptor| [descriptor.as_raw_fd()]);
    let control = descriptors.as_ref().map(|descriptors| [ControlMessage::ScmRights(descriptors)]);
    let control = control.as_ref().map_or(&[][..], |control| &control[..]);
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    let parts = [IoSlice::new(bytes)];
    loop {
        match sendmsg::<UnixAddr>(socket.as_fd().as_raw_fd(), &parts, control, flags, None) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Receives one packet; `None` at the end. `EAGAIN`: there is none now.
#[expect(
    unsafe_code,
    reason = "a descriptor that came by a socket is only a number until it is owned"
)]
pub(super) fn receive(socket: &impl AsFd) -> Result<Option<(Vec<u8>, Option<OwnedFd>)>, Errno> {
    thread_local! {
        static BUFFER: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(BYTES_MAX, 0);
        let mut control = nix::cmsg_space!([std::os::fd::RawFd; 1]);
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
        let (length, descriptor) = loop {
            let mut parts = [IoSliceMut::new(buffer)];
            let number = socket.as_fd().as_raw_fd();
            match recvmsg::<UnixAddr>(number, &mut parts, Some(&mut control), flags) {
                Ok(message) => {
                    let mut descriptor = None;
                    for control in message.cmsgs()? {
                        if let ControlMessageOwned::ScmRights(descriptors) = control {
                            descriptor = descriptors.first().copied();
                        }
                    }
                    break (message.bytes, descriptor);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        };
        // SAFETY: the kernel has just given this number to this process, which owns it from here on; each message has
        // one at most.
        let descriptor = descriptor.map(|number| unsafe { OwnedFd::from_raw_fd(number) });
        Ok((length > 0).then(|| (buffer[..length].to_vec(), descriptor)))
    })
}
