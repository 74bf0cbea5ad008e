//! How late a function is ended that runs past its deadline: never before, and soon after.
//!
//! Seen from outside: the function tells its deadline over a connection that it holds open, and the connection's end
//! is the process's end.

use std::io::{self, Read as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, SystemTime};

use super::millis;
use crate::figures::Rounds;
use crate::http::PATIENCE;
use crate::programs::{LATE, Program, invocations};
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure, pause};

const TIMEOUTS: usize = 100;
/// Between two of them, so that their deadlines do not come at once.
const APART: Duration = Duration::from_millis(25);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let lunch = bench.place.lunch(&[])?;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::to("listen"))?;
    let port = listener.local_addr().map_err(Failure::to("listen"))?.port();
    let mut late = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&listener));
        let callers = (0..TIMEOUTS).map(|_| {
            pause(APART);
            scope.spawn(|| time_out(&lunch, port))
        });
        let callers: Vec<_> = callers.collect();
        for caller in callers {
            caller.join().expect("a caller does not panic")?;
        }
        watcher
            .join()
            .expect("a watcher does not panic")
            .map_err(Failure::to("watch the functions"))
    })?;
    late.sort_unstable_by(f64::total_cmp);
    let figure = |what: &str, rank: usize| Row::figure(what, Unit::Millis, late[rank - 1]);
    let mut all = Rounds::default();
    late.iter().for_each(|&late| all.add(late));
    Ok(vec![
        figure("ended after its deadline, the earliest of 100", 1).bar(Bar::AtLeast(0.0)),
        Row::alone("  p50", Unit::Millis, &all),
        figure("ended after its deadline, p99", TIMEOUTS * 99 / 100).bar(Bar::AtMost(5.0)),
    ])
}

/// A call that is ended by the function's timeout.
fn time_out(lunch: &Program, port: u16) -> Result<(), Failure> {
    let mut client = lunch.client()?;
    let request = client.request("POST", &invocations(LATE), &format!(r#"{{"watch":{port}}}"#));
    let (status, body) = client.call(&request)?;
    let body = String::from_utf8_lossy(body).into_owned();
    if status == 200 && body.contains("timed out") {
        return Ok(());
    }
    Err(Failure::Answer { whom: "lunch", status, body })
}

/// By how much each function outlived its deadline, in milliseconds.
fn watch(listener: &TcpListener) -> io::Result<Vec<f64>> {
    thread::scope(|scope| {
        let mut watchers = Vec::with_capacity(TIMEOUTS);
        for _ in 0..TIMEOUTS {
            let (function, _) = listener.accept()?;
            watchers.push(scope.spawn(move || outlived(function)));
        }
        watchers
            .into_iter()
            .map(|watcher| watcher.join().expect("a watcher does not panic"))
            .collect()
    })
}

fn outlived(mut function: TcpStream) -> io::Result<f64> {
    function.set_read_timeout(Some(PATIENCE))?;
    let mut deadline = [0; 8];
    function.read_exact(&mut deadline)?;
    // A killed process's connection ends or is reset; both are its end.
    let end = function.read(&mut [0]);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    match end {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let deadline = Duration::from_millis(u64::from_be_bytes(deadline));
    Ok(millis(now.saturating_sub(deadline)) - millis(deadline.saturating_sub(now)))
}
