//! Where the door listens: bound before anything else is made, since its port stands in every function's environment.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

use tokio::net::{TcpListener, TcpSocket};

use super::{Door, accept};
use crate::driver::Task;
use crate::host::{Listen, StartError};

/// Listening sockets, all with the same port.
#[derive(Debug)]
pub(crate) struct Bound {
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl Bound {
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(crate) fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }

    /// Where something on this machine finds it, as a URL.
    pub(crate) fn endpoint(&self) -> String {
        let reaches_v4 = |ip: IpAddr| ip == Ipv4Addr::LOCALHOST || ip == Ipv4Addr::UNSPECIFIED;
        let port = self.port();
        match self.addresses.iter().find(|address| !reaches_v4(address.ip())) {
            Some(address) if !self.addresses.iter().any(|address| reaches_v4(address.ip())) => {
                format!("http://{address}")
            }
            _ => format!("http://127.0.0.1:{port}"),
        }
    }

    /// Takes connections from here on, for as long as the tasks live.
    pub(crate) fn serve(self, door: &Rc<Door>) -> Vec<Task> {
        let listeners = self.listeners.into_iter();
        let task = |listener| Task(tokio::task::spawn_local(accept(Rc::clone(door), listener)));
        listeners.map(task).collect()
    }
}

/// Connections that wait to be taken: as many as a crowd may make at once.
const BACKLOG: u32 = 4_096;

/// So often another free port is tried, where one address has it and another has not.
const FREE_PORTS_MAX: usize = 16;

/// Listens on all of the addresses. Where `::1` is asked for beside others and the machine has no IPv6, it is left out.
///
/// # Errors
/// If one is taken or refused.
pub(crate) fn bind(listen: &Listen) -> Result<Bound, StartError> {
    let mut last = None;
    for _ in 0..FREE_PORTS_MAX {
        match bind_once(listen) {
            Err(error @ StartError::PortTaken { .. }) if listen.port == 0 => last = Some(error),
            other => return other,
        }
    }
    Err(last.expect("at least one port was tried"))
}

fn bind_once(listen: &Listen) -> Result<Bound, StartError> {
    let mut bound = Bound { listeners: Vec::new(), addresses: Vec::new() };
    for &ip in &listen.addresses {
        let port = if listen.port == 0 { bound.port() } else { listen.port };
        let address = SocketAddr::new(ip, port);
        match bind_one(address) {
            Ok((listener, address)) => {
                bound.listeners.push(listener);
                bound.addresses.push(address);
            }
            Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                return Err(StartError::PortTaken { address: ip, port });
            }
            Err(source) if has_no_ipv6(&source, ip) && listen.addresses.len() > 1 => {
                tracing::debug!(%address, error = %source, "this machine has no IPv6");
            }
            Err(source) => return Err(StartError::Listen { address, source }),
        }
    }
    Ok(bound)
}

fn bind_one(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that was listened on a moment ago can be listened on again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn has_no_ipv6(error: &io::Error, ip: IpAddr) -> bool {
    let unsupported = error.raw_os_error() == Some(nix::errno::Errno::EAFNOSUPPORT as i32);
    ip.is_ipv6() && (unsupported || error.kind() == io::ErrorKind::AddrNotAvailable)
}
