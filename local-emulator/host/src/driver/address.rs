//! Where one instance's processes find the Runtime API: an address that no other instance is told.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use crate::uuid::Names;

/// Listens at an address of the instance's own in 127.0.0.0/8, all of which is this machine, and at a port that the
/// kernel draws. Another instance that only knows its own finds nobody beside it.
pub(super) fn listen(names: &mut Names) -> io::Result<TcpListener> {
    let own = TcpListener::bind((drawn(names.wide()), 0));
    // Not everywhere is all of it the machine's.
    let listener = own.or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// An address for a task: none that is taken, and one at which a program can listen.
pub(super) fn of_task(names: &mut Names, is_taken: impl Fn(Ipv4Addr) -> bool) -> Ipv4Addr {
    of_task_where(names, is_taken, |address| TcpListener::bind((address, 0)).is_ok())
}

/// The same on a machine where one can listen at these.
fn of_task_where(
    names: &mut Names,
    is_taken: impl Fn(Ipv4Addr) -> bool,
    can_listen: impl Fn(Ipv4Addr) -> bool,
) -> Ipv4Addr {
    let address = loop {
        let address = drawn(names.wide());
        if !is_taken(address) {
            break address;
        }
    };
    // Not everywhere is all of it the machine's. Who shares this one is kept from listening there twice.
    if can_listen(address) { address } else { Ipv4Addr::LOCALHOST }
}

/// An address of these bits: neither the one that everybody tries first, nor one that means several.
fn drawn(bits: u128) -> Ipv4Addr {
    let part = |place: u32, least: u8| {
        let bits = (bits >> (32 * place)) & 0xffff_ffff;
        let wide = u128::from(254 - least) + 1;
        least + u8::try_from(bits % wide).expect("it is less than 255")
    };
    Ipv4Addr::new(127, part(0, 1), part(1, 0), part(2, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_this_machines_and_not_the_first_that_is_tried() {
        for bits in [0, u128::MAX, 253 << 64 | 254 << 32 | 253] {
            let address = drawn(bits);
            assert!(address.is_loopback(), "{address}");
            let [_, second, _, last] = address.octets();
            assert!((1..=254).contains(&second) && (1..=254).contains(&last), "{address}");
        }
        let mut names = Names::new();
        let (one, other) = (drawn(names.wide()), drawn(names.wide()));
        assert_ne!(one, other);
    }

    #[test]
    fn two_that_listen_have_nothing_in_common() {
        let mut names = Names::new();
        let (one, other) = (listen(&mut names), listen(&mut names));
        let (one, other) = (one.expect("a port"), other.expect("a port"));
        let (one, other) = (one.local_addr().expect("bound"), other.local_addr().expect("bound"));
        assert_ne!(one.ip(), other.ip());
        let beside = std::net::SocketAddr::new(other.ip(), one.port());
        std::net::TcpStream::connect(beside).expect_err("nobody is there");
    }

    #[test]
    fn where_one_can_listen_at_one_address_only_a_task_has_that() {
        let mut names = Names::new();
        let address = of_task_where(&mut names, |_| false, |one| one == Ipv4Addr::LOCALHOST);
        assert_eq!(address, Ipv4Addr::LOCALHOST);
        assert_ne!(of_task_where(&mut names, |_| false, |_| true), Ipv4Addr::LOCALHOST);
    }
}
